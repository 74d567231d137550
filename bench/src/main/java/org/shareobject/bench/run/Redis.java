package org.shareobject.bench.run;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A redis-server of our own, which neither saves nor logs, on a Unix socket and on loopback. */
final class Redis implements AutoCloseable {
  private static final int PATIENCE_MS = 5000;
  private static final int NAP_MS = 20;

  private final Process process;

  private Redis(Process process) {
    this.process = process;
  }

  /** Starts it, and tells all JVMs to come where it is. */
  static Redis start(Path folder) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path socket = folder.resolve("socket");
    Process process =
        new ProcessBuilder(
                Programs.REDIS,
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--unixsocket",
                socket.toString(),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    for (int waited = 0; !Files.exists(socket); waited += NAP_MS) {
      if (waited > PATIENCE_MS || !process.isAlive()) {
        process.destroy();
        throw new IOException("redis-server does not start");
      }
      Thread.sleep(NAP_MS);
    }
    System.setProperty("bench.redis.folder", folder.toString());
    System.setProperty("bench.redis.port", Integer.toString(port));
    return new Redis(process);
  }

  /** Forgets all keys. */
  void clear() throws IOException, InterruptedException {
    new ProcessBuilder("redis-cli", "-p", System.getProperty("bench.redis.port"), "flushall")
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      process.waitFor(PATIENCE_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
