package org.shareobject.ipc;

import java.lang.ref.Cleaner;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import org.shareobject.Codec;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.internal.map.MapAccess;
import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Sockets;

/**
 * A socket or a map that came with a message. It belongs to the receiver: what {@link #channel()}
 * or {@link #map} returned is to be closed. A handle that nobody took either of, and that cannot be
 * reached any more, is closed by the garbage collector.
 *
 * <p>A socket is shared with the process that sent it as long as that keeps it open, and so is
 * whether it blocks: it comes set not to block, as Node needs it, and the channel of the JDK copes
 * with that. {@code configureBlocking(true)} after {@code configureBlocking(false)} would change it
 * for all who have the socket: a Node process could then hang. Closing a {@code SocketChannel} that
 * is registered with a {@code Selector} ends the connection for all; cancel its key and call {@code
 * selectNow()} first if others go on with it.
 */
public final class Handle {
  private static final Cleaner CLEANER = Cleaner.create();

  /** What Node gives {@code listen}. */
  static final int BACKLOG = 511;

  private final String type;
  private final Descriptor descriptor;
  private final Cleaner.Cleanable unclaimed;
  private NetworkChannel channel;
  private RuntimeException failure;

  Handle(String type, Descriptor descriptor) {
    this.type = type;
    this.descriptor = descriptor;
    unclaimed = CLEANER.register(this, descriptor::close);
  }

  /**
   * Returns the socket as a channel of the JDK, the same at each call: a {@link
   * ServerSocketChannel}, a {@link java.nio.channels.SocketChannel} or a {@link
   * java.nio.channels.DatagramChannel}, of IPv4, IPv6 or, but for the last, a Unix socket. It is in
   * blocking mode, and registered nowhere.
   *
   * @return the channel, to be closed by the caller
   * @throws IllegalStateException if the handle is a map
   * @throws ShareIoException if the descriptor is no socket that the JDK has channels for, or this
   *     JDK lacks the constructor for it: the message names it
   */
  public NetworkChannel channel() {
    return channel("net.Server".equals(type), BACKLOG);
  }

  /**
   * Returns the socket as a channel that listens.
   *
   * @throws ShareIoException as {@link #channel()}, and if it cannot listen
   */
  ServerSocketChannel server(int backlog) {
    if (channel(true, backlog) instanceof ServerSocketChannel server) {
      return server;
    }
    throw new ShareIoException("SHO_ETYPE", "the socket that came cannot listen");
  }

  private synchronized NetworkChannel channel(boolean isServer, int backlog) {
    if (isMap()) {
      throw new IllegalStateException("a map came with the message, no socket: call map");
    }
    if (failure != null) {
      throw failure;
    }
    if (channel == null) {
      try {
        channel = Sockets.channel(descriptor, isServer, backlog);
      } catch (RuntimeException e) {
        failure = e;
        throw e;
      } finally {
        unclaimed.clean();
      }
    }
    return channel;
  }

  /**
   * Opens the map. It keeps its geometry; to be called once.
   *
   * @param keys how keys become bytes, as where the map comes from
   * @param values how values become bytes, as where the map comes from
   * @param <K> the type of the keys
   * @param <V> the type of the values
   * @return the open map, to be closed by the caller; its memory is there until its last process
   *     has closed it, or ended
   * @throws IllegalStateException if the handle is a socket, or the map was opened already
   * @throws org.shareobject.ShareException as {@link ShareMap.Builder#open}
   */
  public synchronized <K, V> ShareMap<K, V> map(Codec<K> keys, Codec<V> values) {
    if (!isMap()) {
      throw new IllegalStateException("a socket came with the message, no map: call channel");
    }
    if (!descriptor.isHere()) {
      throw new IllegalStateException("the map of this handle was opened already");
    }
    try {
      return MapAccess.get().map(RawMap.open(descriptor), keys, values);
    } finally {
      unclaimed.clean();
    }
  }

  /** Returns whether the socket is still open in this process. */
  synchronized boolean isOpen() {
    return channel == null ? descriptor.isHere() : channel.isOpen();
  }

  /** Closes what nobody took. */
  void drop() {
    unclaimed.clean();
  }

  private boolean isMap() {
    return PassedMap.TYPE.equals(type);
  }

  @Override
  public String toString() {
    return "Handle[" + type + "]";
  }
}
