package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;

/** Is told of the messages that come through a {@link Channel}. */
@FunctionalInterface
public interface MessageListener {
  /**
   * Receives a message. Called for one message at a time, in the order in which they were sent, by
   * the channel's own thread: nothing else is read from the channel until it returns. It may {@link
   * Channel#send send}, but not wait for what the channel has yet to do, as for a future of {@code
   * send}: that throws {@link IllegalStateException}. What it throws goes to the thread's handler
   * of uncaught exceptions; the channel goes on.
   *
   * @param message any JSON value; never null
   * @param handle the socket or map that came with it, or null; closed when the listeners have
   *     returned, unless one of them took it by {@link Handle#channel()} or {@link Handle#map}
   */
  @SuppressWarnings("exports") // as module-info says
  void message(JsonNode message, Handle handle);
}
