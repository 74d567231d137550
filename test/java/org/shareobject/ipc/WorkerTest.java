package org.shareobject.ipc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.Codec;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** Processes with a channel. */
@Timeout(180)
class WorkerTest {
  @TempDir Path folder;

  private static ProcessBuilder shell(String script) {
    return new ProcessBuilder("sh", "-c", script);
  }

  private static int exitValue(Worker worker) throws InterruptedException {
    assertTrue(worker.process().waitFor(60, TimeUnit.SECONDS), "the worker goes on");
    return worker.process().exitValue();
  }

  // ---- a JVM ----

  @Test
  void shouldTalkToAJvm() throws Exception {
    try (Worker worker = Worker.fork(Workers.Echo.class)) {
      Received received = Received.from(worker.channel());
      for (int i = 0; i < 1000; i++) {
        CompletableFuture<Void> unused = worker.channel().send(Map.of("number", i));
      }
      for (int i = 0; i < 1000; i++) {
        assertEquals(i, received.nextJson().get("number").intValue());
      }
      worker.channel().disconnect();
      assertEquals(0, exitValue(worker));
    }
  }

  @Test
  void shouldPassSocketsToAJvmAndBack() throws Exception {
    try (Worker worker = Worker.fork(Workers.Echo.class);
        ServerSocketChannel server = ServerSocketChannel.open()) {
      Received received = Received.from(worker.channel());
      server.bind(Loopback.port(0));
      Futures.get(worker.channel().send("server", server));
      received.next().handle().channel().close();
      try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
        Futures.get(worker.channel().send("socket", server.accept()));
        received.next().handle().channel().close();
        assertEquals(-1, client.read(ByteBuffer.allocate(1)));
      }
    }
  }

  @Test
  void shouldShareMemoryWithAJvm() {
    try (Worker first = Worker.fork(Workers.Adder.class);
        Worker second = Worker.fork(Workers.Adder.class);
        ShareMap<String, Long> map =
            ShareMap.builder(Codec.STRING, Codec.LONG).capacity(1 << 20).openAnonymous()) {
      Received fromFirst = Received.from(first.channel());
      Received fromSecond = Received.from(second.channel());
      Futures.get(first.channel().send(10_000, map));
      Futures.get(second.channel().send(10_000, map));
      long last = Math.max(fromFirst.nextJson().longValue(), fromSecond.nextJson().longValue());
      assertEquals(20_000, last);
      assertEquals(20_000, map.get("sum"));
    }
  }

  @Test
  void shouldTakeTheChannelOutOfTheEnvironment() {
    try (Worker worker = Worker.fork(Workers.Self.class, "one", "", "two words", "$HOME'\"")) {
      JsonNode self = Received.from(worker.channel()).nextJson();
      assertEquals("[\"one\",\"\",\"two words\",\"$HOME'\\\"\"]", self.get("args").toString());
      assertEquals("3", self.get("before").textValue());
      assertEquals("null", self.get("after").textValue());
      assertEquals("none none", self.get("grandchild").textValue());
      assertEquals("none none", self.get("touched").textValue());
      assertEquals(-1, self.get("input").intValue());
      assertTrue(self.get("same").booleanValue());
    }
  }

  @Test
  void shouldForkAJvmWithTheSameOptions() {
    ChildJvm.Result result =
        new JvmLauncher()
            .options("-Xmx123m", "-Dsome.property=a b", "-Dshareobject.path=x")
            .run(ForkSelf.class);
    assertEquals(0, result.code(), result.toString());
    assertTrue(result.out().contains("-Xmx123m"), result.out());
    assertTrue(result.out().contains("-Dsome.property=a b"), result.out());
    assertEquals(
        result.out().indexOf("-Dshareobject.path=x"),
        result.out().lastIndexOf("-Dshareobject.path=x"));
  }

  /** Prints the options of a worker. */
  static final class ForkSelf {
    public static void main(String[] args) {
      try (Worker worker = Worker.fork(Workers.Self.class)) {
        System.out.println(Received.from(worker.channel()).nextJson().get("options"));
      }
    }
  }

  @Test
  void shouldEndAWorkerThatHasNothingToListenTo() throws Exception {
    try (Worker worker = Worker.fork(Workers.Brief.class, "10")) {
      assertEquals("xxxxxxxxxx", Received.from(worker.channel()).nextText());
      assertEquals(0, exitValue(worker));
    }
  }

  @Test
  void shouldWriteWhatWasSentThoughMainHasReturned() throws Exception {
    try (Worker worker = Worker.fork(Workers.Brief.class, "20000000")) {
      assertEquals(20_000_000, Received.from(worker.channel()).nextText().length());
      assertEquals(0, exitValue(worker));
    }
  }

  @Test
  void shouldTellAWorkerThatItsMasterWasKilled() throws Exception {
    Path file = folder.resolve("alone");
    try (Worker master = Worker.fork(Workers.Master.class, file.toString())) {
      long pid = Received.from(master.channel()).nextJson().longValue();
      assertTrue(Host.isAlive(pid));
      master.process().destroyForcibly();
      Futures.await(() -> !Host.isAlive(pid));
      assertEquals("alone", Files.readString(file));
    }
  }

  // ---- other programs ----

  @Test
  void shouldTellTheEndOfAProgramThatExitsAtOnce() throws Exception {
    try (Worker worker = Worker.spawn(shell("exit 7"))) {
      CountDownLatch end = new CountDownLatch(1);
      worker.channel().onDisconnect(end::countDown);
      assertTrue(end.await(60, TimeUnit.SECONDS));
      Futures.failure(ShareClosedException.class, worker.channel().send(1));
      assertEquals(7, exitValue(worker));
    }
  }

  @Test
  void shouldNotStartWhatIsNotThere() throws IOException {
    Path noProgram = Files.writeString(folder.resolve("text"), "text");
    int files = OpenFiles.count();
    assertCannotStart("PATH", new ProcessBuilder("no-such-program-anywhere"));
    assertCannotStart("/no/such", new ProcessBuilder("/no/such"));
    assertCannotStart("text", new ProcessBuilder(noProgram.toString()));
    assertCannotStart(folder.toString(), new ProcessBuilder(folder.toString()));
    assertCannotStart(
        "no folder", new ProcessBuilder("true").directory(folder.resolve("no").toFile()));
    assertThrows(IndexOutOfBoundsException.class, () -> Worker.spawn(new ProcessBuilder()));
    int now = OpenFiles.count();
    assertTrue(now <= files, files + " files were open, now " + now);
  }

  private static void assertCannotStart(String words, ProcessBuilder command) {
    ShareIoException e = assertThrows(ShareIoException.class, () -> Worker.spawn(command));
    assertTrue(e.getMessage().contains("cannot start"), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
    assertEquals("SHO_ENOENT", e.code());
  }

  @Test
  void shouldTellTheEndOfAProgramThatCannotBeRun() throws Exception {
    Path script = Files.writeString(folder.resolve("script"), "#!/no/such/interpreter\n");
    Host.chmod(script, "rwxr-xr-x");
    ProcessBuilder command =
        new ProcessBuilder(script.toString()).redirectError(folder.resolve("err").toFile());
    try (Worker worker = Worker.spawn(command)) {
      int status = exitValue(worker);
      assertTrue(status == 126 || status == 127, "status " + status);
      Futures.await(() -> !worker.channel().isConnected());
      assertFalse(Files.readString(folder.resolve("err")).isEmpty());
    }
  }

  @Test
  void shouldEndAProgramThatIgnoresTheChannel() throws Exception {
    Worker worker = Worker.spawn(new ProcessBuilder("sleep", "1000"));
    Futures.get(worker.channel().send("into the void"));
    CompletableFuture<Void> stuck = worker.channel().send("x".repeat(1 << 20));
    worker.close();
    assertFalse(worker.process().isAlive());
    Futures.failure(ShareClosedException.class, stuck);
    worker.close();
  }

  @Test
  void shouldKillAProgramThatDoesNotWantToEnd() {
    Worker worker = Worker.spawn(shell("trap '' TERM; while :; do sleep 1; done"));
    worker.close();
    assertFalse(worker.process().isAlive());
  }

  @Test
  void shouldFailAHandleWhoseReceiverIsKilled() throws Exception {
    try (Worker worker = Worker.spawn(new ProcessBuilder("sleep", "1000"));
        ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(Loopback.port(0));
      CompletableFuture<Void> handle = worker.channel().send("handle", server);
      CompletableFuture<Void> behind = worker.channel().send("behind");
      worker.process().destroyForcibly();
      Futures.assertFails(ShareClosedException.class, "not acknowledged", handle);
      Futures.assertFails(ShareClosedException.class, "not sent", behind);
      assertTrue(server.isOpen());
    }
  }

  @Test
  void shouldPassStreamsFolderAndEnvironmentOn() throws Exception {
    Path out = folder.resolve("out");
    Path in = Files.writeString(folder.resolve("in"), "input");
    ProcessBuilder command =
        shell("cat; echo \" $PWD $MINE $NODE_CHANNEL_FD ${NODE_UNIQUE_ID-none}\"; echo err >&2")
            .directory(folder.toFile())
            .redirectInput(in.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    command.environment().put("MINE", "mine");
    command.environment().put("NODE_UNIQUE_ID", "1");
    Map<String, String> environment = Map.copyOf(command.environment());
    List<String> words = List.copyOf(command.command());
    try (Worker worker = Worker.spawn(command)) {
      exitValue(worker);
      assertEquals("input " + folder.toRealPath() + " mine 3 none\nerr\n", Files.readString(out));
    }
    assertEquals(environment, command.environment());
    assertEquals(words, command.command());
  }

  @Test
  void shouldHaveTheCallerReadWhatAProgramPrints() throws Exception {
    try (Worker worker = Worker.spawnPiped(shell("echo out; echo err >&2; exit 7"))) {
      Process process = worker.process();
      assertEquals("out\n", new String(process.getInputStream().readAllBytes(), UTF_8));
      assertEquals("err\n", new String(process.getErrorStream().readAllBytes(), UTF_8));
      assertEquals(7, exitValue(worker));
    }
    Path out = folder.resolve("out");
    ProcessBuilder toFile = shell("echo both; echo err >&2").redirectOutput(out.toFile());
    try (Worker worker = Worker.spawnPiped(toFile)) {
      assertEquals("err\n", new String(worker.process().getErrorStream().readAllBytes(), UTF_8));
      assertEquals(0, exitValue(worker));
      assertEquals("both\n", Files.readString(out));
    }
  }

  @Test
  void shouldLeaveNothingBehind() throws Exception {
    Worker.spawn(shell("exit 0")).close();
    int files = OpenFiles.count();
    for (int i = 0; i < 20; i++) {
      Worker.spawn(shell("exit 0")).close();
    }
    OpenFiles.assertNoMoreThan(files);
  }

  // ---- NODE_CHANNEL_FD ----

  private static String report(String variable, String value) {
    ChildJvm.Result result =
        new JvmLauncher()
            .environment("NODE_CHANNEL_FD", null)
            .environment(variable, value)
            .run(Workers.Report.class);
    assertEquals(0, result.code(), result.toString());
    return result.out();
  }

  @Test
  void shouldHaveNoParentWithoutTheVariable() {
    assertEquals("channel: false\nchannel: false\nleft: null\n", report("NODE_CHANNEL_FD", null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"three", "", "-1", "99999", "3.0", "1"})
  void shouldExplainAVariableThatNamesNoChannel(String value) {
    String out = report("NODE_CHANNEL_FD", value);
    String[] lines = out.split("\n", -1);
    assertTrue(lines[0].startsWith("SHO_EINVAL NODE_CHANNEL_FD=" + value + " names no"), out);
    assertEquals(lines[0], lines[1]);
    assertEquals("left: null", lines[2]);
  }

  @Test
  void shouldExplainAFormOfMessagesThatItDoesNotSpeak() {
    ChildJvm.Result result =
        new JvmLauncher()
            .environment("NODE_CHANNEL_FD", "3")
            .environment("NODE_CHANNEL_SERIALIZATION_MODE", "advanced")
            .run(Workers.Report.class);
    assertTrue(result.out().contains("advanced"), result.toString());
  }

  @Test
  void shouldExplainThatJacksonIsMissing() {
    List<String> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(":", -1)) {
      if (!entry.contains("jackson")) {
        entries.add(entry);
      }
    }
    ChildJvm.Result result =
        new JvmLauncher().classPath(String.join(":", entries)).run(Workers.Spawn.class, "true");
    assertTrue(result.out().contains("jackson-databind"), result.toString());
  }
}
