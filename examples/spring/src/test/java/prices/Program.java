package prices;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The example, started as its users do, on any free port. */
final class Program implements AutoCloseable {
  private static final Pattern LISTENS =
      Pattern.compile("copy \\d+ \\((\\d+)\\) listens on .*:(\\d+)$");
  private static final long PATIENCE_S = 120;

  private final Process process;
  private final List<String> out = new CopyOnWriteArrayList<>();
  private final Set<Long> listening = ConcurrentHashMap.newKeySet();
  private volatile int port;

  private Program(Process process) {
    this.process = process;
    new Thread(this::read).start();
  }

  /** Starts it, and waits until so many of its JVMs listen. */
  static Program start(Path folder, int copies, String... options) throws Exception {
    List<String> command = Stream.concat(Stream.of("./run"), Stream.of(options)).toList();
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PORT", "0");
    builder.environment().put("FOLDER", folder.toString());
    builder.environment().put("PRICES_QUERY_MILLIS", "5");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Program program = new Program(builder.start());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    while (program.listening.size() < copies) {
      if (System.nanoTime() > end || !program.process.isAlive()) {
        program.close();
        throw new AssertionError("it does not listen: " + program.out);
      }
      Thread.sleep(10);
    }
    return program;
  }

  private void read() {
    try (BufferedReader text =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = text.readLine(); line != null; line = text.readLine()) {
        out.add(line);
        Matcher listens = LISTENS.matcher(line);
        if (listens.find()) {
          port = Integer.parseInt(listens.group(2));
          listening.add(Long.parseLong(listens.group(1)));
        }
      }
    } catch (IOException e) {
      // The stream was closed with the process.
    }
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  /** Kills one of its JVMs that listen; returns false if there is none. */
  boolean kill() {
    for (long pid : List.copyOf(listening)) {
      listening.remove(pid);
      if (ProcessHandle.of(pid).map(ProcessHandle::destroyForcibly).orElse(false)) {
        return true;
      }
    }
    return false;
  }

  /** Gets a page, again if the JVM that had accepted was killed. */
  String get(String path) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    while (true) {
      try {
        HttpURLConnection connection = (HttpURLConnection) new URL(url() + path).openConnection();
        connection.setRequestProperty("Connection", "close");
        connection.setReadTimeout((int) TimeUnit.SECONDS.toMillis(PATIENCE_S));
        return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw new AssertionError(out.toString(), e);
        }
        Thread.sleep(10);
      }
    }
  }

  /** Ends it, and waits for the end of its JVMs, who end with it. */
  @Override
  public void close() {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    process.destroy();
    try {
      process.waitFor(PATIENCE_S, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    all.forEach(ProcessHandle::destroyForcibly);
  }
}
