package org.shareobject.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A real file system in memory; whoever cannot mount one skips the test. */
public final class Tmpfs implements AutoCloseable {
  private final Path folder;

  /** Mounts one. */
  public Tmpfs(Path folder, String options) throws IOException {
    Host.assumeRoot();
    Files.createDirectories(folder);
    Host.assumeRuns(
        "a tmpfs can be mounted",
        "mount",
        "-t",
        "tmpfs",
        "-o",
        options,
        "tmpfs",
        folder.toString());
    this.folder = folder;
  }

  /** Returns its root. */
  public Path folder() {
    return folder;
  }

  /** Writes until it is full. */
  public void fill() throws IOException {
    try (OutputStream out = Files.newOutputStream(folder.resolve("filler"))) {
      byte[] page = new byte[4096];
      while (true) {
        out.write(page);
      }
    } catch (IOException e) {
      if (!e.getMessage().contains("No space left")) {
        throw e;
      }
    }
  }

  @Override
  public void close() {
    Host.run("umount", "--lazy", folder.toString());
  }
}
