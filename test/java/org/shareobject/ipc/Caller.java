package org.shareobject.ipc;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/**
 * A client of {@link OnePort}, with a connection of its own. It keeps its port until it is closed
 * or reset: no other client has the same.
 */
final class Caller implements Closeable {
  private static final int PATIENCE_MS = 60_000;

  private final Socket socket = new Socket();
  private volatile Long answer;

  /** Connects, and says nothing. */
  Caller(OnePort to) throws IOException {
    socket.connect(to.address(), PATIENCE_MS);
    socket.setSoTimeout(PATIENCE_MS);
  }

  int port() {
    return ((InetSocketAddress) socket.getLocalSocketAddress()).getPort();
  }

  /**
   * Asks who is there, and waits for the answer; there is none if the other side goes.
   *
   * @throws SocketTimeoutException if it neither answers nor goes
   */
  void ask() throws IOException {
    try {
      socket.getOutputStream().write("who?\n".getBytes(StandardCharsets.UTF_8));
      String line =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
              .readLine();
      answer = line == null ? null : Long.valueOf(line);
    } catch (SocketException e) {
      answer = null; // reset
    }
  }

  /** Returns the process that answered; null if none did. */
  Long answer() {
    return answer;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
