package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.channels.NetworkChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Listens to a channel, for one thread that takes what came. */
final class Received implements MessageListener {
  private static final long PATIENCE_S = 30;

  private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

  /** What came. */
  record Message(JsonNode json, Handle handle) {
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
    messages.add(new Message(message, handle));
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
