package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.channels.NetworkChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.shareobject.Codec;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;

/** Listens to a channel, for one thread that takes what came. */
final class Received implements MessageListener {
  private static final long PATIENCE_S = 30;

  private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

  /** What came; a socket is taken, and the map too, if it is one. */
  record Message(JsonNode json, Handle handle, ShareMap<String, Long> map) {
    /** Returns its socket. */
    <C extends NetworkChannel> C channel(Class<C> type) {
      return type.cast(handle.channel());
    }
  }

  /** Listens to the channel. */
  static Received from(Channel channel) {
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
    if (handle.isMap()) {
      return handle.map(Codec.STRING, Codec.LONG);
    }
    try {
      var unused = handle.channel();
    } catch (ShareException e) {
      return null; // told to who asks for the channel
    }
    return null;
  }

  /** Returns the next message. */
  Message next() {
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
  JsonNode nextJson() {
    Message message = next();
    if (message.handle() != null) {
      throw new AssertionError(message + " has a handle");
    }
    return message.json();
  }

  /** Returns the text of the next message. */
  String nextText() {
    return nextJson().textValue();
  }

  /** Returns how many wait. */
  int count() {
    return messages.size();
  }
}
