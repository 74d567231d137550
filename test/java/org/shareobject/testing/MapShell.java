package org.shareobject.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;

/**
 * A child with a map open that does what it is told, line by line, and answers each with a line.
 */
public final class MapShell {
  private MapShell() {}

  /** Takes the file. */
  public static void main(String[] args) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (ShareMap<String, String> map = ShareMap.open(Path.of(args[0]))) {
      System.out.println("ready");
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(answer(map, line.split(" ", -1)));
      }
    }
  }

  private static String answer(ShareMap<String, String> map, String[] words) {
    try {
      return act(map, words);
    } catch (ShareException e) {
      return e.code();
    } catch (Exception e) {
      return e.toString();
    }
  }

  private static String act(ShareMap<String, String> map, String[] words) throws Exception {
    String key = words.length > 1 ? words[1] : "";
    return switch (words[0]) {
      case "set" -> {
        map.set(key, words[2]);
        yield "done";
      }
      case "get" -> String.valueOf(map.get(key));
      case "all" -> new TreeMap<>(map).toString();
      case "remove" -> String.valueOf(map.remove(key));
      case "await" ->
          String.valueOf(map.await(key, Long.parseLong(words[2]), Duration.ofMinutes(1)));
      // Says that it computes, and goes on after a time.
      case "compute" -> map.computeIfAbsent(key, k -> slowly(words[2], words[3]));
      // Computes a key within the computation of another; the inner one says that it computes.
      case "nest" ->
          map.computeIfAbsent(
              key, k -> map.computeIfAbsent(words[2], other -> slowly("0", words[3])) + "!");
      // Says that it computes one key, and asks for another one once the key "go" is there.
      case "cross" ->
          map.computeIfAbsent(
              key,
              k -> {
                slowly("0", "");
                awaitGo(map);
                return map.computeIfAbsent(words[2], other -> words[3]);
              });
      default -> throw new IllegalArgumentException(words[0]);
    };
  }

  private static void awaitGo(ShareMap<String, String> map) {
    try {
      map.await("go", 0, Duration.ofMinutes(1));
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  private static String slowly(String millis, String value) {
    System.out.println("computing");
    try {
      TimeUnit.MILLISECONDS.sleep(Long.parseLong(millis));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return value;
  }
}
