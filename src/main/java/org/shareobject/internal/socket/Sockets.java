package org.shareobject.internal.socket;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.NetworkChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;

/** Descriptors to and from the JDK's channels. */
public final class Sockets {
  /** How many connections wait to be accepted, as Node's {@code listen}. */
  public static final int BACKLOG = 511;

  /** The longest address that {@link SocketNative#remote} answers, bytes. */
  private static final int MOST_ADDRESS_BYTES = 128;

  private static final int IPV4_BYTES = 4;

  private Sockets() {}

  /** What needs a part of the JDK. */
  interface Call<T> {
    T get() throws IOException;
  }

  /**
   * Returns a descriptor of the channel's socket, set not to block, as all who run on libuv need
   * it; the JDK's channels work with either.
   *
   * @throws ShareClosedException if the channel is closed
   * @throws IllegalArgumentException if the channel is not the JDK's own
   * @throws ShareIoException if the system refuses, as for EMFILE
   */
  public static Descriptor copy(NetworkChannel channel) {
    NativeLibrary.load();
    int number = jdk(() -> SocketNative.descriptor(channel));
    if (number < 0) {
      throw new IllegalArgumentException(
          "a " + channel.getClass().getName() + " is not a channel of the JDK's own selectors");
    }
    Descriptor copy = new Descriptor(open(channel, ChannelNative.copy(number)));
    // A channel that is open now was open at the copy: the number was its own.
    if (!channel.isOpen()) {
      copy.close();
      throw closed();
    }
    try {
      Results.check(SocketNative.unblock(copy.number()));
    } catch (RuntimeException e) {
      copy.close();
      throw e;
    }
    return copy;
  }

  /** Returns whether the descriptor is a socket of IPv4. */
  public static boolean isIpv4(Descriptor descriptor) {
    return family(examine(descriptor)) == StandardProtocolFamily.INET;
  }

  /**
   * Returns whether the descriptor is a datagram socket or, if that is not wanted, a stream socket
   * that is not connected.
   */
  static boolean isServer(Descriptor descriptor, boolean isDatagram) {
    int kind = examine(descriptor)[1];
    return isDatagram
        ? kind == SocketNative.KIND_DATAGRAM
        : kind == SocketNative.KIND_SERVER || kind == SocketNative.KIND_IDLE;
  }

  /**
   * Makes a channel of what the descriptor is, which then owns it.
   *
   * @param isServer whether a stream socket that is not connected is to listen, or was connected
   * @throws ShareIoException if it is no socket that the JDK has channels for, or this JDK lacks
   *     what it takes; the descriptor is closed
   */
  public static NetworkChannel channel(Descriptor descriptor, boolean isServer) {
    try {
      int[] found = examine(descriptor);
      ProtocolFamily family = family(found);
      int kind = found[1];
      if (kind == SocketNative.KIND_IDLE && isServer) {
        Results.check(SocketNative.listen(descriptor.number(), BACKLOG));
        kind = SocketNative.KIND_SERVER;
      }
      return open(descriptor, family, kind);
    } finally {
      descriptor.close();
    }
  }

  private static NetworkChannel open(Descriptor descriptor, ProtocolFamily family, int kind) {
    SelectorProvider provider = SelectorProvider.provider();
    int number = descriptor.number();
    NetworkChannel channel =
        switch (kind) {
          case SocketNative.KIND_SERVER -> jdk(() -> SocketNative.server(provider, family, number));
          case SocketNative.KIND_STREAM, SocketNative.KIND_IDLE -> {
            SocketAddress remote = remote(number, family);
            yield jdk(() -> SocketNative.stream(provider, family, number, remote));
          }
          case SocketNative.KIND_DATAGRAM -> {
            if (family == StandardProtocolFamily.UNIX) {
              throw unknown("a Unix datagram socket");
            }
            yield jdk(() -> SocketNative.datagram(provider, family, number));
          }
          default -> throw unknown("of no known kind");
        };
    descriptor.take();
    return channel;
  }

  private static int[] examine(Descriptor descriptor) {
    int[] found = new int[2];
    Results.check(SocketNative.examine(descriptor.number(), found));
    return found;
  }

  private static ProtocolFamily family(int[] found) {
    return switch (found[0]) {
      case SocketNative.FAMILY_INET -> StandardProtocolFamily.INET;
      case SocketNative.FAMILY_INET6 -> StandardProtocolFamily.INET6;
      case SocketNative.FAMILY_UNIX -> StandardProtocolFamily.UNIX;
      default -> throw unknown("not an Internet or Unix socket");
    };
  }

  private static SocketAddress remote(int number, ProtocolFamily family) {
    byte[] bytes = new byte[MOST_ADDRESS_BYTES];
    int length = SocketNative.remote(number, bytes);
    if (family == StandardProtocolFamily.UNIX) {
      return UnixDomainSocketAddress.of(
          new String(bytes, 0, Math.max(0, length), StandardCharsets.UTF_8));
    }
    // The other side may have gone; reading will tell.
    return length < 0 ? new InetSocketAddress(0) : address(ByteBuffer.wrap(bytes, 0, length));
  }

  private static InetSocketAddress address(ByteBuffer bytes) {
    int port = Short.toUnsignedInt(bytes.getShort());
    int scope = bytes.getInt();
    byte[] address = new byte[bytes.remaining()];
    bytes.get(address);
    try {
      return new InetSocketAddress(
          address.length == IPV4_BYTES || scope == 0
              ? InetAddress.getByAddress(address)
              : Inet6Address.getByAddress(null, address, scope),
          port);
    } catch (IOException e) {
      throw new IllegalStateException(Arrays.toString(address) + " is not an address", e);
    }
  }

  /** Explains what a JDK lacks. */
  static <T> T jdk(Call<T> call) {
    try {
      return call.get();
    } catch (IOException e) {
      throw new ShareIoException("SHO_ESYSTEM", "the JDK refuses the socket: " + e, e);
    } catch (LinkageError e) {
      throw new ShareIoException(
          "SHO_ESYSTEM",
          "this JDK ("
              + Runtime.version()
              + ") lacks a part that passing sockets and starting processes needs ("
              + e.getMessage()
              + "); JDK 17 to 25 have it",
          e);
    }
  }

  private static int open(NetworkChannel channel, int copy) {
    if (copy < 0 && !channel.isOpen()) {
      throw closed();
    }
    return Results.check(copy);
  }

  private static ShareClosedException closed() {
    return new ShareClosedException(
        "SHO_ECLOSED",
        "the socket was closed before it was sent; keep it open until the future is complete");
  }

  private static ShareIoException unknown(String what) {
    return new ShareIoException(
        "SHO_ETYPE", "the descriptor that arrived with the message is " + what);
  }
}
