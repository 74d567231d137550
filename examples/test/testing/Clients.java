package testing;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Clients of a web server, several at once, each request on a connection of its own. */
public final class Clients {
  private static final int COUNT = 8;
  private static final long PATIENCE_S = 60;

  private Clients() {}

  /** Gets a page. */
  public static String get(String url) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
    connection.setRequestProperty("Connection", "close");
    connection.setConnectTimeout((int) TimeUnit.SECONDS.toMillis(PATIENCE_S));
    connection.setReadTimeout((int) TimeUnit.SECONDS.toMillis(PATIENCE_S));
    return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  /** Has all clients call again and again until it is so. */
  public static void callUntil(BooleanSupplier condition, Callable<?> call) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    ExecutorService threads = Executors.newFixedThreadPool(COUNT);
    try {
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        clients.add(
            threads.submit(
                () -> {
                  while (!condition.getAsBoolean()) {
                    if (System.nanoTime() > end) {
                      throw new AssertionError("not so within " + PATIENCE_S + " s");
                    }
                    call.call();
                  }
                  return null;
                }));
      }
      for (Future<?> client : clients) {
        client.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
