package org.shareobject.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.shareobject.store.RawMessages.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.ipc.ChannelPair;
import org.shareobject.testing.Futures;

/** What a manager answers, on the wire. */
@Timeout(120)
class ManagerTest {
  private final ChannelPair pair = ChannelPair.open();
  private final ConcurrentMap<String, JsonNode> store = new ConcurrentHashMap<>();
  private final Manager manager = new Manager(store);
  private final RawMessages worker = new RawMessages(pair.right());

  ManagerTest() {
    manager.attach(1, pair.left());
  }

  @AfterEach
  void close() {
    pair.close();
  }

  /** Returns a request; the rest as {@code 'key':'a','value':1}. */
  private static String request(String method, String rest) {
    return "{'isSharedMemoryMessage':true,'method':'"
        + method
        + "','id':1,'uuid':7"
        + (rest.isEmpty() ? "" : "," + rest)
        + "}";
  }

  private static JsonNode answer(String value) {
    return json("{'isSharedMemoryMessage':true,'uuid':7,'value':" + value + "}");
  }

  private static final JsonNode NO_VALUE = json("{'isSharedMemoryMessage':true,'uuid':7}");

  private static void assertRefused(JsonNode answer, String code, String words) {
    assertEquals(7, answer.path("uuid").asInt(), answer.toString());
    assertEquals(code, answer.path("error").path("code").textValue(), answer.toString());
    String message = answer.path("error").path("message").textValue();
    assertTrue(message.contains(words), message);
  }

  // ---- methods ----

  @Test
  void shouldAnswerInTheWireOfTheText() {
    assertEquals(NO_VALUE, worker.ask(request("get", "'key':'a','value':null")));
    assertEquals(answer("'OK'"), worker.ask(request("set", "'key':'a','value':[0,1,2,3]")));
    assertEquals(json("[0,1,2,3]"), store.get("a"));
    assertEquals(answer("[0,1,2,3]"), worker.ask(request("get", "'key':'a','value':null")));
    assertEquals(answer("'OK'"), worker.ask(request("remove", "'key':'a','value':null")));
    assertNull(store.get("a"));
    assertEquals(answer("'OK'"), worker.ask(request("remove", "'key':'a'")));
  }

  @Test
  void shouldTellNullFromAbsence() {
    assertEquals(answer("'OK'"), worker.ask(request("set", "'key':'a','value':null")));
    assertEquals(answer("null"), worker.ask(request("get", "'key':'a'")));
    assertEquals(answer("'OK'"), worker.ask(request("set", "'key':'a'")));
    assertEquals(NO_VALUE, worker.ask(request("get", "'key':'a'")));
  }

