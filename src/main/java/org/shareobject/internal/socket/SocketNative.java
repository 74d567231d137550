package org.shareobject.internal.socket;

import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import org.shareobject.internal.nativelib.Results;

/**
 * The natives of {@link Sockets} and {@link Endpoint}. Numbers: a negative one is an error code for
 * {@link Results}. Objects: they are made by parts of the JDK that are not public; where a JDK
 * lacks one, a {@link LinkageError} names it.
 */
final class SocketNative {
  static final int FAMILY_INET = 1;
  static final int FAMILY_INET6 = 2;
  static final int FAMILY_UNIX = 3;

  static final int KIND_SERVER = 1;
  static final int KIND_STREAM = 2;
  static final int KIND_DATAGRAM = 3;
  static final int KIND_IDLE = 4;

  private SocketNative() {}

  /** Fills {@code out} with family and kind, 0 for others than the above. */
  static native int examine(int descriptor, int[] out);

  /** Sets {@code O_NONBLOCK}, for all holders. */
  static native int unblock(int descriptor);

  static final int BIND_DATAGRAMS = 1;
  static final int BIND_IPV6_ONLY = 2;
  static final int BIND_REUSE = 4;

  /**
   * Makes a socket that is bound to an address of 4 or 16 bytes, and listens if it is no datagram
   * socket. Returns the descriptor, or the system's number of the error, negated.
   */
  static native int bindInet(byte[] address, int port, int scope, int flags, int backlog);

  /**
   * Makes a socket that listens at a path, or at a name that begins with a zero. Returns as {@link
   * #bindInet}.
   */
  static native int bindUnix(byte[] path, int backlog);

  /** Returns the system's number, negated, of the error at a place of {@link Errno}. */
  static native int number(int place);

  /** Makes a bound socket accept connections. */
  static native int listen(int descriptor, int backlog);

  /** Returns the length of the other side's address in {@code out}; see {@code channel.h}. */
  static native int remote(int descriptor, byte[] out);

  static native ServerSocketChannel server(
      SelectorProvider provider, ProtocolFamily family, int descriptor) throws IOException;

  static native SocketChannel stream(
      SelectorProvider provider, ProtocolFamily family, int descriptor, SocketAddress remote)
      throws IOException;

  static native DatagramChannel datagram(
      SelectorProvider provider, ProtocolFamily family, int descriptor) throws IOException;

  /** Returns the channel's descriptor, or a negative number if it is not the JDK's own. */
  static native int descriptor(NetworkChannel channel);

  /** Returns what has a new process find the descriptor as one of its standard streams. */
  static native ProcessBuilder.Redirect redirect(int descriptor);

  /** Removes a variable from the JVM's own copy of its environment. */
  static native void forgetVariable(String name);
}
