package org.shareobject.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigInteger;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.shareobject.ShareException;
import org.shareobject.ipc.Channel;

/**
 * Keeps the values that {@link User}s of other processes set and get by messages, like the {@code
 * Manager} of ShareObject for Node. A user may be the {@code User} of ShareObject for Node.
 *
 * <p>The store is any {@code ConcurrentMap}. A {@link org.shareobject.ShareMap} of {@code
 * Codec.STRING} and {@code Codec.json(JsonNode.class)} outlives this process, has its own limits
 * ({@code Eviction.S3_FIFO}, {@code timeToLive}), and local processes can read it without a
 * message. The map of a bounded cache, such as Caffeine's {@code asMap()}, drops entries that it
 * has no room for. A store without limits grows with its keys.
 *
 * <p>Each operation is as atomic as the store's own, including {@code plusOne}. Setting many pairs
 * is not: others may see some of them set. The thread of the channel that a request came through
 * performs it. A request that is refused &mdash; an unknown method, a key that is not a text,
 * {@code plusOne} of something that is not a number, a full store &mdash; is answered with the
 * reason and has changed nothing, except that some of many pairs may be set. All methods may be
 * called by any thread at any time.
 */
public final class Manager {
  private static final JsonNode OK = TextNode.valueOf("OK");

  private final ConcurrentMap<String, JsonNode> store;
  private final ConcurrentMap<Integer, Channel> workers = new ConcurrentHashMap<>();

  /**
   * Creates a manager for a store.
   *
   * @param store all users see its contents at once; the caller closes it, if necessary, after the
   *     last worker
   */
  @SuppressWarnings("exports") // as module-info says
  public Manager(ConcurrentMap<String, JsonNode> store) {
    this.store = Objects.requireNonNull(store, "store");
  }

  /**
   * Returns the store.
   *
   * @return the values that users set; may be changed
   */
  @SuppressWarnings("exports") // as module-info says
  public ConcurrentMap<String, JsonNode> store() {
    return store;
  }

  /**
   * Serves a worker's users until its channel ends. Takes only their requests, and leaves all other
   * messages to the channel's other listeners. An answer goes back through the channel of its
   * request, whatever id the request names.
   *
   * @param id the worker's number, such as {@code cluster.worker.id}; an attached worker of the
   *     same number is replaced, for example by one that was started again
   * @param worker the channel to it
   */
  public void attach(int id, Channel worker) {
    workers.put(id, worker);
    worker.onDisconnect(() -> workers.remove(id, worker));
    worker.onMessage(Wire::isRequest, (request, handle) -> answer(worker, request));
  }

  /**
   * Returns the numbers of the attached workers.
   *
   * @return a view of the numbers of those that are connected
   */
  public Set<Integer> workers() {
    return Collections.unmodifiableSet(workers.keySet());
  }

  private void answer(Channel worker, JsonNode request) {
    try {
      send(worker, request, Wire.answer(request, perform(request)));
    } catch (ShareException | IllegalArgumentException e) {
      send(worker, request, Wire.refusal(request, e));
    } catch (RuntimeException e) {
      send(worker, request, Wire.refusal(request, e));
      throw e; // a failure of the store, reported here too
    }
  }

  /** A value that cannot be sent, for example because it is too large, is refused. */
  private static void send(Channel worker, JsonNode request, ObjectNode answer) {
    CompletableFuture<Void> unused =
        worker
            .send(answer)
            .exceptionallyCompose(
                e ->
                    e instanceof RuntimeException reason
                        ? worker.send(Wire.refusal(request, reason))
                        : CompletableFuture.failedFuture(e));
  }

  private JsonNode perform(JsonNode request) {
    JsonNode method = request.get(Wire.METHOD);
    return switch (String.valueOf(method.textValue())) {
      case Wire.GET -> store.get(key(request));
      case Wire.SET -> set(request);
      case Wire.REMOVE -> remove(key(request));
      case Wire.PLUS_ONE -> store.compute(key(request), Manager::plusOne);
      default ->
          throw new IllegalArgumentException(
              "there is no method " + method + "; there are get, set, remove and plusOne");
    };
  }

  private JsonNode set(JsonNode request) {
    JsonNode value = request.get(Wire.VALUE);
    if (request.has(Wire.KEY)) {
      // JavaScript's undefined is the absence of a value.
      return value == null ? remove(key(request)) : put(key(request), value);
    }
    if (value == null || !value.isObject()) {
      throw new IllegalArgumentException("a set without a key needs an object of pairs as value");
    }
    for (Map.Entry<String, JsonNode> pair : value.properties()) {
      store.put(pair.getKey(), pair.getValue());
    }
    return OK;
  }

  private JsonNode put(String key, JsonNode value) {
    store.put(key, value);
    return OK;
  }

  private JsonNode remove(String key) {
    store.remove(key);
    return OK;
  }

  private static JsonNode plusOne(String key, JsonNode value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (value == null) {
      return nodes.numberNode(1);
    }
    if (value.isIntegralNumber()
        && value.canConvertToInt()
        && value.intValue() < Integer.MAX_VALUE) {
      return nodes.numberNode(value.intValue() + 1);
    }
    if (value.isIntegralNumber()) {
      return nodes.numberNode(value.bigIntegerValue().add(BigInteger.ONE));
    }
    if (value.isNumber()) {
      return nodes.numberNode(value.doubleValue() + 1);
    }
    throw new IllegalArgumentException(
        "'" + key + "' is not a number, but of type " + value.getNodeType());
  }

  /** Converts a key as JavaScript converts property names. */
  private static String key(JsonNode request) {
    JsonNode key = request.path(Wire.KEY);
    if (!key.isTextual() && !key.isNumber() && !key.isBoolean()) {
      throw new IllegalArgumentException(
          "a key must be a text" + (key.isMissingNode() ? "" : ", not " + key.getNodeType()));
    }
    return key.asText();
  }
}
