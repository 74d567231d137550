package org.shareobject.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.ChannelAccess;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Handle;

/**
 * This process as a worker of Node's {@code cluster}. The primary forked it, and all workers that
 * listen on the same port share it, whether they are JVMs or Node. The primary is Node, a {@link
 * ClusterPrimary}, or the command {@code shareobject fork}.
 *
 * <p>Node forks the program that {@code process.execPath} names. In the primary, set it to a {@code
 * java}, and call {@code cluster.setupPrimary({exec: 'com.example.Main', execArgv: ['-cp', …]})}.
 *
 * <p>Whether the primary hands out connections in turn ({@code SCHED_RR}) or the workers accept
 * them by themselves ({@code SCHED_NONE}) makes no difference here. All methods may be called by
 * any thread at any time.
 */
public final class ClusterWorker {
  private static ClusterWorker joined;

  private final Channel channel;
  private final int id;
  private final Map<Long, Query<?>> queries = new HashMap<>();
  private final Map<String, Integer> indexes = new HashMap<>();
  private final Map<String, ClusterServer> servers = new HashMap<>();

  /** Servers that are closed, and may still pass a connection on. */
  private final List<ClusterServer> ending = new ArrayList<>();

  private final ArrayDeque<Runnable> finishers = new ArrayDeque<>();
  private long sequence;
  private boolean isEnded;
  private boolean isLeaving;
  private boolean isFinished;

  /** A question to the primary. */
  private static final class Query<T> {
    private final CompletableFuture<T> future;
    private final BiFunction<JsonNode, Handle, T> whenAnswered;

    Query(CompletableFuture<T> future, BiFunction<JsonNode, Handle, T> whenAnswered) {
      this.future = future;
      this.whenAnswered = whenAnswered;
    }

    void answered(JsonNode answer, Handle handle) {
      try {
        checkError(answer);
        future.complete(whenAnswered.apply(answer, handle));
      } catch (RuntimeException e) {
        future.completeExceptionally(e);
      }
    }

    void failed(ShareException error) {
      future.completeExceptionally(error);
    }
  }

  private ClusterWorker(Channel channel, int id) {
    this.channel = channel;
    this.id = id;
  }

  /**
   * Reports to the primary that this process is online, if one forked it. Later calls return the
   * same worker. From then on the JVM stays alive until the channel ends.
   *
   * @return the worker; empty if no primary of a cluster forked this process
   * @throws ShareException as {@link Channel#parent()}
   */
  public static synchronized Optional<ClusterWorker> join() {
    if (joined == null) {
      Optional<Channel> channel = Channel.parent();
      Optional<String> id = ChannelAccess.get().clusterId();
      if (channel.isEmpty() || id.isEmpty()) {
        return Optional.empty();
      }
      joined = new ClusterWorker(channel.get(), Integer.parseInt(id.get()));
      joined.begin();
    }
    return Optional.of(joined);
  }

  private void begin() {
    ChannelAccess.get().listen(channel, ClusterWire.COMMAND, this::receive);
    channel.onDisconnect(this::ended);
    send(ClusterWire.act("online"));
  }

  /**
   * Returns the number that the primary gave this worker.
   *
   * @return 1 or above
   */
  public int id() {
    return id;
  }

  /**
   * Returns the channel to the primary.
   *
   * @return the same as {@link Channel#parent()}
   */
  public Channel channel() {
    return channel;
  }

  /**
   * Listens on a port or a Unix socket. All workers that listen on the same address share it.
   *
   * @param address the port and local address to listen on; without a host, Node listens on the
   *     wildcard address
   * @param connections receives the connections, in blocking mode, one after the other, from a
   *     thread of the server, so it should hand them over. What it throws goes to the thread's
   *     uncaught exception handler
   * @return completes when the server listens; fails with {@link ShareIoException} if the primary
   *     cannot listen, and with {@link ShareClosedException} if the channel ends or the worker
   *     leaves. The server keeps the JVM alive until it is closed
   * @throws IllegalArgumentException if the address is of another kind, or not resolved
   */
  public CompletableFuture<ClusterServer> listen(
      SocketAddress address, Consumer<SocketChannel> connections) {
    Objects.requireNonNull(connections, "connections");
    ObjectNode query = query(address);
    return ask(
        query,
        (answer, handle) -> {
          String key = answer.path("key").asText();
          ClusterServer server =
              handle == null
                  ? ClusterServer.byTurns(this, key, listeningAddress(answer, address), connections)
                  : ClusterServer.accepting(this, key, address, handle, connections);
          add(key, server);
          server.start();
          tellListening(query, server.address());
          return server;
        });
  }

