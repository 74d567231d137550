package org.shareobject.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The packages of npm that {@code test/node/package-lock.json} names. */
public final class NpmPackages {
  private static final Path LISTS = Path.of("test", "node");

  private NpmPackages() {}

  /** Installs them into a folder; skips the test where that is not possible. */
  public static void install(Path folder) throws IOException {
    Host.assumeRuns("npm is installed", "npm", "--version");
    for (String name : new String[] {"package.json", "package-lock.json"}) {
      Files.copy(LISTS.resolve(name), folder.resolve(name));
    }
    String failure =
        Host.failure(
            "npm",
            "ci",
            "--prefix",
            folder.toString(),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline");
    assumeTrue(failure == null, () -> "needs packages of npm, but: " + failure);
  }
}
