package org.shareobject.internal.socket;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.NetworkChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.text.FileNames;

/**
 * Binds sockets. Not by the JDK, which tells why the system refuses only in words, and in those of
 * the user's language.
 */
public final class BoundSockets {
  private static final byte[] ALL_IPV6 = new byte[16];

  /** A refusal of the system. */
  public static final class Refusal extends IOException {
    private static final long serialVersionUID = 1;

    private final int number;

    Refusal(int number) {
      super("error " + -number);
      this.number = number;
    }

    /** Returns the system's number of the error as libuv writes it: negative. */
    public int number() {
      return number;
    }
  }

  private BoundSockets() {}

  /**
   * Returns a stream socket that listens.
   *
   * @param isAny whether both families are meant, where the system has both
   * @throws Refusal if the system refuses
   */
  public static NetworkChannel stream(InetSocketAddress address, boolean isAny, boolean isIpv6Only)
      throws Refusal {
    NativeLibrary.load();
    int flags = isIpv6Only ? SocketNative.BIND_IPV6_ONLY : 0;
    if (isAny && !Boolean.getBoolean("java.net.preferIPv4Stack")) {
      int both = SocketNative.bindInet(ALL_IPV6, address.getPort(), 0, flags, Sockets.BACKLOG);
      if (both != Errno.EAFNOSUPPORT && both != Errno.EADDRNOTAVAIL) {
        return channel(both);
      }
    }
    return channel(bind(address, flags));
  }

  /**
   * Returns a datagram socket.
   *
   * @throws Refusal if the system refuses
   */
  public static NetworkChannel datagrams(
      InetSocketAddress address, boolean isIpv6Only, boolean isReused) throws Refusal {
    NativeLibrary.load();
    return channel(
        bind(
            address,
            SocketNative.BIND_DATAGRAMS
                | (isIpv6Only ? SocketNative.BIND_IPV6_ONLY : 0)
                | (isReused ? SocketNative.BIND_REUSE : 0)));
  }

  /**
   * Returns a stream socket that listens at a path, which is made. The path is passed to the system
   * relative to the working directory if that is shorter: it takes about 100 bytes.
   *
   * @throws Refusal if the system refuses
   */
  public static NetworkChannel unix(Path path) throws Refusal {
    NativeLibrary.load();
    byte[] whole = FileNames.bytes(path);
    byte[] relative = path.isAbsolute() ? relative(path) : whole;
    byte[] shorter = 0 < relative.length && relative.length < whole.length ? relative : whole;
    return channel(SocketNative.bindUnix(shorter, Sockets.BACKLOG));
  }

  private static byte[] relative(Path path) {
    return FileNames.bytes(Path.of("").toAbsolutePath().relativize(path.normalize()));
  }

  /**
   * Returns a stream socket that listens at a name outside of the file system, which Linux has.
   *
   * @throws Refusal if the system refuses
   */
  public static NetworkChannel abstractUnix(String name) throws Refusal {
    NativeLibrary.load();
    byte[] bytes = ("\0" + name).getBytes(StandardCharsets.UTF_8);
    return channel(SocketNative.bindUnix(bytes, Sockets.BACKLOG));
  }

  /**
   * Returns another channel of a socket that this process has already, as from whoever started it.
   *
   * @param isDatagram whether it is to be a datagram socket; else a stream socket that listens or
   *     is bound, and listens from now on
   * @throws Refusal if the descriptor is none
   */
  public static NetworkChannel inherited(int number, boolean isDatagram) throws Refusal {
    NativeLibrary.load();
    int copy = ChannelNative.copy(number);
    if (copy < 0) {
      throw new Refusal(Errno.EINVAL);
    }
    try (Descriptor descriptor = new Descriptor(copy)) {
      if (!Sockets.isServer(descriptor, isDatagram)) {
        throw new Refusal(Errno.EINVAL);
      }
      return Sockets.channel(descriptor, true);
    }
  }

  private static int bind(InetSocketAddress address, int flags) {
    InetAddress host = address.getAddress();
    int scope = host instanceof Inet6Address inet6 ? inet6.getScopeId() : 0;
    return SocketNative.bindInet(
        host.getAddress(), address.getPort(), scope, flags, Sockets.BACKLOG);
  }

  private static NetworkChannel channel(int result) throws Refusal {
    if (result < 0) {
      throw new Refusal(result);
    }
    return Sockets.channel(new Descriptor(result), true);
  }
}
