package org.shareobject.testing;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;

/** Addresses of this machine. */
public final class Loopback {
  private static final int IPV6_BYTES = 16;

  private Loopback() {}

  /** Returns the address of IPv4. */
  public static InetSocketAddress port(int port) {
    return address(new byte[] {127, 0, 0, 1}, port);
  }

  /** Returns an address with any port. */
  public static InetSocketAddress of(StandardProtocolFamily family) {
    if (family == StandardProtocolFamily.INET) {
      return port(0);
    }
    byte[] bytes = new byte[IPV6_BYTES];
    bytes[IPV6_BYTES - 1] = 1;
    return address(bytes, 0);
  }

  private static InetSocketAddress address(byte[] bytes, int port) {
    try {
      return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }
}