  @Test
  void shouldSetManyPairs() {
    assertEquals(answer("'OK'"), worker.ask(request("set", "'value':{'a':1,'b':[2],'':null}")));
    assertEquals(Set.of("a", "b", ""), store.keySet());
    assertEquals(json("[2]"), store.get("b"));
    assertEquals(answer("'OK'"), worker.ask(request("set", "'value':{}")));
    assertRefused(worker.ask(request("set", "'value':[1]")), "SHO_EINVAL", "object of pairs");
    assertRefused(worker.ask(request("set", "")), "SHO_EINVAL", "object of pairs");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "-1, 0",
    "2147483647, 2147483648",
    "9223372036854775807, 9223372036854775808",
    "-9223372036854775809, -9223372036854775808",
    "1.5, 2.5",
    "1e300, 1e300"
  })
  void shouldAddOneToEveryKindOfNumber(String number, String next) {
    worker.ask(request("set", "'key':'n','value':" + number));
    assertEquals(answer(next), worker.ask(request("plusOne", "'key':'n'")));
    assertEquals(answer(next), worker.ask(request("get", "'key':'n'")));
  }

  @Test
  void shouldCountFromNothing() {
    assertEquals(answer("1"), worker.ask(request("plusOne", "'key':'n','value':null")));
    assertEquals(answer("2"), worker.ask(request("plusOne", "'key':'n'")));
    assertEquals(IntNode.valueOf(2), store.get("n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"'1'", "null", "true", "[1]", "{}"})
  void shouldNotAddOneToWhatIsNoNumber(String value) {
    worker.ask(request("set", "'key':'n','value':" + value));
    assertRefused(worker.ask(request("plusOne", "'key':'n'")), "SHO_EINVAL", "'n' is not a number");
    assertEquals(answer(value), worker.ask(request("get", "'key':'n'")));
  }

  // ---- odd requests ----

  @ParameterizedTest
  @ValueSource(
      strings = {"constructor", "toString", "handle", "__proto__", "lru", "attach", "Get", "", "é"})
  void shouldRefuseUnknownMethods(String method) {
    JsonNode answer = worker.ask(request(method, "'key':'a'"));
    assertRefused(answer, "SHO_EINVAL", "there is no method \"" + method + "\"");
    assertRefused(answer, "SHO_EINVAL", "there are get, set, remove and plusOne");
    assertEquals(
        "refused: " + answer.path("error").path("message").textValue(),
        answer.path("value").textValue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "5", "{}", "['get']", "true"})
  void shouldRefuseMethodsThatAreNoText(String method) {
    assertRefused(
        worker.ask("{'isSharedMemoryMessage':true,'uuid':7,'key':'a','method':" + method + "}"),
        "SHO_EINVAL",
        "there is no method");
  }

  @ParameterizedTest
  @ValueSource(strings = {"'key':null", "'key':{}", "'key':['a']", "'value':1"})
  void shouldRefuseKeysThatAreNoText(String key) {
    JsonNode answer = worker.ask(request("get", key));
    assertRefused(answer, "SHO_EINVAL", "a key must be a text");
    assertFalse(answer.has("value"), "a user would take it for the key's");
  }

  @Test
  void shouldTakeNumbersAndBooleansAsKeysAsJavaScriptDoes() {
    worker.ask(request("set", "'key':5,'value':'five'"));
    worker.ask(request("set", "'key':true,'value':'yes'"));
    assertEquals(answer("'five'"), worker.ask(request("get", "'key':'5'")));
    assertEquals(answer("'yes'"), worker.ask(request("get", "'key':'true'")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "'1-2'", "1.5", "{'a':[]}", "12345678901234567890"})
  void shouldEchoWhateverIsTheUuid(String uuid) {
    assertEquals(
        json("{'isSharedMemoryMessage':true,'value':1,'uuid':" + uuid + "}"),
        worker.ask(
            "{'isSharedMemoryMessage':true,'method':'plusOne','key':'a','uuid':" + uuid + "}"));
  }

  @Test
  void shouldAnswerRequestsWithoutUuidOrId() {
    assertEquals(
        json("{'isSharedMemoryMessage':true}"),
        worker.ask("{'isSharedMemoryMessage':true,'method':'get','key':'a'}"));
  }

  @Test
  void shouldLeaveOtherMessagesToOthers() throws InterruptedException {
    BlockingQueue<JsonNode> others = new LinkedBlockingQueue<>();
    pair.left().onMessage((message, handle) -> others.add(message));
    String[] messages = {
      "'text'",
      "5",
      "null",
      "[{'isSharedMemoryMessage':true,'method':'get'}]",
      "{'method':'get','key':'a','uuid':1}",
      "{'isSharedMemoryMessage':false,'method':'get','key':'a','uuid':1}",
      "{'isSharedMemoryMessage':true,'uuid':1,'value':'an answer'}"
    };
    for (String message : messages) {
      worker.send(message);
      assertEquals(json(message), others.poll(30, TimeUnit.SECONDS));
    }
    worker.ask(request("get", "'key':'a'"));
    assertTrue(others.isEmpty());
    assertTrue(worker.isEmpty());
  }

  // ---- workers ----

  @Test
  void shouldAnswerWhereTheRequestCameFrom() {
    try (ChannelPair other = ChannelPair.open()) {
      manager.attach(2, other.left());
      RawMessages second = new RawMessages(other.right());
      second.send("{'isSharedMemoryMessage':true,'method':'plusOne','key':'a','id':1,'uuid':9}");
      assertEquals(9, second.next().path("uuid").asInt());
      worker.ask(request("get", "'key':'a'"));
      assertTrue(worker.isEmpty());
    }
  }

  @Test
  void shouldKnowWhichWorkersAreAttached() {
    assertEquals(Set.of(1), manager.workers());
    try (ChannelPair other = ChannelPair.open();
        ChannelPair again = ChannelPair.open()) {
      manager.attach(2, other.left());
      assertEquals(Set.of(1, 2), manager.workers());
      manager.attach(2, again.left());
      other.right().disconnect();
      Futures.await(() -> !other.left().isConnected());
      assertEquals(answer("'OK'"), worker.ask(request("remove", "'key':'a'")));
      assertEquals(Set.of(1, 2), manager.workers());
    }
    Futures.await(() -> manager.workers().equals(Set.of(1)));
  }

  @Test
  void shouldGoOnWhenAWorkerIsGoneBeforeItsAnswer() {
    try (ChannelPair other = ChannelPair.open()) {
      manager.attach(2, other.left());
      for (int i = 0; i < 1000; i++) {
        CompletableFuture<Void> unused =
            other.right().send(json("{'isSharedMemoryMessage':true,'method':'plusOne','key':'n'}"));
      }
      AtomicBoolean isAllRead = new AtomicBoolean();
      other.left().onDisconnect(() -> isAllRead.set(true));
      other.right().disconnect();
      Futures.await(isAllRead::get);
    }
    assertEquals(answer("1001"), worker.ask(request("plusOne", "'key':'n'")));
  }

  // ---- stores ----

  @Test
  void shouldServeAShareMapThatOthersSee() {
    try (ShareMap<String, JsonNode> map =
            ShareMap.builder(Codec.STRING, Codec.json(JsonNode.class)).openAnonymous();
        ChannelPair other = ChannelPair.open()) {
      new Manager(map).attach(2, other.left());
      RawMessages user = new RawMessages(other.right());
      assertEquals(answer("'OK'"), user.ask(request("set", "'key':'a','value':{'b':[1,null]}")));
      assertEquals(json("{'b':[1,null]}"), map.get("a"));
      map.set("a", TextNode.valueOf("local"));
      assertEquals(answer("'local'"), user.ask(request("get", "'key':'a'")));
      assertEquals(answer("'OK'"), user.ask(request("set", "'key':'a','value':null")));
      assertEquals(answer("null"), user.ask(request("get", "'key':'a'")));
      assertEquals(answer("1"), user.ask(request("plusOne", "'key':'n'")));
      assertEquals(answer("2"), user.ask(request("plusOne", "'key':'n'")));
      assertEquals(answer("'OK'"), user.ask(request("remove", "'key':'n'")));
      assertNull(map.get("n"));
    }
  }

  @Test
  void shouldSayWhenTheStoreIsFull() {
    try (ShareMap<String, JsonNode> map =
            ShareMap.builder(Codec.STRING, Codec.json(JsonNode.class))
                .capacity(1 << 20)
                .openAnonymous();
        ChannelPair other = ChannelPair.open()) {
      new Manager(map).attach(2, other.left());
      RawMessages user = new RawMessages(other.right());
      String huge = "'key':'a','value':'" + "x".repeat(2 << 20) + "'";
      JsonNode answer = user.ask(request("set", huge));
      assertRefused(answer, "SHO_ETOOBIG", "");
      assertTrue(answer.path("value").textValue().startsWith("refused: "), answer.toString());
      assertEquals(NO_VALUE, user.ask(request("get", "'key':'a'")));
    }
  }

  @Test
  void shouldRefuseWhatTheStoreFailsAt() {
    ConcurrentMap<String, JsonNode> broken =
        new ConcurrentHashMap<>() {
          private static final long serialVersionUID = 1L;

          @Override
          public JsonNode get(Object key) {
            throw new UnsupportedOperationException("not today");
          }
        };
    try (ChannelPair other = ChannelPair.open()) {
      new Manager(broken).attach(2, other.left());
      RawMessages user = new RawMessages(other.right());
      JsonNode answer = user.ask(request("get", "'key':'a'"));
      assertRefused(answer, "SHO_ESYSTEM", "not today");
      assertEquals(answer("'OK'"), user.ask(request("set", "'key':'a','value':1")));
    }
  }

  @Test
  void shouldForgetWhatACacheHasNoRoomFor() {
    Cache<String, JsonNode> cache =
        Caffeine.newBuilder().maximumSize(2).executor(Runnable::run).build();
    try (ChannelPair other = ChannelPair.open()) {
      new Manager(cache.asMap()).attach(2, other.left());
      RawMessages user = new RawMessages(other.right());
      for (String key : List.of("a", "b", "c", "d")) {
        assertEquals(answer("1"), user.ask(request("plusOne", "'key':'" + key + "'")));
      }
      cache.cleanUp();
      assertEquals(2, cache.asMap().size());
      for (String key : List.of("a", "b", "c", "d")) {
        JsonNode expected = cache.asMap().containsKey(key) ? answer("1") : NO_VALUE;
        assertEquals(expected, user.ask(request("get", "'key':'" + key + "'")));
      }
    }
  }
}
