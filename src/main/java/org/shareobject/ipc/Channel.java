package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.channels.NetworkChannel;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.ShareValueTooLargeException;
import org.shareobject.internal.map.MapAccess;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.ChannelAccess;
import org.shareobject.internal.socket.Endpoint;

/**
 * Node's channel between two processes. It carries JSON messages; sockets and maps can be sent with
 * them.
 *
 * <p>While both processes are alive, each message arrives once, in the order of sending. Sending
 * never blocks. The future that it returns completes when the message is written to the system or,
 * if a socket or a map goes with it, when the other side has acknowledged that. It fails with
 *
 * <ul>
 *   <li>{@link IllegalArgumentException} if Jackson cannot write the message, or the socket is of a
 *       kind that cannot be passed;
 *   <li>{@link ShareValueTooLargeException} if the message is longer than {@code
 *       -Dshareobject.ipc.maxMessageBytes}, by default a 16th of the heap, at most 64 MiB;
 *   <li>{@link org.shareobject.ShareFullException} if messages that take more of the heap than
 *       {@code -Dshareobject.ipc.maxQueuedBytes}, by default a 16th of it, at most 256 MiB, wait to
 *       be written because the other side does not read;
 *   <li>{@link ShareClosedException} if the channel is closed, or ends before the message is
 *       written; the exception's message says whether a handle was sent but not acknowledged;
 *   <li>{@link ShareIoException} if the system refuses a descriptor on either side, for example at
 *       the limit of open files; with the code {@code SHO_ETIMEDOUT}, if {@code
 *       -Dshareobject.ipc.handleTimeoutMillis} is set, and the other side does not acknowledge the
 *       handle in that time, or has not acknowledged an earlier one. The other side may still take
 *       a handle that was sent. Messages go on; by default there is no limit, as in Node.
 * </ul>
 *
 * <p>A few threads read and write for all channels of a JVM, and call their listeners: one message
 * of a channel after the other, by whichever of the threads is free. A listener that blocks keeps
 * its thread, and another one takes its place after about 10 ms; so it delays its own channel only.
 * An idle channel has no thread. Callbacks of futures run in one of these threads as well, or in
 * the one that sends.
 *
 * <p>If one message fails, the channel goes on. The channel ends when either side disconnects or
 * dies. All methods may be called by any thread at any time.
 */
