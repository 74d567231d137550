package org.shareobject.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.process.JvmCommand;
import org.shareobject.internal.socket.BoundSockets;
import org.shareobject.internal.socket.ChannelAccess;
import org.shareobject.internal.socket.Errno;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Worker;

/**
 * This process as the primary of Node's {@code cluster}: Node programs, unchanged, and JVMs that
 * {@link ClusterWorker#join} listen on the same ports as its workers.
 *
 * <p>It binds the address that a worker wants to listen on, for all workers that want the same
 * address. {@link Scheduling} says who accepts the connections: the workers by themselves, or this
 * process, which hands them out in turn. If a worker dies, others get the connections that it has
 * not accepted.
 *
 * <p>A port is closed when the last worker that has it closes its server, or dies while it leaves.
 * If that worker dies otherwise, connections wait for its successor. The port is closed if the
 * successor listens on others only, 3 s after a worker has last said so, and in any case if no
 * worker listens on it within 30 s. It stays open while a worker that was started less than 30 s
 * ago listens on nothing.
 *
 * <p>A worker that listens on a descriptor ({@code listen({fd})}) means a socket of the primary, as
 * one that systemd passed to it. It stays open in the primary when no worker listens on it any
 * more. Other descriptors than a socket that is bound and not connected are refused by {@code
 * EINVAL}, as in Node. If the system refuses an address, a worker gets the system's error number.
 * All methods may be called by any thread at any time.
 */
public final class ClusterPrimary implements AutoCloseable {
  /** How long {@link #close} waits for members to end by themselves. */
  private static final long CLOSE_SECONDS = 5;

  /** A worker that has named an address may name the next one within this time. */
  private static final long SETTLING_S = 3;

  /** How long a worker that died may have no successor, and a worker may need to listen. */
  private static final long SUCCEEDED_WITHIN_S = 30;

  private final Scheduling scheduling;
  private final Map<String, SharedSocket> sockets = new HashMap<>();
  private final Set<ClusterMember> members = new HashSet<>();
  private int lastId;
  private boolean isClosed;

  /**
   * Creates a primary without workers, by {@link Scheduling#SHARED}. A process may have several.
   */
  public ClusterPrimary() {
    this(Scheduling.SHARED);
  }

  /**
   * Creates a primary without workers.
   *
   * @param scheduling who accepts connections
   */
  public ClusterPrimary(Scheduling scheduling) {
    this.scheduling = Objects.requireNonNull(scheduling, "scheduling");
  }

  /**
   * Starts a JVM like this one as a worker, like {@link Worker#fork}.
   *
   * @param main the class whose {@code main} runs
   * @param args its arguments
   * @return the running worker
   * @throws ShareIoException as {@link Worker#fork}
   * @throws ShareClosedException if the primary is closed
   */
  public ClusterMember fork(Class<?> main, String... args) {
    return spawn(JvmCommand.builder(main, args));
  }

  /**
   * Starts a program as a worker, like {@link Worker#spawn}.
   *
   * @param command as there
   * @return the running worker
   * @throws ShareIoException as {@link Worker#spawn}
   * @throws ShareClosedException if the primary is closed
   * @throws ShareException if Jackson is missing
   */
  public ClusterMember spawn(ProcessBuilder command) {
    ClusterMember member = new ClusterMember(this, nextId());
    member.spawn(command);
    if (!add(member)) {
      member.worker().close();
      throw closed();
    }
    var unused = member.worker().process().onExit().thenRun(() -> remove(member));
    return member;
  }

  private synchronized int nextId() {
    if (isClosed) {
      throw closed();
    }
    return ++lastId;
  }

  private synchronized boolean add(ClusterMember member) {
    return !isClosed && members.add(member);
  }

  private synchronized void remove(ClusterMember member) {
    members.remove(member);
  }

  private static ShareClosedException closed() {
    return new ShareClosedException("SHO_ECLOSED", "the primary of the cluster is closed");
  }

  /**
   * Closes all ports and ends all workers: calls {@link ClusterMember#disconnect} for each, waits
   * up to 5 s until all have ended, then does what {@link Worker#close} does for each that has not.
   */
  @Override
  public void close() {
    List<ClusterMember> all;
    List<SharedSocket> bound;
    synchronized (this) {
      isClosed = true;
      all = new ArrayList<>(members);
      bound = new ArrayList<>(sockets.values());
      sockets.clear();
    }
    bound.forEach(SharedSocket::close);
    all.forEach(ClusterMember::disconnect);
    awaitEnd(all);
    all.forEach(member -> member.worker().close());
  }

