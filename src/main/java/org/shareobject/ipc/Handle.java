package org.shareobject.ipc;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import org.shareobject.Codec;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.internal.map.MapAccess;
import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Sockets;

/**
 * A socket or a map that arrived with a message. A listener takes it with {@link #channel()} or
 * {@link #map}, and must close what these return. A listener that needs it later, or in another
 * thread, takes it before it returns. A handle that no listener took is closed as soon as the
 * listeners of its message have returned, so ignored handles cost no descriptors, and the peers of
 * ignored connections see them closed.
 *
 * <p>A socket is shared with the process that sent it for as long as that process keeps it open,
 * and so is its blocking mode. It arrives non-blocking, as Node needs it, and the JDK's channel
 * copes with that. Calling {@code configureBlocking(true)} after {@code configureBlocking(false)}
 * would change it for every process that has the socket, and a Node process could hang. Closing a
 * {@code SocketChannel} that is registered with a {@code Selector} ends the connection for every
 * process; if others go on using it, cancel its key and call {@code selectNow()} first.
 */
public final class Handle {
  private static final Cleaner CLEANER = Cleaner.create();

  private final String type;
  private final Descriptor descriptor;
  private final Cleaner.Cleanable unclaimed;
  private NetworkChannel channel;
  private RuntimeException failure;
  private boolean isDropped;

  Handle(String type, Descriptor descriptor) {
    this.type = type;
    this.descriptor = descriptor;
    unclaimed = CLEANER.register(this, descriptor::close);
  }

  /**
   * Returns the socket as a channel of the JDK, the same at each call: a {@link
   * ServerSocketChannel}, a {@link java.nio.channels.SocketChannel} or a {@link
   * java.nio.channels.DatagramChannel}, for IPv4, IPv6 or, except for the last, Unix addresses. It
   * is in blocking mode and registered nowhere.
   *
   * @return the channel, to be closed by the caller
   * @throws IllegalStateException if the handle is a map
   * @throws ShareClosedException if the listeners of the message returned and none took the handle
   * @throws ShareIoException if the JDK has no channel for this kind of socket, or this JDK lacks
   *     the constructor for it, which the message names
   */
  public NetworkChannel channel() {
    return channel("net.Server".equals(type));
  }

  /**
   * Returns the socket as a channel of a kind; a {@link ServerSocketChannel} listens.
   *
   * @throws ShareIoException as {@link #channel()}, and if it is of another kind; it is then closed
   */
  <C extends NetworkChannel> C channel(Class<C> kind) {
    return checked(kind, channel(kind == ServerSocketChannel.class));
  }

  private static <C extends NetworkChannel> C checked(Class<C> kind, NetworkChannel channel) {
    if (kind.isInstance(channel)) {
      return kind.cast(channel);
    }
    try {
      channel.close();
    } catch (IOException e) {
      Uncaught.tell(e);
    }
    throw new ShareIoException(
        "SHO_ETYPE", "the socket that arrived, " + channel + ", is not a " + kind.getSimpleName());
  }

  private synchronized NetworkChannel channel(boolean isServer) {
    if (isMap()) {
      throw new IllegalStateException("the message came with a map, not a socket: call map");
    }
    if (failure != null) {
      throw failure;
    }
    if (channel == null) {
      checkNotDropped();
      try {
        channel = Sockets.channel(descriptor, isServer);
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
   * Opens the map, which keeps its geometry. May be called once.
   *
   * @param keys converts keys to bytes, as in the sender
   * @param values converts values to bytes, as in the sender
   * @param <K> the type of the keys
   * @param <V> the type of the values
   * @return the open map, to be closed by the caller; its memory exists until the last process has
   *     closed it or ended
   * @throws IllegalStateException if the handle is a socket, or the map was already opened
   * @throws ShareClosedException if the listeners of the message returned and none took the handle
   * @throws org.shareobject.ShareException as {@link ShareMap.Builder#open}
   */
  public synchronized <K, V> ShareMap<K, V> map(Codec<K> keys, Codec<V> values) {
    if (!isMap()) {
      throw new IllegalStateException("the message came with a socket, not a map: call channel");
    }
    checkNotDropped();
    if (!descriptor.isHere()) {
      throw new IllegalStateException("the map of this handle was already opened");
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

  /** Closes the handle if nobody took it. */
  synchronized void drop() {
    if (descriptor.isHere()) {
      isDropped = true;
      unclaimed.clean();
    }
  }

  private void checkNotDropped() {
    if (isDropped) {
      throw new ShareClosedException(
          "SHO_ECLOSED",
          "the handle was closed because no listener took it: call channel() or map() before the"
              + " listener returns");
    }
  }

  private boolean isMap() {
    return PassedMap.TYPE.equals(type);
  }

  @Override
  public String toString() {
    return "Handle[" + type + "]";
  }
}
