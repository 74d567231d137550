package org.shareobject.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.channels.NetworkChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.shareobject.Codec;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Handle;
import org.shareobject.ipc.MessageListener;

/** Listens to a channel, for one thread that takes what came. */
public final class Received implements MessageListener {
  private static final long PATIENCE_S = 30;

  private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

  /** What came; a socket is taken, and the map too, if it is one. */
  public record Message(JsonNode json, Handle handle, ShareMap<String, Long> map) {
    /** Returns its socket. */
    public <C extends NetworkChannel> C channel(Class<C> type) {
      return type.cast(handle.channel());
    }
  }

  /** Listens to the channel. */
  public static Received from(Channel channel) {
    Received received = new Received();
    channel.onMessage(received);
    return received;
  }

  @Override
  public void message(JsonNode message, Handle handle) {
    messages.add(new Message(message, handle, handle == null ? null : take(handle)));
  }

  /** Returns the map; null if it is a socket. */
  private static ShareMap<String, Long> take(Handle handle) {
    try {
      var unused = handle.channel();
      return null;
    } catch (IllegalStateException e) {
      return handle.map(Codec.STRING, Codec.LONG);
    } catch (ShareException e) {
      return null; // told to who asks for the channel
    }
  }

  /** Returns the next message. */
  public Message next() {
    try {
      Message message = messages.poll(PATIENCE_S, TimeUnit.SECONDS);
      if (message == null) {
        throw new AssertionError("no message within " + PATIENCE_S + " s");
      }
      return message;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the next message, which has no handle. */
  public JsonNode nextJson() {
    Message message = next();
    if (message.handle() != null) {
      throw new AssertionError(message + " has a handle");
    }
    return message.json();
  }

  /** Returns the text of the next message. */
  public String nextText() {
    return nextJson().textValue();
  }

  /** Returns how many wait. */
  public int count() {
    return messages.size();
  }
}
