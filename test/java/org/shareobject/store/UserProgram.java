package org.shareobject.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.shareobject.cluster.ClusterWorker;
import org.shareobject.ipc.Channel;
import org.shareobject.testing.Futures;

/** A worker that uses a manager, which may be Node's. */
final class UserProgram {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Channel parent = Channel.parent().orElseThrow();
  private final int id;
  private final User user;

  private UserProgram(int id) {
    this.id = id;
    user = new User(id, parent);
  }

  /**
   * Runs.
   *
   * @param args an id, if no cluster gave one; then {@code check} and how many operations, or
   *     {@code count} and how many; or {@code orphan}
   */
  public static void main(String[] args) throws Exception {
    int id = ClusterWorker.join().map(ClusterWorker::id).orElse(Integer.parseInt(args[0]));
    UserProgram program = new UserProgram(id);
    switch (args[1]) {
      case "check" -> program.check(Integer.parseInt(args[2]));
      case "count" -> program.count(Integer.parseInt(args[2]));
      case "orphan" -> program.orphan();
      default -> throw new IllegalArgumentException(args[1]);
    }
    program.parent.disconnect();
  }

  private static Object value(int i) {
    return switch (i % 5) {
      case 0 -> i;
      case 1 -> "é😀" + i;
      case 2 -> Map.of("i", i, "deep", List.of(Arrays.asList(null, (i + 0.5) / 7)));
      case 3 -> List.of();
      default -> i % 2 == 0;
    };
  }

  /** Sets and gets, half and half. */
  private void check(int operations) throws Exception {
    if (Futures.get(user.get("never " + id)) != null) {
      throw new AssertionError("a key that was never set has a value");
    }
    List<CompletableFuture<String>> sets = new ArrayList<>();
    List<CompletableFuture<JsonNode>> gets = new ArrayList<>();
    for (int i = 0; i < operations / 2; i++) {
      String key = id + ": " + i % 100;
      sets.add(user.set(key, value(i)));
      gets.add(user.get(key));
    }
    int right = 0;
    for (int i = 0; i < operations / 2; i++) {
      right += Futures.get(sets.get(i)).equals("OK") ? 1 : 0;
      right +=
          JSON.readTree(JSON.writeValueAsBytes(value(i))).equals(Futures.get(gets.get(i))) ? 1 : 0;
    }
    Futures.get(user.set("result", right + " right"));
    tell();
  }

  /** Other messages take the same channel. */
  private void tell() throws InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    parent.onMessage((message, handle) -> told.countDown());
    Futures.get(parent.send("tell"));
    told.await();
  }

  private void count(int operations) {
    List<CompletableFuture<JsonNode>> counts = new ArrayList<>();
    for (int i = 0; i < operations; i++) {
      counts.add(user.plusOne("n"));
    }
    int last = 0;
    for (CompletableFuture<JsonNode> count : counts) {
      int next = Futures.get(count).intValue();
      if (next <= last) {
        throw new AssertionError(next + " after " + last);
      }
      last = next;
    }
  }

  /** The manager dies before it answers. */
  private void orphan() throws InterruptedException {
    CompletableFuture<Void> die = parent.send("die");
    CompletableFuture<JsonNode> get = user.get("a");
    try {
      Futures.get(die);
      get.get();
      throw new AssertionError("answered");
    } catch (ExecutionException e) {
      System.out.println(e.getCause().getMessage());
    }
  }
}
