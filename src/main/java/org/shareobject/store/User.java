package org.shareobject.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareFullException;
import org.shareobject.ShareValueTooLargeException;
import org.shareobject.ipc.Channel;

/**
 * Sets and gets the values that a {@link Manager} in another process keeps, by messages, like the
 * {@code User} of ShareObject for Node. The manager may be the {@code Manager} of ShareObject for
 * Node, which knows only {@code get} and {@code set}, and ends when it receives any other method.
 *
 * <p>No method blocks. Requests are performed in the order in which they were sent. The future of
 * each completes with the manager's answer, and fails with
 *
 * <ul>
 *   <li>{@link TimeoutException} if there is no answer within the time limit. The request may or
 *       may not have been performed;
 *   <li>{@link ShareClosedException} if the manager ends before it has answered. The request may or
 *       may not have been performed;
 *   <li>{@link IllegalArgumentException} if the manager refuses the request, such as {@code
 *       plusOne} of a text, or if Jackson cannot write the value; {@link ShareFullException} and
 *       {@link ShareValueTooLargeException} if the manager, or the channel, has no room for it; in
 *       other cases another {@link ShareException}.
 * </ul>
 *
 * <p>Stages that depend on a future run in the channel's thread and should not block. Any number of
 * users and other listeners may share a channel, and any number of threads a user. As in Node, a
 * user keeps the JVM alive until its channel is disconnected.
 */
public final class User {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final AtomicInteger COUNT = new AtomicInteger();

  /** A {@code uuid} is a number that JavaScript holds exactly: 21 bits of user, 32 of request. */
  private static final int REQUEST_BITS = 32;

  private static final long MOST_USERS = 1L << 21;
  private static final long MOST_REQUESTS = 1L << REQUEST_BITS;

  private final int id;
  private final Channel manager;
  private final long limitNanos;
  private final String limitText;
  private final long number = COUNT.getAndIncrement() % MOST_USERS;
  private final AtomicLong requests = new AtomicLong();
  private final ConcurrentMap<Long, Request> pending = new ConcurrentHashMap<>();

  /**
   * What is not answered yet.
   *
   * @param what method and key, for messages
   * @param answer what came
   */
  private record Request(String what, CompletableFuture<JsonNode> answer) {}

  /**
   * Creates a user with a time limit of 30 s.
   *
   * @param id this worker's number, which its requests name, such as {@code cluster.worker.id}
   * @param parent the channel to the manager, such as {@link Channel#parent()}
   */
  public User(int id, Channel parent) {
    this(id, parent, LIMIT);
  }

