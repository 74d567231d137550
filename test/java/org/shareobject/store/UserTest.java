package org.shareobject.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.shareobject.store.RawMessages.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.shareobject.Codec;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.ShareValueTooLargeException;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.ChannelPair;
import org.shareobject.testing.Failures;
import org.shareobject.testing.Futures;

/** A user, and what it makes of a manager's answers. */
@Timeout(120)
class UserTest {
  private static final Duration SHORT = Duration.ofMillis(50);

  private final ChannelPair pair = ChannelPair.open();
  private final Channel parent = pair.right();

  @AfterEach
  void close() {
    pair.close();
  }

  private record Point(int x, List<String> names) {}

  private User managed() {
    new Manager(new ConcurrentHashMap<>()).attach(1, pair.left());
    return new User(1, parent);
  }

  // ---- methods ----

  @Test
  void shouldSendTheWireOfTheText() {
    RawMessages manager = new RawMessages(pair.left());
    User user = new User(3, parent);
    CompletableFuture<String> set = user.set("a", List.of(0, 1));
    JsonNode request = manager.next();
    String uuid = request.path("uuid").toString();
    String common = "'isSharedMemoryMessage':true,'id':3,'uuid':";
    assertEquals(json("{" + common + uuid + ",'method':'set','key':'a','value':[0,1]}"), request);
    manager.send("{'isSharedMemoryMessage':true,'uuid':" + uuid + ",'value':'OK'}");
    assertEquals("OK", Futures.get(set));

    CompletableFuture<JsonNode> get = user.get("a");
    request = manager.next();
    String next = request.path("uuid").toString();
    assertEquals(json("{" + common + next + ",'method':'get','key':'a','value':null}"), request);
    assertFalse(next.equals(uuid));
    manager.send("{'isSharedMemoryMessage':true,'uuid':" + next + "}");
    assertNull(Futures.get(get));
  }

  @Test
  void shouldSetGetRemoveAndCount() {
    User user = managed();
    assertNull(Futures.get(user.get("a")));
    assertEquals("OK", Futures.get(user.set("a", new Point(1, List.of("é😀", "\n")))));
    assertEquals(json("{'x':1,'names':['é😀','\\n']}"), Futures.get(user.get("a")));
    assertEquals("OK", Futures.get(user.set("a", null)));
    assertEquals(NullNode.instance, Futures.get(user.get("a")));
    assertEquals("OK", Futures.get(user.remove("a")));
    assertNull(Futures.get(user.get("a")));
    assertEquals("OK", Futures.get(user.set(Map.of("b", 1, "c", List.of()))));
    assertEquals(json("[]"), Futures.get(user.get("c")));
    assertEquals(IntNode.valueOf(2), Futures.get(user.plusOne("b")));
    assertEquals(IntNode.valueOf(1), Futures.get(user.plusOne("n")));
  }