  private void add(String key, ClusterServer server) {
    synchronized (this) {
      if (!isLeaving) {
        servers.put(key, server);
        return;
      }
    }
    server.close();
    throw new ShareClosedException("SHO_ECLOSED", "the worker leaves the cluster");
  }

  /**
   * Binds a datagram socket. All workers that bind the same address share it, and the system gives
   * each datagram to one of them.
   *
   * @param address port and local address
   * @return completes with the socket; fails as by {@link #listen}
   * @throws IllegalArgumentException if the address is not resolved
   */
  public CompletableFuture<DatagramChannel> bind(InetSocketAddress address) {
    ObjectNode query = query(address);
    boolean isIpv6 = address.getAddress() instanceof Inet6Address;
    query.put("address", address.getAddress().getHostAddress());
    query.put("addressType", isIpv6 ? "udp6" : "udp4");
    query.put("fd", -1); // as Node's dgram, so that both mean the same socket
    return ask(
        query,
        (answer, handle) -> {
          if (handle == null) {
            throw new ShareIoException("SHO_EFORMAT", "the primary sent no datagram socket");
          }
          DatagramChannel socket = ChannelAccess.get().socket(handle, DatagramChannel.class);
          tellListening(query, address);
          return socket;
        });
  }

  /**
   * Adds what finishes the connections before this worker leaves the cluster, because the primary
   * tells it to, as for a reload, because of {@link #disconnect}, or because the channel has ended.
   *
   * <p>It is called once, by a thread of its own, when the servers are closed and each connection
   * that they accepted has been passed to its consumer. Others have accepted from then on, or the
   * port is closed. It may block until the last request is answered; the JVM stays alive, and the
   * channel connected, until it returns. How long that may take is up to the primary: {@code
   * shareobject fork} waits for {@code --grace}. If there are several, they are called one after
   * the other, in the order of adding; what one throws goes to the thread's uncaught exception
   * handler. If the worker has already left, it is called at once, by this thread.
   *
   * @param finish returns when all is finished
   */
  public void beforeDisconnect(Runnable finish) {
    Objects.requireNonNull(finish, "finish");
    synchronized (this) {
      if (!isFinished) {
        finishers.add(finish);
        return;
      }
    }
    finish.run();
  }

  /**
   * Leaves the cluster: closes the servers, reports to the primary that it leaves on purpose, calls
   * what {@link #beforeDisconnect} was given, and disconnects. Returns at once.
   */
  public void disconnect() {
    closeServers();
    CompletableFuture<Void> unused =
        ask(
            ClusterWire.act("exitedAfterDisconnect"),
            (answer, handle) -> {
              leave();
              return null;
            });
  }

  // ---- to the primary ----

  private ObjectNode query(SocketAddress address) {
    ObjectNode query = ClusterWire.act("queryServer");
    if (address instanceof InetSocketAddress inet && !inet.isUnresolved()) {
      boolean isAny = inet.getAddress().isAnyLocalAddress();
      boolean isIpv6 = !isAny && inet.getAddress() instanceof Inet6Address;
      query.put("address", isAny ? null : inet.getAddress().getHostAddress());
      query.put("port", inet.getPort());
      query.put("addressType", isIpv6 ? ClusterWire.IPV6 : ClusterWire.IPV4);
    } else if (address instanceof UnixDomainSocketAddress unix) {
      Path path = unix.getPath().toAbsolutePath().normalize();
      query.put("address", path.toString());
      query.put("port", ClusterWire.NO_PORT);
      query.put("addressType", ClusterWire.UNIX);
    } else {
      throw new IllegalArgumentException(
          address + " is neither a resolved Internet address nor a Unix socket address");
    }
    query.putNull("data");
    query.put("flags", 0);
    query.put("index", nextIndex(query));
    return query;
  }

  /** The primary has one server for each index, also for equal addresses in one worker. */
  private synchronized int nextIndex(ObjectNode query) {
    String name =
        query.path("address") + ":" + query.path("port") + ":" + query.path("addressType");
    return indexes.merge(name, 1, Integer::sum) - 1;
  }

  private synchronized long nextSequence() {
    return sequence++;
  }

  /** Sends a message; if the channel has ended, the primary no longer needs it. */
  void send(ObjectNode message) {
    message.put("seq", nextSequence());
    CompletableFuture<Void> unused = channel.send(message);
  }