public final class Channel implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();

  /** How long {@link #close} waits for messages that are not yet written. */
  private static final long CLOSE_SECONDS = 5;

  static {
    ChannelAccess.set(
        new ChannelAccess() {
          @Override
          public Worker spawn(ProcessBuilder command, int id, Consumer<Channel> prepare) {
            return Worker.spawn(command, id, false, prepare);
          }

          @Override
          public Optional<String> clusterId() {
            return ParentChannel.clusterId();
          }

          @Override
          public void listen(Channel channel, String command, MessageListener listener) {
            channel.protocol.listenInternally(command, listener);
          }

          @Override
          public CompletableFuture<Void> sendRaw(
              Channel channel, Object message, NetworkChannel handle) {
            return channel.send(message, handle, true, PassedSocket::rawEnvelope);
          }

          @Override
          public <T> CompletableFuture<T> newFuture(Channel channel) {
            return channel.newFuture();
          }

          @Override
          public <C extends NetworkChannel> C socket(Handle handle, Class<C> kind) {
            return handle.channel(kind);
          }
        });
  }

  private final Endpoint endpoint;
  private final Limits limits;
  private final Outbox outbox;
  private final Inbox inbox;
  private final Protocol protocol;
  private final Reader reader;
  private final CountDownLatch end = new CountDownLatch(1);
  private volatile boolean isConnected = true;

  /** Creates a channel that owns the endpoint. */
  Channel(Endpoint endpoint) {
    this.endpoint = endpoint;
    limits = Limits.ofProperties();
    String name = "shareobject channel " + COUNT.incrementAndGet();
    outbox = new Outbox(endpoint, limits);
    inbox = new Inbox(limits, name);
    protocol = new Protocol(outbox, inbox);
    reader = new Reader(endpoint, protocol, limits, this::ended);
  }

  /** Returns a channel that reads. */
  static Channel open(Endpoint endpoint) {
    try {
      Jackson.require();
      Channel channel = new Channel(endpoint);
      Crew.ALL.open();
      endpoint.watch(channel.reader::readable, channel.outbox::writable);
      endpoint.awaitReadable();
      return channel;
    } catch (RuntimeException | Error e) {
      endpoint.close();
      throw e;
    }
  }

  /**
   * Returns the channel to the process that forked this one, whether that is a JVM or Node. The
   * first call takes the descriptor that {@code NODE_CHANNEL_FD} names, and removes the variable,
   * so that programs started by this process do not mistake it for theirs. Later calls return the
   * same channel.
   *
   * @return the channel; empty if this process was not forked with one
   * @throws ShareIoException if {@code NODE_CHANNEL_FD} is not the number of a descriptor of a Unix
   *     stream socket, or if the other side uses a serialization other than JSON
   * @throws ShareException if Jackson is missing
   */
  public static Optional<Channel> parent() {
    return ParentChannel.get();
  }

  /**
   * Sends a message.
   *
   * @param message anything that Jackson can write, including null; a {@link JsonNode} is sent
   *     unchanged. It is converted to JSON at once, so it may be changed later. Objects whose
   *     {@code cmd} is a text that begins with {@code NODE_} are reserved for Node
   * @return completes when the message is written; see above
   */
  public CompletableFuture<Void> send(Object message) {
    CompletableFuture<Void> future = newFuture();
    try {
      add(Line.of(message), null, future);
    } catch (RuntimeException e) {
      future.completeExceptionally(e);
    }
    return future;
  }

  /**
   * Sends a message with a socket. A {@link java.nio.channels.ServerSocketChannel} and a {@link
   * java.nio.channels.DatagramChannel} are shared from then on. A connected {@link
   * java.nio.channels.SocketChannel} moves: as in Node, it is closed here when the other side has
   * acknowledged it. If the future fails, it stays open here.
   *
   * @param message as in {@link #send(Object)}
   * @param handle an open channel of the JDK, bound or connected, for Internet or Unix addresses.
   *     The caller keeps it open until the future completes. The socket becomes non-blocking for
   *     every process that has it; the JDK's channel copes with that
   * @return completes when the other side has acknowledged the socket; fails with {@link
   *     IllegalStateException} if it is neither connected nor bound, or if it is a connection that
   *     moves and is registered with a {@code Selector}
   */
  public CompletableFuture<Void> send(Object message, NetworkChannel handle) {
    return send(message, handle, false);
  }

  /**
   * Sends a message with a socket, like {@link #send(Object, NetworkChannel)}.
   *
   * @param message as there
   * @param handle as there
   * @param keepOpen whether a {@code SocketChannel} stays open here, so that both have it
   * @return as there
   */
  public CompletableFuture<Void> send(Object message, NetworkChannel handle, boolean keepOpen) {
    return send(message, handle, keepOpen, PassedSocket::envelope);
  }

  private CompletableFuture<Void> send(
      Object message,
      NetworkChannel handle,
      boolean keepOpen,
      Function<PassedSocket, String> envelope) {
    Objects.requireNonNull(handle, "handle");
    CompletableFuture<Void> future = newFuture();
    try {
      PassedSocket passed = PassedSocket.of(handle, keepOpen);
      add(Line.ofHandle(envelope.apply(passed), message), passed, future);
    } catch (RuntimeException e) {
      future.completeExceptionally(e);
    } catch (IOException e) {
      future.completeExceptionally(
          new ShareIoException("SHO_ESYSTEM", handle + " cannot be passed on: " + e, e));
    }
    return future;
  }

  /**
   * Sends a message with a map, which the other side then shares, typically one without a file.
   * Only a process that uses this library can receive it. Others, such as Node, are asked first and
   * do not see the message.
   *
   * @param message as in {@link #send(Object)}
   * @param map an open map; the caller keeps it open until the future completes
   * @return completes when the other side has acknowledged the map; fails with {@link
   *     ShareException} ({@code SHO_ETYPE}) if the other side does not use this library
   */
  public CompletableFuture<Void> send(Object message, ShareMap<?, ?> map) {
    Objects.requireNonNull(map, "map");
    CompletableFuture<Void> future = newFuture();
    try {
      add(
          Line.ofHandle(PassedMap.ENVELOPE, message),
          new PassedMap(MapAccess.get().raw(map)),
          future);
    } catch (RuntimeException e) {
      future.completeExceptionally(e);
    }
    return future;
  }

  private void add(Line line, Passed passed, CompletableFuture<Void> future) {
    if (line.size() - 1 > limits.messageBytes()) {
      throw new ShareValueTooLargeException(
          "SHO_ETOOBIG",
          "a message of "
              + (line.size() - 1)
              + " bytes is longer than -D"
              + Limits.MESSAGE_PROPERTY
              + "="
              + limits.messageBytes());
    }
    outbox.add(new Outgoing(line, passed, future), isOwnThread() && reader.hasMore());
  }

  /** Returns a future that a listener of the channel refuses to wait for. */
  <T> CompletableFuture<T> newFuture() {
    return new ChannelFuture<>(this::isOwnThread);
  }

  private boolean isOwnThread() {
    return reader.isCurrentThread();
  }

  /**
   * Adds a listener for messages. Messages that arrived before the first listener are kept, and
   * passed to it first, in order. From then on the JVM stays alive until the channel ends.
   *
   * @param listener receives every message that no filter of {@link #onMessage(Predicate,
   *     MessageListener)} accepts
   */
  public void onMessage(MessageListener listener) {
    inbox.listen(null, Objects.requireNonNull(listener, "listener"));
  }

  /**
   * Adds a listener for some messages, which no other listener receives from then on. Messages that
   * arrived before any listener took them are passed to it first.
   *
   * @param filter returns whether a message is for this listener; quick, and without side effects.
   *     The first filter that accepts a message gets it
   * @param listener receives the messages that the filter accepts
   */
  @SuppressWarnings("exports") // as module-info says
  public void onMessage(Predicate<JsonNode> filter, MessageListener listener) {
    inbox.listen(
        Objects.requireNonNull(filter, "filter"), Objects.requireNonNull(listener, "listener"));
  }

  /**
   * Adds a listener for the end of the channel: either side disconnected, or the other one died. It
   * is called once, after the listeners of all earlier messages, or at once if the channel has
   * ended. Until then the JVM stays alive.
   *
   * @param listener is called
   */
  public void onDisconnect(Runnable listener) {
    inbox.listenToEnd(Objects.requireNonNull(listener, "listener"));
  }

  /**
   * Returns whether messages can be sent: {@link #disconnect} was not called, and the other side is
   * not known to have gone.
   *
   * @return whether messages can be sent now
   */
  public boolean isConnected() {
    return isConnected;
  }

  /**
   * Ends the channel for both sides, once everything sent is written and acknowledged. Nothing more
   * can be sent. Returns at once; {@link #onDisconnect} reports the end. Messages that arrive
   * before it are still delivered. A second call does nothing.
   */
  public void disconnect() {
    isConnected = false;
    outbox.finish();
  }

  /**
   * Disconnects, and waits up to 5 s until that is done. Then drops what is not written and what no
   * listener has taken. A call by a listener does not wait.
   */
  @Override
  public void close() {
    disconnect();
    if (isOwnThread()) {
      return;
    }
    awaitEnd();
    outbox.fail(new ShareClosedException("SHO_ECLOSED", "the channel was closed"));
    inbox.close();
  }

  private void awaitEnd() {
    try {
      if (!end.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The reader's last act. */
  private void ended(ShareException failure) {
    isConnected = false;
    if (failure != null) {
      Uncaught.tell(failure);
    }
    outbox.fail(
        failure != null
            ? failure
            : new ShareClosedException("SHO_ECLOSED", "the channel is disconnected"));
    endpoint.close();
    end.countDown();
    inbox.disconnected();
  }
}
