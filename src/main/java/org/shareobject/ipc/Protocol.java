package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.shareobject.ShareFormatException;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Descriptor;

/**
 * Node's internal messages: those whose {@code cmd} begins with {@code NODE_} and is longer. For
 * the thread that reads.
 *
 * <p>The library adds one thing of its own: the handle type of a map, {@value PassedMap#TYPE}. Node
 * would abort on such a descriptor. So before the first map the library sends the envelope without
 * a descriptor. Any peer that speaks the protocol answers {@code NODE_HANDLE_NACK}, and this
 * library adds the types that it knows.
 */
final class Protocol {
  private static final String PREFIX = "NODE_";
  private static final String HANDLE = "NODE_HANDLE";
  private static final String ACK = "NODE_HANDLE_ACK";
  private static final String NACK = "NODE_HANDLE_NACK";
  private static final String COUNT_QUERY = "NODE_SOCKET_GET_COUNT";
  private static final String COUNT = "NODE_SOCKET_COUNT";
  private static final String CLOSE_NOTICE = "NODE_SOCKET_NOTIFY_CLOSE";
  private static final String ALL_CLOSED = "NODE_SOCKET_ALL_CLOSED";

  /** The fields of a NACK that say why, and what its sender knows. */
  private static final String REASON = "reason";

  private static final String KNOWS = "knows";

  private static final Set<String> SOCKET_TYPES =
      Set.of("net.Server", "net.Socket", "net.Native", "dgram.Socket", "dgram.Native");

  private final Outbox outbox;
  private final Inbox inbox;
  private final SocketLists sockets = new SocketLists();
  private final Map<String, MessageListener> internalListeners = new ConcurrentHashMap<>();

  Protocol(Outbox outbox, Inbox inbox) {
    this.outbox = outbox;
    this.inbox = inbox;
  }

  /** Returns the envelope of a map without its descriptor. */
  static Line probe() {
    return Line.ofHandle(PassedMap.ENVELOPE, null);
  }

  /** Sets the listener for internal messages of a kind. */
  void listenInternally(String command, MessageListener listener) {
    internalListeners.put(command, listener);
  }

  /**
   * Receives a message.
   *
   * @param arrived has its descriptor, if there is one
   */
  void receive(JsonNode message, Arrived arrived) throws InterruptedException {
    String command = command(message);
    if (command.equals(HANDLE)) {
      receiveHandle(message, arrived.take());
    } else {
      dispatch(command, message, null);
    }
  }

  /** Returns the command of an internal message, "" if it is the user's. */
  private static String command(JsonNode message) {
    JsonNode command = message.get("cmd");
    if (command == null || !command.isTextual()) {
      return "";
    }
    String text = command.textValue();
    return text.length() > PREFIX.length() && text.startsWith(PREFIX) ? text : "";
  }

  private void dispatch(String command, JsonNode message, Handle handle)
      throws InterruptedException {
    switch (command) {
      case "" -> inbox.deliver(message, handle);
      case ACK -> outbox.acknowledged();
      case NACK -> receiveRefusal(message);
      case COUNT_QUERY -> answerCount(message.path("key").asText());
      case CLOSE_NOTICE -> {
        sockets.awaitClose(message.path("key").asText());
        answerClosed();
      }
      default -> tellInternally(command, message, handle);
    }
  }

  private void tellInternally(String command, JsonNode message, Handle handle) {
    MessageListener listener = internalListeners.get(command);
    Inbox.tell(listener == null ? List.of() : List.of(listener), message, handle);
  }

  // ---- handles ----

  private void receiveHandle(JsonNode envelope, Descriptor descriptor) throws InterruptedException {
    // Node wraps a refused socket once more when it sends it again.
    JsonNode inner = envelope;
    while (command(inner.path("msg")).equals(HANDLE)) {
      inner = inner.get("msg");
    }
    String type = inner.path("type").asText();
    if (descriptor == null) {
      refuse(null);
      return;
    }
    if (!SOCKET_TYPES.contains(type) && !type.equals(PassedMap.TYPE)) {
      descriptor.close();
      refuse("handles of type '" + type + "' are unknown here");
      Uncaught.tell(
          new ShareFormatException(
              "SHO_EFORMAT", "a handle of the unknown type '" + type + "' came, and was refused"));
      return;
    }
    JsonNode message = inner.has("msg") ? inner.get("msg") : JsonNodeFactory.instance.nullNode();
    String command = command(message);
    if (command.isEmpty() && !inbox.takesHandle(message)) {
      descriptor.close();
      refuse(Inbox.MOST_HANDLES + " handles wait already for a listener");
      return;
    }
    answer(answer(ACK));
    Handle handle = new Handle(type, descriptor);
    JsonNode key = inner.get("key");
    if (key != null && key.isTextual()) {
      sockets.add(key.textValue(), handle);
    }
    dispatch(command, message, handle);
  }

  private void refuse(String reason) throws InterruptedException {
    ObjectNode refusal = answer(NACK);
    refusal.putArray(KNOWS).add(PassedMap.TYPE);
    if (reason != null) {
      refusal.put(REASON, reason);
    }
    answer(refusal);
  }

  private void receiveRefusal(JsonNode refusal) {
    boolean knowsMaps = false;
    for (JsonNode known : refusal.path(KNOWS)) {
      knowsMaps |= known.asText().equals(PassedMap.TYPE);
    }
    outbox.refused(knowsMaps, refusal.path(REASON).textValue());
  }

  private static ObjectNode answer(String command) {
    return JsonNodeFactory.instance.objectNode().put("cmd", command);
  }

  private void answer(ObjectNode message) throws InterruptedException {
    outbox.addAnswer(new Outgoing(Line.of(message), null, new CompletableFuture<>()));
  }

  // ---- sockets of the other side's servers ----

  private void answerCount(String key) {
    send(answer(COUNT).put("key", key).put("count", sockets.count(key)));
  }

  /** Returns whether {@link #answerClosed} is to be called again soon. */
  boolean isAwaitingClose() {
    return sockets.isAwaited();
  }

  /** Reports the servers that have no socket here any more, if the other side asked. */
  void answerClosed() {
    for (String key : sockets.closed()) {
      send(answer(ALL_CLOSED).put("key", key));
    }
  }

  private void send(ObjectNode message) {
    outbox.add(new Outgoing(Line.of(message), null, new CompletableFuture<>()), false);
  }
}
