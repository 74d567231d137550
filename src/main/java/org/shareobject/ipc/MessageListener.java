package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;

/** Receives the messages that arrive through a {@link Channel}. */
@FunctionalInterface
public interface MessageListener {
  /**
   * Receives a message. One thread at a time calls it for one message, in the order in which they
   * were sent, and nothing else of the channel is read until it returns. It may {@link Channel#send
   * send}, but it must not wait for something that the channel has yet to do, such as a future of
   * {@code send}: that throws {@link IllegalStateException}. What it throws goes to the thread's
   * uncaught exception handler, and the channel goes on.
   *
   * @param message any JSON value; never null
   * @param handle the socket or map that arrived with it, or null; closed when the listeners have
   *     returned, unless one of them took it with {@link Handle#channel()} or {@link Handle#map}
   */
  @SuppressWarnings("exports") // as module-info says
  void message(JsonNode message, Handle handle);
}