  /**
   * Creates a user.
   *
   * @param id this worker's number, which its requests name
   * @param parent the channel to the manager
   * @param limit how long a request waits for its answer; above zero, up to 292 years
   * @throws IllegalArgumentException if the limit is not above zero
   */
  public User(int id, Channel parent, Duration limit) {
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("the time limit must be above zero, not " + limit);
    }
    this.id = id;
    manager = Objects.requireNonNull(parent, "parent");
    limitNanos = TimeUnit.NANOSECONDS.convert(limit);
    limitText = limit.toString().substring(2).toLowerCase(Locale.ROOT);
    parent.onMessage(this::isMine, (message, handle) -> receive(message));
    parent.onDisconnect(this::ended);
  }

  /**
   * Gets the value of a key.
   *
   * @param key the key
   * @return completes with the value, or with null if there is no such key; a JSON null is a {@code
   *     NullNode}
   */
  @SuppressWarnings("exports") // as module-info says
  public CompletableFuture<JsonNode> get(String key) {
    return ask(Wire.GET, Objects.requireNonNull(key, "key"), null, Function.identity());
  }

  /**
   * Sets the value of a key.
   *
   * @param key the key
   * @param value anything that Jackson can write; null becomes JSON's null
   * @return completes with {@code OK}
   */
  public CompletableFuture<String> set(String key, Object value) {
    return ask(Wire.SET, Objects.requireNonNull(key, "key"), value, User::text);
  }

  /**
   * Sets many keys by one message. Each pair is set atomically, not all of them together.
   *
   * @param pairs keys, and values as in {@link #set(String, Object)}
   * @return completes with {@code OK}
   */
  public CompletableFuture<String> set(Map<String, ?> pairs) {
    return ask(Wire.SET, null, Objects.requireNonNull(pairs, "pairs"), User::text);
  }

  /**
   * Removes a key.
   *
   * @param key the key
   * @return completes with {@code OK}, whether there was one or not
   */
  public CompletableFuture<String> remove(String key) {
    return ask(Wire.REMOVE, Objects.requireNonNull(key, "key"), null, User::text);
  }

  /**
   * Adds one to a number, atomically among all users of the manager.
   *
   * @param key the key; absent counts as 0
   * @return completes with the new number
   */
  @SuppressWarnings("exports") // as module-info says
  public CompletableFuture<JsonNode> plusOne(String key) {
    return ask(Wire.PLUS_ONE, Objects.requireNonNull(key, "key"), null, Function.identity());
  }

  private static String text(JsonNode value) {
    return value == null ? null : value.asText();
  }

  private <T> CompletableFuture<T> ask(
      String method, String key, Object value, Function<JsonNode, T> result) {
    long uuid = number << REQUEST_BITS | requests.getAndIncrement() % MOST_REQUESTS;
    Request request =
        new Request(method + (key == null ? "" : " of '" + key + "'"), new CompletableFuture<>());
    pending.put(uuid, request);
    CompletableFuture<Void> sent = manager.send(message(method, uuid, key, value));
    // Like the future of send, it refuses to be waited for by the thread that would complete it.
    CompletableFuture<T> future = sent.newIncompleteFuture();
    CompletableFuture<?> unused =
        request
            .answer()
            .orTimeout(limitNanos, TimeUnit.NANOSECONDS)
            .whenComplete(
                (answer, failure) -> {
                  pending.remove(uuid);
                  complete(future, request, answer, failure, result);
                });
    unused = sent.exceptionally(failure -> fail(request, failure));
    unused = future.whenComplete((done, failure) -> request.answer().cancel(false));
    return future;
  }

  private static Void fail(Request request, Throwable failure) {
    request.answer().completeExceptionally(failure);
    return null;
  }

  private Map<String, Object> message(String method, long uuid, String key, Object value) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put(Wire.FLAG, true);
    message.put(Wire.METHOD, method);
    message.put(Wire.ID, id);
    message.put(Wire.UUID, uuid);
    if (key != null) {
      message.put(Wire.KEY, key);
    }
    message.put(Wire.VALUE, value);
    return message;
  }

  private <T> void complete(
      CompletableFuture<T> future,
      Request request,
      JsonNode answer,
      Throwable failure,
      Function<JsonNode, T> result) {
    if (failure != null) {
      future.completeExceptionally(explained(request, failure));
    } else if (answer.has(Wire.ERROR)) {
      future.completeExceptionally(Wire.exception(answer.get(Wire.ERROR), request.what()));
    } else {
      future.complete(result.apply(answer.get(Wire.VALUE)));
    }
  }

  private Throwable explained(Request request, Throwable failure) {
    if (failure instanceof TimeoutException) {
      return new TimeoutException(request.what() + " was not answered within " + limitText);
    }
    if (failure instanceof ShareClosedException) {
      return new ShareClosedException(
          "SHO_ECLOSED", request.what() + " was not answered: the manager is gone", failure);
    }
    return failure;
  }

  /** Late answers also belong to this user, and to nobody else. */
  private boolean isMine(JsonNode message) {
    JsonNode uuid = message.path(Wire.UUID);
    return Wire.isAnswer(message)
        && uuid.isIntegralNumber()
        && uuid.canConvertToLong()
        && uuid.longValue() >>> REQUEST_BITS == number;
  }

  private void receive(JsonNode answer) {
    Request request = pending.get(answer.get(Wire.UUID).longValue());
    if (request != null) {
      request.answer().complete(answer);
    }
  }

  private void ended() {
    ShareException gone =
        new ShareClosedException("SHO_ECLOSED", "the channel to the manager is disconnected");
    pending.values().forEach(request -> request.answer().completeExceptionally(gone));
  }
}
