package org.shareobject.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.ipc.Worker;
import org.shareobject.testing.Futures;
import org.shareobject.testing.NeedsNode;

/**
 * Real Node at either end, with the classes of the examples; and with the published ones, if the
 * environment names the folder where their text is.
 */
@NeedsNode
@Timeout(180)
class NodeStoreTest {
  private static final int OPERATIONS = 10_000;
  private static final String OURS = "ours";
  private static final String THEIRS = "published";
  private static final String PUBLISHED = "SHO_PUBLISHED";
  private static final Path SCRIPTS = Path.of("test", "node", "store").toAbsolutePath();

  // ---- users in Node ----

  /** Skips the test if it is about the published classes and these are not here. */
  private static String present(String whose) {
    assumeTrue(
        whose.equals(OURS) || System.getenv(PUBLISHED) != null,
        "needs that " + PUBLISHED + " names the folder with the published text");
    return whose;
  }

  private static Worker user(String whose, int id, String... args) {
    List<String> command =
        new ArrayList<>(
            List.of("node", SCRIPTS.resolve("user.js").toString(), present(whose), "" + id));
    command.addAll(List.of(args));
    return Worker.spawn(new ProcessBuilder(command));
  }

  @ParameterizedTest
  @ValueSource(strings = {OURS, THEIRS})
  void shouldServeUsers(String whose) {
    ConcurrentMap<String, JsonNode> store = new ConcurrentHashMap<>();
    serveUsers(whose, store);
    assertEquals(200, store.size());
  }

  @ParameterizedTest
  @ValueSource(strings = {OURS, THEIRS})
  void shouldServeUsersFromAShareMap(String whose) {
    try (ShareMap<String, JsonNode> store =
        ShareMap.builder(Codec.STRING, Codec.json(JsonNode.class)).openAnonymous()) {
      serveUsers(whose, store);
      assertEquals(200, store.size());
    }
  }

  private static void serveUsers(String whose, ConcurrentMap<String, JsonNode> store) {
    Manager manager = new Manager(store);
    try (Worker first = user(whose, 1, "check", "" + OPERATIONS);
        Worker second = user(whose, 2, "check", "" + OPERATIONS)) {
      manager.attach(1, first.channel());
      manager.attach(2, second.channel());
      assertEquals(OPERATIONS, result(first).intValue());
      assertEquals(OPERATIONS, result(second).intValue());
    }
  }

  private static JsonNode result(Worker worker) {
    return new RawMessages(worker.channel()).next().path("result");
  }

  private static JsonNode call(Manager manager, String whose, String method, String key) {
    try (Worker worker = user(whose, 1, "call", method, key)) {
      manager.attach(1, worker.channel());
      return result(worker);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {OURS, THEIRS})
  void shouldCountForUsers(String whose) {
    Manager manager = new Manager(new ConcurrentHashMap<>());
    assertEquals(1, call(manager, whose, "plusOne", "a").intValue());
    assertEquals(2, call(manager, whose, "plusOne", "a").intValue());
  }

  @Test
  void shouldTellUsersWhatIsRefused() {
    Manager manager = new Manager(new ConcurrentHashMap<>(Map.of("a", TextNode.valueOf("b"))));
    assertEquals(
        "SHO_EINVAL: 'a' is not a number, but of type STRING",
        call(manager, OURS, "plusOne", "a").textValue());
  }

  @Test
  void shouldTellPublishedUsersWhatIsRefused() {
    Manager manager = new Manager(new ConcurrentHashMap<>());
    assertEquals(
        "refused: there is no method \"hasOwnProperty\"; there are get, set, remove and plusOne",
        call(manager, THEIRS, "hasOwnProperty", "a").textValue());
  }

  @Test
  void shouldGoOnWhenAWorkerIsKilled() throws InterruptedException {
    Manager manager = new Manager(new ConcurrentHashMap<>());
    try (Worker killed = user(OURS, 1, "check", "10000000");
        Worker other = user(OURS, 2, "check", "" + OPERATIONS)) {
      manager.attach(1, killed.channel());
      Futures.await(() -> !manager.store().isEmpty());
      manager.attach(2, other.channel());
      killed.process().destroyForcibly().waitFor();
      assertEquals(OPERATIONS, result(other).intValue());
      Futures.await(() -> !manager.workers().contains(1));
      try (Worker next = user(OURS, 1, "check", "" + OPERATIONS)) {
        manager.attach(1, next.channel());
        assertEquals(OPERATIONS, result(next).intValue());
      }
    }
  }

  // ---- users in JVMs ----

  private static String manager(String whose, String how, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("node", SCRIPTS.resolve("manager.js").toString()));
    command.addAll(List.of(present(whose), how));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xcheck:jni", "-XX:+UseSerialGC"));
    if (Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(UserProgram.class.getName(), "--"));
    command.addAll(List.of(args));
    Process node = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    try {
      node.getOutputStream().close();
      String out = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(node.waitFor(30, TimeUnit.SECONDS));
      assertEquals(0, node.exitValue(), out);
      return out;
    } finally {
      node.descendants().forEach(ProcessHandle::destroyForcibly);
      node.destroyForcibly();
    }
  }

  @ParameterizedTest
  @CsvSource({"ours, cluster", "ours, child", "published, cluster", "published, child"})
  void shouldUseAManager(String whose, String how) throws Exception {
    assertEquals(OPERATIONS + " right\n", manager(whose, how, "1", "check", "" + OPERATIONS));
  }

  @Test
  void shouldFailWhenTheMasterDies() throws Exception {
    assertEquals(
        "get of 'a' was not answered: the manager is gone\n",
        manager(OURS, "child", "1", "orphan"));
  }

  // ---- JVMs at both ends ----

  @Test
  void shouldCountExactlyForManyWorkers() {
    Manager manager = new Manager(new ConcurrentHashMap<>());
    try (Worker first = Worker.fork(UserProgram.class, "1", "count", "" + OPERATIONS);
        Worker second = Worker.fork(UserProgram.class, "2", "count", "" + OPERATIONS);
        Worker third = user(OURS, 3, "check", "" + OPERATIONS)) {
      manager.attach(1, first.channel());
      manager.attach(2, second.channel());
      manager.attach(3, third.channel());
      assertEquals(0, Futures.get(first.process().onExit()).exitValue());
      assertEquals(0, Futures.get(second.process().onExit()).exitValue());
      assertEquals(OPERATIONS, result(third).intValue());
    }
    assertEquals(2 * OPERATIONS, manager.store().get("n").intValue());
  }
}
