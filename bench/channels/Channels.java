import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Worker;

/** Echoes over many channels of one JVM. The twin of {@code channels.js}. */
final class Channels {
  private static final Map<String, ?> MESSAGE = Map.of("i", 1, "text", "x".repeat(100));
  private static final int PAUSE_MS = 1000;

  private final List<Channel> channels = new ArrayList<>();
  private final AtomicLong came = new AtomicLong();

  /** How many of the channels send back what comes. */
  private final AtomicInteger active = new AtomicInteger();

  public static void main(String[] args) throws Exception {
    Channels channels = new Channels();
    int count = Integer.parseInt(args[0]);
    int millis = Integer.parseInt(args[1]);
    for (int i = 0; i < count; i++) {
      channels.open(i);
    }
    Thread.sleep(2 * PAUSE_MS);
    System.out.println("idle: " + status());
    for (int round = 0; round < 2; round++) {
      channels.measure("1 channel, 1 at once", 1, 1, millis);
      channels.measure("1 channel, 50 at once", 1, 50, millis);
      channels.measure(count + " channels, 1 at once each", count, 1, millis);
    }
    Runtime.getRuntime().halt(0); // the channels end, and so do the others
  }

  private void open(int number) {
    Worker worker = Worker.spawn(new ProcessBuilder("sh", "-c", "exec cat <&3 >&3"));
    Channel channel = worker.channel();
    channels.add(channel);
    channel.onMessage(
        (message, handle) -> {
          came.incrementAndGet();
          if (number < active.get()) {
            CompletableFuture<Void> unused = channel.send(message);
          }
        });
  }

  private void measure(String what, int count, int atOnce, int millis) throws Exception {
    active.set(count);
    for (Channel channel : channels.subList(0, count)) {
      for (int i = 0; i < atOnce; i++) {
        CompletableFuture<Void> unused = channel.send(MESSAGE);
      }
    }
    long before = came.get();
    long begin = System.nanoTime();
    Thread.sleep(millis);
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf("%s: %.0f echoes/s, %s%n", what, (came.get() - before) / seconds, status());
    active.set(0);
    Thread.sleep(PAUSE_MS);
  }

  private static String status() throws IOException {
    String status = "";
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("Threads:")) {
        long own =
            Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("shareobject channel"))
                .count();
        status += ", " + line.replaceAll("\\D", "") + " threads, of channels " + own;
      } else if (line.startsWith("VmRSS:")) {
        status += Integer.parseInt(line.replaceAll("\\D", "")) / 1024 + " MB";
      }
    }
    return status;
  }
}
