package org.shareobject.internal.socket;

import java.lang.invoke.MethodHandles;
import java.nio.channels.NetworkChannel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.shareobject.ShareIoException;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Handle;
import org.shareobject.ipc.MessageListener;
import org.shareobject.ipc.Worker;

/** What Node's cluster may do with a {@link Channel} that nobody else may. */
public abstract class ChannelAccess {
  private static volatile ChannelAccess access;

  /** Creates access. */
  protected ChannelAccess() {}

  /** Is called by {@link Channel} as it is initialised. */
  public static void set(ChannelAccess access) {
    ChannelAccess.access = access;
  }

  /** Returns the access. */
  public static ChannelAccess get() {
    if (access == null) {
      try {
        MethodHandles.lookup().ensureInitialized(Channel.class);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
    return access;
  }

  /**
   * Starts a program as a worker of a cluster.
   *
   * @param id the worker's number
   * @param prepare is given the channel before anything can come through it
   * @throws ShareIoException as {@link Worker#spawn}
   */
  public abstract Worker spawn(ProcessBuilder command, int id, Consumer<Channel> prepare);

  /** Returns the number that a primary of Node's cluster gave this process. */
  public abstract Optional<String> clusterId();

  /** Adds a listener to Node's internal messages of a kind. */
  public abstract void listen(Channel channel, String command, MessageListener listener);

  /** Sends an internal message with what Node receives as a raw handle. */
  public abstract CompletableFuture<Void> sendRaw(
      Channel channel, Object message, NetworkChannel handle);

  /** Returns a future that the channel's own thread refuses to wait for. */
  public abstract <T> CompletableFuture<T> newFuture(Channel channel);

  /**
   * Returns a raw handle's socket as a channel of a kind; a {@link
   * java.nio.channels.ServerSocketChannel} listens.
   *
   * @throws ShareIoException as {@link Handle#channel()}, and if it is of another kind; it is then
   *     closed
   */
  public abstract <C extends NetworkChannel> C socket(Handle handle, Class<C> kind);
}
