package org.shareobject.cluster;

import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;

/** The system's numbers of errors, which the JDK does not tell and Node wants to know. */
enum Errno {
  EACCES(13, 13),
  EINVAL(22, 22),
  EMFILE(24, 24),
  ENOTSUP(95, 45),
  EADDRINUSE(98, 48),
  EADDRNOTAVAIL(99, 49);

  private static final boolean IS_MAC = System.getProperty("os.name").startsWith("Mac");

  private final int linux;
  private final int mac;

  Errno(int linux, int mac) {
    this.linux = linux;
    this.mac = mac;
  }

  /** Returns the number as libuv writes it: negative. */
  int number() {
    return -(IS_MAC ? mac : linux);
  }

  /** Returns why an address could not be bound. */
  static Errno of(Exception refusal, SocketAddress address) {
    if (refusal instanceof UnsupportedOperationException) {
      return ENOTSUP;
    }
    if (!(refusal instanceof BindException)) {
      return EINVAL;
    }
    if (String.valueOf(refusal.getMessage()).contains("ermission")) {
      return EACCES;
    }
    return isOfThisHost(address) ? EADDRINUSE : EADDRNOTAVAIL;
  }

  private static boolean isOfThisHost(SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet) || inet.getAddress().isAnyLocalAddress()) {
      return true;
    }
    try {
      return NetworkInterface.getByInetAddress(inet.getAddress()) != null;
    } catch (SocketException e) {
      return true;
    }
  }
}
