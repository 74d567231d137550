package org.shareobject.jcache;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.integration.CacheLoader;

/** Another process with the caches of a folder; does what it is told, a line for each answer. */
final class Peer implements AutoCloseable {
  private final Process process;
  private final BufferedReader answers;

  Peer(Path folder) throws IOException {
    process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Peer.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Has the process do something, and returns its answer. */
  String ask(String line) throws IOException {
    tell(line);
    return answer();
  }

  void tell(String line) throws IOException {
    process.outputWriter(StandardCharsets.UTF_8).write(line + "\n");
    process.outputWriter(StandardCharsets.UTF_8).flush();
  }

  String answer() throws IOException {
    return answers.readLine();
  }

  /** Kills the process with {@code SIGKILL}, and waits for its end. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  // ---- in this process, and in the other one

  /** The configuration that all use. */
  static ShareConfiguration<String, String> configuration() {
    return new ShareConfiguration<String, String>()
        .setTypes(String.class, String.class)
        .setCapacity(4 << 20);
  }

  static ShareConfiguration<String, String> expiring(long millis) {
    return configuration()
        .setExpiryPolicyFactory(
            CreatedExpiryPolicy.factoryOf(new Duration(TimeUnit.MILLISECONDS, millis)));
  }

  /** Loads a key, and says so in a file. */
  static final class Loader implements CacheLoader<String, String> {
    private final Path calls;

    Loader(Path calls) {
      this.calls = calls;
    }

    @Override
    public String load(String key) {
      try {
        Files.writeString(calls, key + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return "loaded " + key;
    }

    @Override
    public Map<String, String> loadAll(Iterable<? extends String> keys) {
      throw new UnsupportedOperationException();
    }
  }

  static ShareConfiguration<String, String> loading(Path calls) {
    return configuration().setReadThrough(true).setCacheLoaderFactory(() -> new Loader(calls));
  }

  /** Adds 1 to a number, and returns the sum. */
  static String increment(Cache<String, String> cache, String key) {
    return cache.invoke(
        key,
        (entry, arguments) -> {
          String sum = String.valueOf(entry.exists() ? Long.parseLong(entry.getValue()) + 1 : 1);
          entry.setValue(sum);
          return sum;
        });
  }

  /** Returns a value that shows whether all of it is there. */
  static String whole(int seed) {
    return (seed + ",").repeat(1 + seed % 300);
  }

  static boolean isWhole(String value) {
    int seed = Integer.parseInt(value.substring(0, value.indexOf(',')));
    return value.equals(whole(seed));
  }

  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    try (ShareCachingProvider provider = new ShareCachingProvider()) {
      CacheManager manager = provider.getCacheManager(folder.toUri(), null);
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(answer(manager, line.split(" ", -1)));
      }
    }
  }

  private static String answer(CacheManager manager, String[] words) throws IOException {
    Cache<String, String> cache = manager.getCache("shared");
    try {
      switch (words[0]) {
        case "create" -> manager.createCache("shared", configuration());
        case "create-expiring" -> manager.createCache("shared", expiring(Long.parseLong(words[1])));
        case "create-loading" -> manager.createCache("shared", loading(Path.of(words[1])));
        case "put" -> cache.put(words[1], words[2]);
        case "get" -> {
          return cache.get(words[1]);
        }
        case "get-all" -> {
          for (int i = 0; i < Integer.parseInt(words[1]); i++) {
            if (!cache.get("key" + i).equals("loaded key" + i)) {
              return "wrong";
            }
          }
        }
        case "increment" -> {
          for (int i = 0; i < Integer.parseInt(words[2]); i++) {
            increment(cache, words[1]);
          }
        }
        case "cycle" ->
            cycle(cache, words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]));
        case "clear" -> cache.clear();
        case "remove-all" -> cache.removeAll();
        case "destroy" -> manager.destroyCache("shared");
        case "storm" -> storm(cache);
        default -> throw new IllegalArgumentException(Arrays.toString(words));
      }
      return "done";
    } catch (RuntimeException e) {
      return e.toString();
    }
  }

  /** Creates, updates and removes some keys so often. */
  private static void cycle(Cache<String, String> cache, String key, int keys, int rounds) {
    for (int i = 0; i < rounds; i++) {
      for (int k = 0; k < keys; k++) {
        cache.put(key + k, "1");
        cache.put(key + k, "2");
        cache.remove(key + k);
      }
    }
  }

  /** Puts and processes until it is killed; tells the first step. */
  private static void storm(Cache<String, String> cache) {
    for (int i = 0; ; i++) {
      cache.put("value" + i % 50, whole(i));
      increment(cache, "counter");
      if (i == 0) {
        System.out.println("storming");
      }
    }
  }
}
