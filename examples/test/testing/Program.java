package testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An example, started as its users do, on any free port. */
public final class Program implements AutoCloseable {
  private static final long PATIENCE_S = 60;

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> out = new CopyOnWriteArrayList<>();
  private final Thread reader;

  private Program(Process process) {
    this.process = process;
    reader = new Thread(this::read);
    reader.start();
  }

  /** Skips the test where there is no Node. */
  public static void assumeNode() {
    try {
      Process node = new ProcessBuilder("node", "--version").redirectErrorStream(true).start();
      node.getInputStream().readAllBytes();
      assumeTrue(node.waitFor() == 0, "needs that node works");
    } catch (IOException e) {
      assumeTrue(false, "needs node: " + e.getMessage());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Starts {@code examples/run NAME ARGUMENTS…}. */
  public static Program run(String... words) throws IOException {
    List<String> command = Stream.concat(Stream.of("./run"), Stream.of(words)).toList();
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PORT", "0");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return new Program(builder.start());
  }

  private void read() {
    try (BufferedReader text =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = text.readLine(); line != null; line = text.readLine()) {
        out.add(line);
        lines.add(line);
      }
    } catch (IOException e) {
      // The stream was closed with the process.
    }
  }

  /** Writes a line to its standard input. */
  public void send(String line) {
    try {
      OutputStream in = process.getOutputStream();
      in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes lines until one matches; returns its groups. */
  public Matcher await(String pattern) throws InterruptedException {
    while (true) {
      String line = lines.poll(PATIENCE_S, TimeUnit.SECONDS);
      if (line == null) {
        throw new AssertionError("no line that matches " + pattern + ": " + out);
      }
      Matcher matcher = Pattern.compile(pattern).matcher(line);
      if (matcher.find()) {
        return matcher;
      }
    }
  }

  /** Waits for its end; returns what it printed. */
  public List<String> awaitEnd() throws InterruptedException {
    if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end: " + out);
    }
    reader.join();
    return out;
  }

  /** Waits until as many lines have come that match; fails if there are more. */
  public void assertCount(long expected, String pattern) {
    Pattern wanted = Pattern.compile(pattern);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    long count = 0;
    while (count < expected && System.nanoTime() < end) {
      sleep();
      count = out.stream().filter(line -> wanted.matcher(line).find()).count();
    }
    if (count != expected) {
      throw new AssertionError(
          count + " lines match " + pattern + ", not " + expected + ": " + out);
    }
  }

  /** Returns the process ids of its workers. */
  public Set<Long> workers() {
    return process.children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  /** Ends it, and waits for the end of its workers, who end with it. */
  @Override
  public void close() {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    process.destroy();
    try {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
      while (!all.stream().allMatch(Program::isEnded)) {
        if (System.nanoTime() > end) {
          throw new AssertionError("it, or a worker of it, does not end: " + out);
        }
        sleep();
      }
    } finally {
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** One whose end nobody has taken notice of has no command any more. */
  private static boolean isEnded(ProcessHandle process) {
    return !process.isAlive() || process.info().command().isEmpty();
  }
}