  private <T> CompletableFuture<T> ask(
      ObjectNode question, BiFunction<JsonNode, Handle, T> whenAnswered) {
    CompletableFuture<T> future = ChannelAccess.get().newFuture(channel);
    long number = nextSequence();
    synchronized (this) {
      if (isEnded) {
        future.completeExceptionally(atEnd());
        return future;
      }
      queries.put(number, new Query<>(future, whenAnswered));
    }
    CompletableFuture<Void> unused =
        channel
            .send(question.put("seq", number))
            .whenComplete((sent, e) -> notAsked(number, future, e));
    return future;
  }

  private <T> void notAsked(long number, CompletableFuture<T> future, Throwable e) {
    if (e != null) {
      synchronized (this) {
        queries.remove(number);
      }
      future.completeExceptionally(e);
    }
  }

  private static ShareClosedException atEnd() {
    return new ShareClosedException(
        "SHO_ECLOSED", "the channel to the primary of the cluster has ended");
  }

  private static void checkError(JsonNode answer) {
    int error = answer.path("errno").asInt();
    if (error != 0) {
      throw new ShareIoException(
          "SHO_ESYSTEM",
          "the primary cannot listen on that address: error " + -error + " of the system");
    }
  }

  private static SocketAddress listeningAddress(JsonNode answer, SocketAddress asked) {
    JsonNode name = answer.path("sockname");
    return name.has("port") ? ClusterWire.inetAddress(name) : asked;
  }

  private void tellListening(ObjectNode query, SocketAddress address) {
    ObjectNode message = query.deepCopy().put("act", "listening");
    if (address instanceof InetSocketAddress inet) {
      message.put("port", inet.getPort());
    }
    send(message);
  }

  /** Called when a server is closed. */
  void closed(String key) {
    synchronized (this) {
      ending.removeIf(server -> !server.isAlive());
      ClusterServer server = servers.remove(key);
      if (server != null) {
        ending.add(server);
      }
    }
    send(ClusterWire.act("close").put("key", key));
  }

  /** Answers whether a connection is taken. */
  void answer(long question, boolean isAccepted) {
    send(ClusterWire.answer(question).put("accepted", isAccepted));
  }

  // ---- from the primary ----

  private void receive(JsonNode message, Handle handle) {
    Query<?> query = null;
    if (message.has("ack")) {
      synchronized (this) {
        query = queries.remove(message.path("ack").asLong());
      }
    }
    if (query != null) {
      query.answered(message, handle);
    } else if (message.path("act").asText().equals("newconn") && handle != null) {
      receiveConnection(message, handle);
    } else if (message.path("act").asText().equals("disconnect")) {
      leave();
    }
  }

  private void receiveConnection(JsonNode message, Handle handle) {
    ClusterServer server;
    synchronized (this) {
      server = servers.get(message.path("key").asText());
    }
    long question = message.path("seq").asLong();
    if (server == null || !server.offer(question, handle)) {
      answer(question, false);
    }
  }

  private void closeServers() {
    List<ClusterServer> all;
    synchronized (this) {
      all = List.copyOf(servers.values());
    }
    all.forEach(ClusterServer::close);
  }

  /** Finishes and disconnects, in a thread of its own; once. */
  private void leave() {
    synchronized (this) {
      if (isLeaving) {
        return;
      }
      isLeaving = true;
    }
    closeServers();
    Thread thread = new Thread(this::finish, "shareobject leaving");
    thread.setDaemon(false);
    thread.start();
  }

  private void finish() {
    List<ClusterServer> closed;
    synchronized (this) {
      closed = List.copyOf(ending);
    }
    try {
      for (ClusterServer server : closed) {
        server.awaitEnd();
      }
      for (Runnable next = nextFinisher(); next != null; next = nextFinisher()) {
        run(next);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // somebody ends all threads
    } finally {
      channel.disconnect();
    }
  }

  private synchronized Runnable nextFinisher() {
    Runnable next = finishers.poll();
    isFinished = next == null;
    return next;
  }

  private static void run(Runnable finisher) {
    try {
      finisher.run();
    } catch (RuntimeException | Error e) {
      Uncaught.tell(e);
    }
  }

  private void ended() {
    List<Query<?>> unanswered;
    synchronized (this) {
      isEnded = true;
      unanswered = List.copyOf(queries.values());
      queries.clear();
    }
    unanswered.forEach(query -> query.failed(atEnd()));
    leave();
  }
}
