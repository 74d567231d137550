package org.shareobject.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.BoundSockets;

/**
 * A socket that the primary of a cluster has bound, and the workers that have it. Not thread-safe.
 */
final class SharedSocket {
  /** What libuv calls {@code ipv6Only}, for streams and datagrams. */
  private static final int FLAG_IPV6_ONLY = 1;

  /** What libuv calls {@code reuseAddr}, for datagrams. */
  private static final int FLAG_REUSE_ADDRESS = 4;

  private static final int NO_DESCRIPTOR = -1;

  private final NetworkChannel channel;
  private final Path file;
  private final Set<ClusterMember> holders = new HashSet<>();

  /** Who hands out its connections; null if the workers accept them. */
  private Turns turns;

  /** When the last worker that had it died; 0 while one has it. */
  private long orphanedAt;

  /** What the first worker's server wants to share with all, such as keys of TLS tickets. */
  private final JsonNode data;

  private SharedSocket(NetworkChannel channel, Path file, JsonNode data) {
    this.channel = channel;
    this.file = file;
    this.data = data;
  }

  /**
   * Binds what a worker asks for; a stream socket listens from now on.
   *
   * @throws IOException if the system refuses
   * @throws IllegalArgumentException if the question makes no sense
   */
  static SharedSocket bind(JsonNode query) throws IOException {
    JsonNode data = query.path("data");
    int descriptor = query.path("fd").asInt(NO_DESCRIPTOR);
    if (descriptor >= 0) {
      boolean isDatagram = query.path("addressType").isTextual();
      return new SharedSocket(BoundSockets.inherited(descriptor, isDatagram), null, data);
    }
    if (query.path("addressType").asInt() == ClusterWire.UNIX) {
      return unix(query.path("address").asText(), data);
    }
    InetSocketAddress address = ClusterWire.inetAddress(query);
    int flags = query.path("flags").asInt();
    boolean isAny = query.path("address").asText("").isEmpty();
    boolean isIpv6Only =
        (flags & FLAG_IPV6_ONLY) != 0 && (isAny || address.getAddress() instanceof Inet6Address);
    NetworkChannel channel =
        query.path("addressType").isTextual()
            ? BoundSockets.datagrams(address, isIpv6Only, (flags & FLAG_REUSE_ADDRESS) != 0)
            : BoundSockets.stream(address, isAny, isIpv6Only);
    return new SharedSocket(channel, null, data);
  }

  private static SharedSocket unix(String address, JsonNode data) throws IOException {
    String name = ClusterWire.abstractName(address);
    if (name != null) {
      return new SharedSocket(BoundSockets.abstractUnix(name), null, data);
    }
    Path file = Path.of(address);
    return new SharedSocket(BoundSockets.unix(file), file, data);
  }

  NetworkChannel channel() {
    return channel;
  }

  /** Has its connections handed out in turn, unless it is a datagram socket. */
  SharedSocket byTurns(String key) {
    if (channel instanceof ServerSocketChannel acceptor) {
      turns = new Turns(key, acceptor);
    }
    return this;
  }

  /** Returns who hands out its connections; null if the workers accept them. */
  Turns turns() {
    return turns;
  }

  JsonNode data() {
    return data;
  }

  /** Adds a worker. */
  void add(ClusterMember member) {
    holders.add(member);
    orphanedAt = 0;
  }

  /**
   * Removes a worker.
   *
   * @return whether it was the last that had the socket
   */
  boolean remove(ClusterMember member) {
    boolean hadIt = holders.remove(member);
    if (hadIt && turns != null) {
      turns.remove(member);
    }
    if (!hadIt || !holders.isEmpty()) {
      return false;
    }
    orphanedAt = System.nanoTime() | 1;
    return true;
  }

  /** Returns whether no worker has it. */
  boolean isOrphan() {
    return holders.isEmpty();
  }

  /** Returns when the last worker that had it died, by {@link System#nanoTime}. */
  long orphanedAt() {
    return orphanedAt;
  }

  /** Gives the address up. */
  void close() {
    try {
      if (turns != null) {
        turns.close();
      }
      channel.close();
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      Uncaught.tell(e);
    }
  }
}
