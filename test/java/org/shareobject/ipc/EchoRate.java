package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.shareobject.testing.Node;
import org.shareobject.testing.Received;

/**
 * How many echoes a second there are between two JVMs, a JVM and Node, and two Node processes, side
 * by side: all live, and take turns. Prints medians. After {@code mvn package}:
 *
 * <pre>java -cp "target/classes:target/test-classes:target/lib/*" org.shareobject.ipc.EchoRate
 * </pre>
 */
final class EchoRate {
  private static final int ROUNDS = 9;
  private static final int WARM_UP_ROUNDS = 8;
  private static final String TEXT = "x".repeat(100);

  private EchoRate() {}

  /** One pair of processes. */
  private interface Pairing {
    /** Returns the nanoseconds of so many echoes, so many of which are on their way at a time. */
    long measure(int count, int atOnce);
  }

  /**
   * Measures.
   *
   * @param args rounds, 9 if left out
   */
  public static void main(String[] args) {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : ROUNDS;
    try (Worker jvm = Worker.fork(Workers.Echo.class);
        Worker node = Worker.spawn(Node.script("ipc/rate.js", "echo"));
        Worker nodeMaster = Worker.spawn(Node.script("ipc/rate.js"))) {
      List<Pairing> pairings = List.of(fromHere(jvm), fromHere(node), fromNode(nodeMaster));
      System.out.printf(
          "%-20s %12s %12s %12s%n", "echoes/s, medians", "Java-Java", "Java-Node", "Node-Node");
      print("one at a time", pairings, 10_000, 1, rounds);
      print("100 at a time", pairings, 50_000, 100, rounds);
      print("20,000 at once", pairings, 20_000, 20_000, rounds);
    }
  }

  private static void print(
      String title, List<Pairing> pairings, int count, int atOnce, int rounds) {
    double[][] rates = new double[pairings.size()][rounds];
    for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (int i = 0; i < pairings.size(); i++) {
        double rate = count / (pairings.get(i).measure(count, atOnce) / 1e9);
        if (round >= 0) {
          rates[i][round] = rate;
        }
      }
    }
    List<String> medians = new ArrayList<>();
    for (double[] each : rates) {
      Arrays.sort(each);
      medians.add(String.format("%,12.0f", each[rounds / 2]));
    }
    System.out.printf(
        "%-20s %s   Java-Java / Node-Node: %.2f%n",
        title, String.join(" ", medians), rates[0][rounds / 2] / rates[2][rounds / 2]);
  }

  private static Pairing fromHere(Worker worker) {
    Channel channel = worker.channel();
    Run[] current = new Run[1];
    channel.onMessage((message, handle) -> current[0].receive(message));
    return (count, atOnce) -> {
      current[0] = new Run(channel, count);
      return current[0].measure(atOnce);
    };
  }

  /** Echoes that this process sends. */
  private static final class Run {
    private final Channel channel;
    private final int count;
    private final CountDownLatch end = new CountDownLatch(1);
    private int sent;
    private int back;

    Run(Channel channel, int count) {
      this.channel = channel;
      this.count = count;
    }

    long measure(int atOnce) {
      long begin = System.nanoTime();
      for (int i = 0; i < atOnce; i++) {
        send();
      }
      try {
        end.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return System.nanoTime() - begin;
    }

    /** Number and place in the channel belong together. */
    private synchronized void send() {
      if (sent < count) {
        CompletableFuture<Void> unused = channel.send(Map.of("i", sent++, "text", TEXT));
      }
    }

    /** Called by the channel's thread. */
    void receive(JsonNode message) {
      if (message.get("i").intValue() != back++) {
        throw new AssertionError("out of order");
      }
      if (back == count) {
        end.countDown();
      } else {
        send();
      }
    }
  }

  private static Pairing fromNode(Worker master) {
    Received received = Received.from(master.channel());
    return (count, atOnce) -> {
      CompletableFuture<Void> unused =
          master.channel().send(Map.of("count", count, "atOnce", atOnce, "text", TEXT));
      return received.nextJson().get("ns").longValue();
    };
  }
}
