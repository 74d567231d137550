package org.shareobject.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.shareobject.ipc.Channel;
import org.shareobject.testing.Futures;

/** Sends and receives messages as they are on the wire. */
final class RawMessages {
  private static final long PATIENCE_S = 30;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Channel channel;
  private final BlockingQueue<JsonNode> received = new LinkedBlockingQueue<>();

  RawMessages(Channel channel) {
    this.channel = channel;
    channel.onMessage((message, handle) -> received.add(message));
  }

  /** Returns JSON that is written with single quotes. */
  static JsonNode json(String text) {
    try {
      return JSON.readTree(text.replace('\'', '"'));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends JSON that is written with single quotes. */
  void send(String text) {
    Futures.get(channel.send(json(text)));
  }

  /** Sends, and returns what comes. */
  JsonNode ask(String text) {
    send(text);
    return next();
  }

  /** Returns the next message. */
  JsonNode next() {
    try {
      JsonNode next = received.poll(PATIENCE_S, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("no message within " + PATIENCE_S + " s");
      }
      return next;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns whether nothing waits. */
  boolean isEmpty() {
    return received.isEmpty();
  }
}