  /** A member that is not online would not react. */
  private static void awaitEnd(List<ClusterMember> members) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_SECONDS);
    try {
      for (ClusterMember member : members) {
        if (member.isOnline()) {
          var unused =
              member.worker().process().waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- for members ----

  /** Answers a worker's request for a socket. */
  void query(ClusterMember member, Channel channel, JsonNode query) {
    String key = key(query);
    ObjectNode answer = ClusterWire.answer(query.path("seq").asLong()).put("key", key);
    SharedSocket socket;
    try {
      socket = join(member, key, query);
    } catch (IOException | RuntimeException e) {
      refuse(channel, answer, number(e));
      return;
    }
    answer.put("errno", 0).set("data", socket.data());
    if (socket.turns() != null) {
      join(member, channel, answer, socket.turns());
      return;
    }
    CompletableFuture<Void> unused =
        ChannelAccess.get()
            .sendRaw(channel, answer, socket.channel())
            .whenComplete(
                (done, error) -> {
                  if (error != null) {
                    refuse(channel, answer, Errno.EMFILE); // on either side
                  }
                });
  }

  /** Has a worker wait for connections, once it knows how they will be named. */
  private static void join(ClusterMember member, Channel channel, ObjectNode answer, Turns turns) {
    InetSocketAddress address = turns.address();
    if (address != null) {
      InetAddress host = address.getAddress();
      answer
          .putObject("sockname")
          .put("address", host.getHostAddress())
          .put("port", address.getPort())
          .put("family", host instanceof Inet6Address ? "IPv6" : "IPv4");
    }
    CompletableFuture<Void> unused = channel.send(answer);
    turns.add(member);
  }

  /** If there is no handle, a worker in Node reads the number. */
  private static void refuse(Channel channel, ObjectNode answer, int number) {
    CompletableFuture<Void> unused = channel.send(answer.put("errno", number));
  }

  private static int number(Exception refusal) {
    return refusal instanceof BoundSockets.Refusal system ? system.number() : Errno.EINVAL;
  }

  /** Like Node's: workers share a socket if all of this is the same. */
  private static String key(JsonNode query) {
    return String.join(
        ":",
        query.path("address").asText(),
        query.path("port").asText(),
        query.path("addressType").asText(),
        query.path("fd").asText(),
        query.path("index").asText());
  }

  private synchronized SharedSocket join(ClusterMember member, String key, JsonNode query)
      throws IOException {
    if (isClosed) {
      throw closed();
    }
    SharedSocket socket = sockets.get(key);
    if (socket == null) {
      socket = SharedSocket.bind(query);
      if (scheduling == Scheduling.ROUND_ROBIN) {
        socket.byTurns(key);
      }
      sockets.put(key, socket);
    }
    socket.add(member);
    return socket;
  }

  /** Called when a member has closed its server. */
  synchronized void release(ClusterMember member, String key) {
    SharedSocket socket = sockets.get(key);
    if (socket != null && socket.remove(member)) {
      sockets.remove(key).close();
    }
  }

  /** Called when a member's channel has ended. */
  synchronized void forget(ClusterMember member) {
    List<SharedSocket> left =
        sockets.values().stream().filter(socket -> socket.remove(member)).toList();
    if (member.isLeaving()) {
      closeIf(left::contains);
    } else if (hasOrphan()) {
      closeOrphansAfter(SUCCEEDED_WITHIN_S);
    }
  }

  /** Called when a member is to leave. */
  synchronized void retire(ClusterMember member) {
    sockets.values().stream()
        .map(SharedSocket::turns)
        .filter(Objects::nonNull)
        .forEach(turns -> turns.retire(member));
  }

  /** Called when a member has said that it listens. */
  synchronized void heard() {
    if (hasOrphan()) {
      closeOrphansAfter(SETTLING_S);
    }
  }

  private boolean hasOrphan() {
    return sockets.values().stream().anyMatch(SharedSocket::isOrphan);
  }

  private void closeOrphansAfter(long seconds) {
    CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS).execute(this::closeOrphans);
  }

  private synchronized void closeOrphans() {
    long now = System.nanoTime();
    long settled = now - TimeUnit.SECONDS.toNanos(SETTLING_S);
    long longAgo = TimeUnit.SECONDS.toNanos(SUCCEEDED_WITHIN_S);
    if (members.stream().anyMatch(m -> m.hasListenedSince(settled) || m.isStarting(longAgo))) {
      heard(); // who is not done may want them
      return;
    }
    closeIf(
        socket ->
            socket.isOrphan()
                && (now - socket.orphanedAt() >= longAgo
                    || members.stream().anyMatch(m -> m.hasListenedSince(socket.orphanedAt()))));
  }

  private void closeIf(Predicate<SharedSocket> isUnwanted) {
    List<SharedSocket> unwanted = sockets.values().stream().filter(isUnwanted).toList();
    sockets.values().removeAll(unwanted);
    unwanted.forEach(SharedSocket::close);
  }
}