  @Test
  void shouldPerformRequestsInTheirOrder() {
    User user = managed();
    List<CompletableFuture<JsonNode>> gets = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      CompletableFuture<String> unused = user.set("a", i);
      gets.add(user.get("a"));
    }
    for (int i = 0; i < 1000; i++) {
      assertEquals(i, Futures.get(gets.get(i)).intValue());
    }
  }

  @Test
  void shouldRefuseNull() {
    User user = managed();
    assertThrows(NullPointerException.class, () -> user.get(null));
    assertThrows(NullPointerException.class, () -> user.set(null, 1));
    assertThrows(NullPointerException.class, () -> user.set((Map<String, ?>) null));
    assertThrows(NullPointerException.class, () -> user.remove(null));
    assertThrows(NullPointerException.class, () -> user.plusOne(null));
  }

  // ---- failures ----

  @Test
  void shouldTellWhatTheManagerRefuses() {
    User user = managed();
    Futures.get(user.set("a", "text"));
    Ends.fails(
        IllegalArgumentException.class,
        user.plusOne("a"),
        "plusOne of 'a' was refused by the manager: 'a' is not a number");
  }

  @Test
  void shouldTellOtherRefusalsApart() {
    try (ShareMap<String, JsonNode> map =
        ShareMap.builder(Codec.STRING, Codec.json(JsonNode.class))
            .capacity(1 << 20)
            .openAnonymous()) {
      new Manager(map).attach(1, pair.left());
      User user = new User(1, parent);
      Ends.fails(
          ShareValueTooLargeException.class,
          user.set("a", "x".repeat(2 << 20)),
          "set of 'a' was refused");
    }
  }

  @Test
  void shouldFailWithCodesItDoesNotKnow() {
    RawMessages manager = new RawMessages(pair.left());
    CompletableFuture<JsonNode> get = new User(1, parent).get("a");
    manager.send(
        "{'isSharedMemoryMessage':true,'error':{'code':'NEW','message':'why'},'uuid':"
            + manager.next().path("uuid")
            + "}");
    Ends.fails(ShareException.class, get, "get of 'a' was refused by the manager: why");
  }

  @Test
  void shouldRefuseValuesThatCannotBeWritten() {
    Ends.fails(IllegalArgumentException.class, managed().set("a", new Object()), "JSON");
  }

  @Test
  void shouldNameMethodAndKeyWhenNobodyAnswers() {
    User user = new User(1, parent, SHORT);
    Ends.fails(TimeoutException.class, user.get("a"), "get of 'a' was not answered within 0.05s");
    Ends.fails(TimeoutException.class, user.plusOne("b"), "plusOne of 'b'");
    Ends.fails(TimeoutException.class, user.set("c", 1), "set of 'c'");
    Ends.fails(TimeoutException.class, user.set(Map.of("d", 1)), "set was not answered");
    Ends.fails(TimeoutException.class, user.remove("e"), "remove of 'e'");
  }

  @Test
  void shouldDropAnswersThatComeTooLate() {
    RawMessages manager = new RawMessages(pair.left());
    RawMessages others = new RawMessages(parent);
    User user = new User(1, parent, SHORT);
    CompletableFuture<JsonNode> late = user.get("a");
    Ends.fails(TimeoutException.class, late);
    String answer = "{'isSharedMemoryMessage':true,'value':1,'uuid':" + manager.next().path("uuid");
    manager.send(answer + "}");
    User patient = new User(1, parent);
    CompletableFuture<JsonNode> next = patient.get("b");
    manager.send(
        "{'isSharedMemoryMessage':true,'value':2,'uuid':" + manager.next().path("uuid") + "}");
    assertEquals(2, Futures.get(next).intValue());
    assertTrue(others.isEmpty());
  }

  @Test
  void shouldRefuseLimitsThatAreNone() {
    Failures.refuses(() -> new User(1, parent, Duration.ZERO), "above zero", "PT0S");
    Failures.refuses(() -> new User(1, parent, Duration.ofMillis(-1)), "above zero");
    new User(1, parent, Duration.ofSeconds(Long.MAX_VALUE));
  }

  @Test
  void shouldFailWhenTheManagerGoes() {
    RawMessages manager = new RawMessages(pair.left());
    User user = new User(1, parent);
    CompletableFuture<JsonNode> get = user.get("a");
    manager.next();
    pair.left().disconnect();
    Ends.fails(ShareClosedException.class, get, "get of 'a' was not answered: the manager is gone");
    Ends.fails(
        ShareClosedException.class,
        user.set("b", 1),
        "set of 'b' was not answered: the manager is gone");
    Ends.fails(ShareClosedException.class, new User(1, parent).remove("c"), "remove of 'c'");
  }

  @Test
  void shouldStopWaitingWhenCancelled() {
    User user = new User(1, parent);
    CompletableFuture<JsonNode> get = user.get("a");
    assertTrue(get.cancel(false));
    assertTrue(get.isCancelled());
  }

  @Test
  void shouldRefuseToBeWaitedForByAListener() throws InterruptedException {
    User user = managed();
    BlockingQueue<Object> results = new LinkedBlockingQueue<>();
    parent.onMessage(
        (message, handle) -> {
          try {
            results.add(user.get("a").join());
          } catch (IllegalStateException e) {
            results.add(e);
          }
        });
    Futures.get(pair.left().send("go"));
    assertInstanceOf(IllegalStateException.class, results.poll(30, TimeUnit.SECONDS));
  }

  // ---- company ----

  @Test
  void shouldShareAChannelWithOthers() {
    User first = managed();
    User second = new User(1, parent);
    RawMessages others = new RawMessages(parent);
    List<CompletableFuture<JsonNode>> counts = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      counts.add((i % 2 == 0 ? first : second).plusOne("n"));
      if (i % 100 == 0) {
        Futures.get(pair.left().send(i));
      }
    }
    for (int i = 0; i < 1000; i++) {
      assertEquals(i + 1, Futures.get(counts.get(i)).intValue());
    }
    for (int i = 0; i < 1000; i += 100) {
      assertEquals(i, others.next().intValue());
    }
    assertTrue(others.isEmpty());
  }

  @Test
  void shouldLeaveAnswersToOthersAlone() {
    RawMessages others = new RawMessages(parent);
    User user = managed();
    String[] strange = {
      "{'isSharedMemoryMessage':true,'uuid':9007199254740991,'value':1}",
      "{'isSharedMemoryMessage':true,'uuid':-1,'value':1}",
      "{'isSharedMemoryMessage':true,'uuid':'0','value':1}",
      "{'isSharedMemoryMessage':true,'uuid':1e300,'value':1}",
      "{'isSharedMemoryMessage':true,'value':1}",
      "{'isSharedMemoryMessage':true,'method':'get','uuid':0}",
      "{'uuid':0,'value':1}"
    };
    for (String message : strange) {
      Futures.get(pair.left().send(json(message)));
      assertEquals(json(message), others.next());
    }
    assertEquals("OK", Futures.get(user.set("a", 1)));
  }

  @Test
  void shouldServeBothDirectionsOfOneChannel() {
    User right = managed();
    new Manager(new ConcurrentHashMap<>()).attach(2, pair.right());
    User left = new User(2, pair.left());
    assertEquals("OK", Futures.get(right.set("a", "in the left")));
    assertEquals("OK", Futures.get(left.set("a", "in the right")));
    assertEquals("in the left", Futures.get(right.get("a")).textValue());
    assertEquals("in the right", Futures.get(left.get("a")).textValue());
  }
}
