package org.shareobject.ipc;

import java.io.IOException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.shareobject.ShareClosedException;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Sockets;

/** A socket to be passed along. */
final class PassedSocket implements Passed {
  private final NetworkChannel socket;
  private final boolean closesHere;

  private PassedSocket(NetworkChannel socket, boolean closesHere) {
    this.socket = socket;
    this.closesHere = closesHere;
  }

  /**
   * Checks that the socket can be passed.
   *
   * @param keepOpen whether a connection stays open here too
   * @throws IllegalArgumentException if it is of a kind that cannot be passed
   * @throws IllegalStateException if it is not in the state for it
   * @throws ShareClosedException if it is closed
   */
  static PassedSocket of(NetworkChannel socket, boolean keepOpen) throws IOException {
    if (!socket.isOpen()) {
      throw new ShareClosedException("SHO_ECLOSED", socket + " was closed before it was sent");
    }
    boolean closesHere = socket instanceof SocketChannel && !keepOpen;
    if (socket instanceof SocketChannel stream && !stream.isConnected()) {
      throw new IllegalStateException(socket + " is not connected");
    }
    if (socket instanceof ServerSocketChannel && socket.getLocalAddress() == null) {
      throw new IllegalStateException(socket + " is not bound");
    }
    if (closesHere && ((SelectableChannel) socket).isRegistered()) {
      throw new IllegalStateException(
          socket
              + " is registered with a Selector, so that closing it here would end the connection:"
              + " cancel its key and call selectNow() first");
    }
    return new PassedSocket(socket, closesHere);
  }

  /** Returns the fields of Node's envelope that say what it is. */
  String envelope() {
    if (socket instanceof ServerSocketChannel) {
      return "\"type\":\"net.Server\"";
    }
    if (socket instanceof SocketChannel) {
      return "\"type\":\"net.Socket\"";
    }
    if (socket instanceof DatagramChannel) {
      return "\"type\":\"dgram.Socket\",\"dgramType\":\"" + datagramType() + "\"";
    }
    throw new IllegalArgumentException(
        "a "
            + socket.getClass().getName()
            + " cannot be passed on; a ServerSocketChannel, a SocketChannel and a DatagramChannel"
            + " can");
  }

  /** Returns the same for a receiver that wants Node's raw handle, as its cluster does. */
  String rawEnvelope() {
    return socket instanceof DatagramChannel
        ? "\"type\":\"dgram.Native\""
        : "\"type\":\"net.Native\"";
  }

  private String datagramType() {
    try (Descriptor copy = open()) {
      return Sockets.isIpv4(copy) ? "udp4" : "udp6";
    }
  }

  @Override
  public Descriptor open() {
    return Sockets.copy(socket);
  }

  @Override
  public void acknowledged() {
    if (closesHere) {
      try {
        socket.close();
      } catch (IOException e) {
        Uncaught.tell(e);
      }
    }
  }

  @Override
  public boolean needsSameLibrary() {
    return false;
  }
}
