package org.shareobject.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.shareobject.internal.socket.ChannelAccess;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Worker;

/**
 * A worker of a {@link ClusterPrimary}. All methods may be called by any thread at any time, and
 * none blocks.
 */
public final class ClusterMember {
  private final ClusterPrimary primary;
  private final int id;
  private final List<SocketAddress> addresses = new ArrayList<>();
  private final List<Consumer<SocketAddress>> listeners = new ArrayList<>();
  private volatile Worker worker;
  private volatile boolean isOnline;
  private volatile boolean isLeaving;
  private final long begin = System.nanoTime();
  private volatile long lastListening;
  private volatile boolean isGone;
  private final Map<Long, CompletableFuture<Boolean>> offers = new HashMap<>();
  private long sequence;

  ClusterMember(ClusterPrimary primary, int id) {
    this.primary = primary;
    this.id = id;
  }

  /** Starts the process. */
  void spawn(ProcessBuilder command) {
    worker = ChannelAccess.get().spawn(command, id, this::prepare);
  }

  private void prepare(Channel channel) {
    ChannelAccess.get()
        .listen(channel, ClusterWire.COMMAND, (message, handle) -> receive(channel, message));
    channel.onDisconnect(this::disconnected);
  }

  private void disconnected() {
    isGone = true;
    List<CompletableFuture<Boolean>> unanswered;
    synchronized (this) {
      unanswered = List.copyOf(offers.values());
      offers.clear();
    }
    unanswered.forEach(offer -> offer.complete(false));
    primary.forget(this);
  }

  /**
   * Returns the process and the channel to it.
   *
   * @return the same at each call
   */
  public Worker worker() {
    return worker;
  }

  /**
   * Returns the worker's number, which it finds in {@code NODE_UNIQUE_ID}.
   *
   * @return 1 or above; no two workers of a primary have the same
   */
  public int id() {
    return id;
  }

  /**
   * Returns whether the worker has reported that it is online. Node does that before it runs the
   * program, a JVM in {@link ClusterWorker#join}; a program that does not speak the channel's
   * protocol never does.
   *
   * @return whether it has reported so
   */
  public boolean isOnline() {
    return isOnline;
  }

  /**
   * Returns whether the worker leaves on purpose, by {@link #disconnect} or by its own decision,
   * and did not just die. Node calls this {@code exitedAfterDisconnect}.
   *
   * @return whether it is leaving, or has left
   */
  public boolean isLeaving() {
    return isLeaving;
  }

  /**
   * Adds a listener for the addresses that the worker listens on or is bound to. It is called once
   * for each: at once, by this thread, for those already known, and by the channel's thread for
   * later ones.
   *
   * @param listener is called with the address
   */
  public void onListening(Consumer<SocketAddress> listener) {
    Objects.requireNonNull(listener, "listener");
    List<SocketAddress> known;
    synchronized (this) {
      listeners.add(listener);
      known = List.copyOf(addresses);
    }
    known.forEach(listener);
  }

  /**
   * Asks the worker to close its servers, to finish its connections, and to disconnect. That ends a
   * worker that does nothing else. A worker that is not online, or hangs, does not react; {@link
   * Worker#close} ends it in any case.
   */
  public void disconnect() {
    isLeaving = true;
    primary.retire(this);
    send(ClusterWire.act("disconnect"));
  }

  private void send(ObjectNode message) {
    CompletableFuture<Void> unused = worker.channel().send(message);
  }

  /**
   * Offers a connection.
   *
   * @param key names the server that it is for
   * @return whether the worker has taken it; fails if it cannot get it now
   */
  CompletableFuture<Boolean> offer(String key, SocketChannel connection) {
    CompletableFuture<Boolean> isTaken = new CompletableFuture<>();
    long number;
    synchronized (this) {
      number = ++sequence;
      offers.put(number, isTaken);
    }
    ObjectNode message = ClusterWire.act("newconn").put("key", key).put("seq", number);
    CompletableFuture<Void> unused =
        ChannelAccess.get()
            .sendRaw(worker.channel(), message, connection)
            .whenComplete((sent, error) -> notOffered(number, error));
    return isTaken;
  }

  private void notOffered(long number, Throwable error) {
    CompletableFuture<Boolean> isTaken = error == null ? null : answered(number);
    if (isTaken != null) {
      isTaken.completeExceptionally(error);
    }
  }

  private synchronized CompletableFuture<Boolean> answered(long number) {
    return offers.remove(number);
  }

  private void receive(Channel channel, JsonNode message) {
    if (message.has("ack")) {
      CompletableFuture<Boolean> isTaken = answered(message.path("ack").asLong());
      if (isTaken != null) {
        isTaken.complete(message.path("accepted").asBoolean());
      }
      return;
    }
    switch (message.path("act").asText()) {
      case "online" -> isOnline = true;
      case "queryServer" -> primary.query(this, channel, message);
      case "listening" -> listening(ClusterWire.address(message));
      case "close" -> primary.release(this, message.path("key").asText());
      case "exitedAfterDisconnect" -> {
        isLeaving = true;
        CompletableFuture<Void> unused =
            channel.send(ClusterWire.answer(message.path("seq").asLong()));
      }
      default -> {
        // A later Node may say more.
      }
    }
  }

  private void listening(SocketAddress address) {
    List<Consumer<SocketAddress>> told;
    synchronized (this) {
      addresses.add(address);
      told = List.copyOf(listeners);
    }
    lastListening = System.nanoTime() | 1;
    primary.heard();
    told.forEach(listener -> listener.accept(address));
  }

  // ---- for the primary ----

  /** Returns whether it has reported an address since a time of {@link System#nanoTime}. */
  boolean hasListenedSince(long time) {
    return lastListening != 0 && lastListening - time >= 0;
  }

  /** Returns whether it may be about to listen, because it was started so recently. */
  boolean isStarting(long forNanos) {
    return lastListening == 0 && !isLeaving && !isGone && System.nanoTime() - begin < forNanos;
  }

  @Override
  public String toString() {
    return "ClusterMember[" + id + "]";
  }
}
