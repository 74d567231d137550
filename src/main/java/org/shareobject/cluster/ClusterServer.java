package org.shareobject.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.shareobject.ShareIoException;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.ChannelAccess;
import org.shareobject.ipc.Handle;

/**
 * A server on a port that the workers of Node's {@code cluster} share. {@link ClusterWorker#listen}
 * creates it.
 */
public final class ClusterServer implements AutoCloseable {
  private final ClusterWorker worker;
  private final String key;
  private final SocketAddress address;
  private final Consumer<SocketChannel> connections;
  private final Thread thread;

  /** The socket that accepts; null if the primary hands connections out. */
  private final ServerSocketChannel acceptor;

  private final ArrayDeque<Offer> offers = new ArrayDeque<>();
  private boolean isClosed;

  /**
   * A connection that the primary offers.
   *
   * @param question the number that the answer must name
   */
  private record Offer(long question, SocketChannel connection) {}

  private ClusterServer(
      ClusterWorker worker,
      String key,
      SocketAddress address,
      ServerSocketChannel acceptor,
      Consumer<SocketChannel> connections) {
    this.worker = worker;
    this.key = key;
    this.address = address;
    this.acceptor = acceptor;
    this.connections = connections;
    thread =
        new Thread(acceptor == null ? this::takeOffers : this::accept, "shareobject server " + key);
    thread.setDaemon(false);
  }

  /** Returns a server that receives its connections from the primary, in turn. */
  static ClusterServer byTurns(
      ClusterWorker worker,
      String key,
      SocketAddress address,
      Consumer<SocketChannel> connections) {
    return new ClusterServer(worker, key, address, null, connections);
  }

  /**
   * Returns a server that accepts connections from the shared socket.
   *
   * @param asked where it is to listen
   */
  static ClusterServer accepting(
      ClusterWorker worker,
      String key,
      SocketAddress asked,
      Handle handle,
      Consumer<SocketChannel> connections) {
    ServerSocketChannel acceptor = ChannelAccess.get().socket(handle, ServerSocketChannel.class);
    ClusterServer server =
        new ClusterServer(worker, key, localAddress(acceptor), acceptor, connections);
    // The primary does not report that it could not bind; the system has then chosen a port.
    if (asked instanceof InetSocketAddress wanted
        && wanted.getPort() != 0
        && server.address instanceof InetSocketAddress got
        && got.getPort() != wanted.getPort()) {
      server.close();
      throw new ShareIoException(
          "SHO_ESYSTEM", "the primary cannot listen on " + asked + ": the port is in use");
    }
    return server;
  }

  private static SocketAddress localAddress(ServerSocketChannel acceptor) {
    try {
      return acceptor.getLocalAddress();
    } catch (IOException e) {
      throw new ShareIoException("SHO_ESYSTEM", "the shared port cannot be used: " + e, e);
    }
  }

  void start() {
    thread.start();
  }

  /**
   * Returns the address that it listens on.
   *
   * @return the address, with the port that the system chose if the port was 0
   */
  public SocketAddress address() {
    return address;
  }

  /**
   * Accepts no more connections; those already accepted go on. The primary closes the port when the
   * last worker has closed its server. Closing again does nothing.
   */
  @Override
  public void close() {
    ArrayDeque<Offer> refused;
    synchronized (this) {
      if (isClosed) {
        return;
      }
      isClosed = true;
      refused = new ArrayDeque<>(offers);
      offers.clear();
      notifyAll();
    }
    for (Offer offer : refused) {
      worker.answer(offer.question(), false);
      close(offer.connection());
    }
    if (acceptor != null) {
      close(acceptor);
    }
    worker.closed(key);
  }

  /** Returns whether connections may still be passed on. */
  boolean isAlive() {
    return thread.isAlive();
  }

  /** Waits until every connection that was taken has been passed on. After {@link #close}. */
  void awaitEnd() throws InterruptedException {
    thread.join();
  }

  private static void close(NetworkChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      Uncaught.tell(e);
    }
  }

  /** Takes a connection; returns false if the server is closed or the handle is another kind. */
  synchronized boolean offer(long question, Handle handle) {
    if (isClosed) {
      return false;
    }
    try {
      offers.add(new Offer(question, ChannelAccess.get().socket(handle, SocketChannel.class)));
    } catch (ShareIoException e) {
      Uncaught.tell(e);
      return false;
    }
    notifyAll();
    return true;
  }

  /** The primary offers the next connection after the answer, so a busy worker gets fewer. */
  private void takeOffers() {
    for (Offer next = nextOffer(); next != null; next = nextOffer()) {
      worker.answer(next.question(), true);
      try {
        connections.accept(next.connection());
      } catch (RuntimeException | Error e) {
        Uncaught.tell(e);
      }
    }
  }

  private synchronized Offer nextOffer() {
    while (offers.isEmpty() && !isClosed) {
      try {
        wait();
      } catch (InterruptedException e) {
        close();
      }
    }
    return offers.poll();
  }

  private void accept() {
    while (acceptor.isOpen()) {
      try {
        connections.accept(acceptor.accept());
      } catch (IOException e) {
        if (acceptor.isOpen()) {
          Uncaught.tell(e);
          pause();
        }
      } catch (RuntimeException | Error e) {
        Uncaught.tell(e);
      }
    }
  }

  /** Pauses after a failure such as the limit of open files, which would repeat at once. */
  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
