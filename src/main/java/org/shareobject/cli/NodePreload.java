package org.shareobject.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.shareobject.ShareIoException;

/**
 * The script {@code worker.cjs} as a file, which Node copies load before their program. Other users
 * may read it: a copy may run as one. Only for the fleet's loop.
 */
final class NodePreload implements AutoCloseable {
  private static final String NAME = "worker.cjs";
  private static final String OPTIONS = "NODE_OPTIONS";
  private static final String SIGNAL = "SHAREOBJECT_STOP_SIGNAL";
  private static final String PID = "SHAREOBJECT_PID";

  private Path folder;

  NodePreload() {}

  /**
   * Has Node load the script.
   *
   * @param signal whose name the script is to wait for when the copy has disconnected; null for
   *     none
   * @throws ShareIoException if the file cannot be written
   */
  void addTo(ProcessBuilder command, StopSignal signal) {
    Map<String, String> environment = command.environment();
    String quoted = file().toString().replace("\\", "\\\\").replace("\"", "\\\"");
    environment.merge(OPTIONS, "--require \"" + quoted + "\"", (others, own) -> others + " " + own);
    environment.put(PID, String.valueOf(ProcessHandle.current().pid()));
    if (signal != null) {
      environment.put(SIGNAL, "SIG" + signal);
    }
  }

  /** Written again if somebody cleaned the folder of temporary files. */
  private Path file() {
    try {
      if (folder == null || !Files.exists(folder.resolve(NAME))) {
        folder = Files.createTempDirectory("shareobject-fork").toRealPath();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (InputStream script = NodePreload.class.getResourceAsStream(NAME)) {
          Files.copy(script, folder.resolve(NAME));
        }
      }
      return folder.resolve(NAME);
    } catch (IOException e) {
      throw new ShareIoException(
          "SHO_EIO",
          "cannot write "
              + NAME
              + " for Node below "
              + System.getProperty("java.io.tmpdir")
              + ": "
              + e
              + "; name a folder that can be written with -Djava.io.tmpdir",
          e);
    }
  }

  @Override
  public void close() {
    if (folder != null) {
      try {
        Files.deleteIfExists(folder.resolve(NAME));
        Files.deleteIfExists(folder);
      } catch (IOException e) {
        folder.toFile().deleteOnExit();
      }
    }
  }
}
