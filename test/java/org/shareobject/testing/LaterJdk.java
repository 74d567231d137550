package org.shareobject.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A JDK for what the tests' own does not have. */
public final class LaterJdk {
  private LaterJdk() {}

  /**
   * Returns a launcher of JVMs without checks, of the tests' JDK if that is recent enough, else of
   * the latest one beside it; skips the test if there is none.
   */
  public static JvmLauncher assumeLauncher(int feature) throws IOException {
    Map<Integer, Path> found = new TreeMap<>(Comparator.reverseOrder());
    Path own = Path.of(System.getProperty("java.home"));
    if (Runtime.version().feature() >= feature) {
      found.put(Runtime.version().feature(), own);
    } else {
      try (Stream<Path> siblings = Files.list(own.toRealPath().getParent())) {
        siblings.forEach(home -> version(home).ifPresent(version -> found.put(version, home)));
      }
    }
    Optional<Integer> latest = found.keySet().stream().findFirst();
    assumeTrue(
        latest.isPresent() && latest.get() >= feature,
        "needs a JDK " + feature + " or later beside " + own);
    JvmLauncher launcher = new JvmLauncher().plain().home(found.get(latest.get()));
    return latest.get() >= 24 ? launcher.options("--enable-native-access=ALL-UNNAMED") : launcher;
  }

  /** Returns the feature of the JDK that is there, if one is. */
  private static Optional<Integer> version(Path home) {
    Properties release = new Properties();
    try (Reader reader = Files.newBufferedReader(home.resolve("release"))) {
      release.load(reader);
      String version = release.getProperty("JAVA_VERSION", "").replace("\"", "");
      return Files.isExecutable(home.resolve("bin/java"))
          ? Optional.of(Runtime.Version.parse(version).feature())
          : Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
