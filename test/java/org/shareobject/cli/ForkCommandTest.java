package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;

/** {@code shareobject fork} with real programs. */
@Timeout(180)
class ForkCommandTest {
  private static final String SCRIPT = "script.js";
  private static final Path SERVER = Path.of("test", "node", "cli", "server.js");

  @TempDir Path folder;

  private ForkProcess startServer(int port, String... options) throws IOException {
    return startScript(Files.readString(SERVER), options, String.valueOf(port));
  }

  private ForkProcess startScript(String script, String... options) throws IOException {
    return startScript(script, options, "");
  }

  private ForkProcess startScript(String script, String[] options, String argument)
      throws IOException {
    Host.assumeRuns("node is installed", "node", "--version");
    Files.writeString(folder.resolve(SCRIPT), script);
    List<String> words = new ArrayList<>(List.of(options));
    words.addAll(List.of("node", SCRIPT, argument));
    return ForkProcess.start(folder, words.toArray(String[]::new));
  }

  private static int freePort() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return server.getLocalPort();
    }
  }

  /** Returns the number of the process that answers; each call is a new connection. */
  private static long ask(int port, String path) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket
          .getOutputStream()
          .write(("GET " + path + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertTrue(answer.startsWith("HTTP/1.1 200"), answer);
      return Long.parseLong(answer.substring(answer.lastIndexOf('\n') + 1));
    }
  }

  private static void awaitEnd(long pid) {
    Futures.await(() -> !Host.isAlive(pid));
  }

  private static void assertEnds(ForkProcess fork, int code) {
    ChildJvm.Result result = fork.end();
    assertEquals(code, result.code(), result.out());
  }

  // ---- copies that end ----

  @Test
  void shouldReplaceACopyThatWasKilled() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "2")) {
      fork.await(2, "listens on 127.0.0.1:" + port);
      List<Long> pids = fork.newPids();
      assertEquals(2, pids.size());
      assertTrue(pids.contains(ask(port, "/")));
      Host.signal("KILL", pids.get(0));
      fork.await("ended with exit code 137");
      fork.await("listens on");
      Host.signal("KILL", pids.get(1));
      fork.await("listens on");
      List<Long> successors = fork.newPids();
      assertEquals(2, successors.size());
      assertTrue(successors.contains(ask(port, "/")));
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldKeepConnectionsForTheSuccessorOfTheOnlyCopy() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "1")) {
      fork.await("listens on");
      Host.signal("KILL", fork.newPids().get(0));
      long answered = ask(port, "/");
      fork.await("listens on");
      assertEquals(fork.newPids(), List.of(answered));
    }
  }

  @Test
  void shouldWaitLongerAndLongerForThoseThatDieAtOnce() {
    try (ForkProcess fork =
        ForkProcess.start(
            folder, "-n", "2", "--backoff", "1ms", "--max-restarts", "3", "sh", "-c", "exit 5")) {
      ChildJvm.Result result = fork.end();
      assertEquals(1, result.code());
      for (int copy = 1; copy <= 2; copy++) {
        String told = " shareobject: copy " + copy;
        String stamp = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d)";
        List<String> lines =
            result.out().lines().filter(line -> line.matches(stamp + told + " .*")).toList();
        assertEquals(4, count(lines, "started"), result.out());
        assertEquals(4, count(lines, "ended with exit code 5 after "), result.out());
        for (int pause : new int[] {1, 2, 4}) {
          assertEquals(1, count(lines, "starts again in " + pause + " ms"), result.out());
        }
        assertTrue(
            lines.get(11).endsWith(told + " is given up: it ended too early too often"),
            lines.get(11));
      }
    }
  }

  private static long count(List<String> lines, String words) {
    return lines.stream().filter(line -> line.contains(words)).count();
  }

  @Test
  void shouldReplaceAtOnceWhoLivedLong() {
    try (ForkProcess fork =
        ForkProcess.start(
            folder, "-n", "1", "--min-uptime", "1ms", "--max-restarts", "0", "sleep", "0.05")) {
      fork.await(5, "started");
      fork.signal("INT");
      ChildJvm.Result result = fork.end();
      assertEquals(0, result.code(), result.out());
      assertFalse(result.out().contains("starts again in"), result.out());
    }
  }

  @Test
  void shouldEndWithCopiesThatLeave() throws Exception {
    try (ForkProcess fork = startScript("require('cluster').worker.disconnect()", "-n", "2")) {
      ChildJvm.Result result = fork.end();
      assertEquals(0, result.code(), result.out());
      assertEquals(2, count(result.out().lines().toList(), "started"), result.out());
    }
  }

  @Test
  void shouldStartOneCopyForEachProcessor() {
    try (ForkProcess fork = ForkProcess.start(folder, "sleep", "1000")) {
      fork.await(Runtime.getRuntime().availableProcessors(), "started");
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldRunReloadAndEndJvms() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startJvms(port)) {
      fork.await(2, "listens on 127.0.0.1:" + port);
      List<Long> old = fork.newPids();
      fork.signal("HUP");
      fork.await(2, "ended with exit code 0");
      fork.await("reload is done");
      List<Long> successors = fork.newPids();
      assertEquals(2, successors.size());
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        byte[] answer = socket.getInputStream().readAllBytes();
        assertTrue(new String(answer, StandardCharsets.US_ASCII).matches("java [34]"));
      }
      fork.kill();
      for (long pid : successors) {
        awaitEnd(pid);
      }
      assertTrue(old.stream().noneMatch(pid -> ProcessHandle.of(pid).isPresent()));
    }
  }

  private ForkProcess startJvms(int port) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classPath = System.getProperty("java.class.path");
    return ForkProcess.start(
        folder,
        "-n",
        "2",
        "--grace",
        "60s",
        java,
        "-XX:+UseSerialGC",
        "-cp",
        classPath,
        "org.shareobject.cluster.NodeClusterWorker",
        "listen",
        String.valueOf(port),
        "127.0.0.1");
  }

  // ---- handles, which the command has no use for ----

  @Test
  void shouldCloseSocketsThatACopyGivesIt() throws Exception {
    int port = freePort();
    String gives =
        """
        require('net')
          .createServer((socket) => process.send('take', socket))
          .listen(%d, '127.0.0.1');
        """
            .formatted(port);
    try (ForkProcess fork = startScript(gives, "-n", "1")) {
      fork.await("listens on");
      assertIsClosed(port);
      int before = fork.openFiles();
      for (int i = 0; i < 300; i++) {
        assertIsClosed(port);
      }
      Futures.await(() -> fork.openFiles() <= before);
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  private static void assertIsClosed(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      assertEquals(-1, socket.getInputStream().read());
    }
  }

  // ---- wrong use ----

  @Test
  void shouldFailWhenThereIsNoSuchProgram() {
    ChildJvm.Result result = run("no-such-program");
    assertEquals(1, result.code());
    assertTrue(
        result.err().startsWith("shareobject: cannot start no-such-program: there is no program"),
        result.err());
    assertEquals(1, result.err().lines().count());
  }

  @Test
  void shouldRefuseWrongUsage() {
    assertEquals(2, run().code());
    assertEquals(2, run("-n", "0", "true").code());
    assertEquals(2, run("--max-restarts", "-1", "true").code());
    assertEquals(2, run("--grace", "soon", "true").code());
  }

  @Test
  void shouldLeaveTheOptionsOfTheProgramToIt() {
    ChildJvm.Result result =
        run(
            "-n",
            "1",
            "--max-restarts",
            "0",
            "sh",
            "-c",
            "printf '%s ' \"$@\"",
            "sh",
            "-n",
            "3",
            "--help");
    assertEquals(1, result.code());
    assertEquals("-n 3 --help \n", result.out());
  }

  private ChildJvm.Result run(String... args) {
    String[] words = new String[args.length + 1];
    words[0] = "fork";
    System.arraycopy(args, 0, words, 1, args.length);
    return new JvmLauncher().folder(folder).run(Main.class, words);
  }

  // ---- the end ----

  @Test
  void shouldFinishConnectionsWhenStopped() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "2", "--grace", "60s")) {
      fork.await(2, "listens on");
      CompletableFuture<Long> slow = askLater(port);
      fork.await("answers later");
      fork.signal("TERM");
      assertTrue(fork.newPids().contains(slow.get(60, TimeUnit.SECONDS)));
      assertEnds(fork, 0);
    }
  }

  /** As a terminal does at Ctrl-C. */
  @Test
  void shouldFinishConnectionsWhenTheWholeGroupGetsASignal() throws Exception {
    assertLosesNothing("INT");
    assertLosesNothing("TERM");
  }

  private void assertLosesNothing(String signal) throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "2", "--grace", "60s")) {
      fork.await(2, "listens on");
      List<CompletableFuture<Long>> slow = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        slow.add(askLater(port));
      }
      fork.await(20, "answers later");
      fork.signalGroup(signal);
      List<Long> pids = fork.newPids();
      for (CompletableFuture<Long> answer : slow) {
        assertTrue(pids.contains(answer.get(60, TimeUnit.SECONDS)));
      }
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldStartCopiesInSessionsOfTheirOwnWithoutTheCommandForIt() throws Exception {
    String tells = "read -r stat < /proc/$$/stat; echo $1 of $$: $stat; exec /bin/sleep 1000";
    try (ForkProcess fork =
        ForkProcess.startWithPath(
            folder.toString(), folder, "-n", "1", "/bin/sh", "-c", tells, "sh", "two words")) {
      List<String> told = List.of(fork.await("two words of ").split(" ", -1));
      String pid = String.valueOf(fork.newPids().get(0));
      assertEquals(pid + ":", told.get(3));
      assertEquals(List.of(pid, "(sh)"), told.subList(4, 6));
      assertEquals(List.of(pid, pid), told.subList(8, 10), "group and session");
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldTerminateWhatACopyLeftBehind() {
    try (ForkProcess fork =
        ForkProcess.start(folder, "-n", "1", "sh", "-c", "sleep 1000 & echo left $!; wait")) {
      long left = leftBehind(fork);
      fork.signal("TERM");
      fork.await("left processes behind: SIGTERM");
      assertEnds(fork, 0);
      awaitEnd(left);
    }
  }

  @Test
  void shouldKillWhatACopyLeftBehindAndDoesNotEnd() {
    String deaf = "(trap '' TERM; sleep 1000) & echo left $!; wait";
    try (ForkProcess fork =
        ForkProcess.start(folder, "-n", "1", "--grace", "200ms", "sh", "-c", deaf)) {
      long left = leftBehind(fork);
      fork.signal("TERM");
      fork.await("left processes behind: SIGTERM");
      fork.await("does not end: SIGKILL");
      assertEnds(fork, 0);
      awaitEnd(left);
    }
  }

  private static long leftBehind(ForkProcess fork) {
    String line = fork.await("left ");
    return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
  }

  /** Asks for what takes a while. */
  private static CompletableFuture<Long> askLater(int port) throws IOException {
    CompletableFuture<Long> answer = new CompletableFuture<>();
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket
        .getOutputStream()
        .write("GET /slow HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    Thread reader =
        new Thread(
            () -> {
              try (socket) {
                String text =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                answer.complete(Long.parseLong(text.substring(text.lastIndexOf('\n') + 1)));
              } catch (IOException | RuntimeException e) {
                answer.completeExceptionally(e);
              }
            });
    reader.setDaemon(true);
    reader.start();
    return answer;
  }

  @Test
  void shouldKillWhoDoesNotEnd() {
    try (ForkProcess fork = startDeaf("--grace", "100ms")) {
      fork.signal("TERM");
      assertTrue(fork.await("SIGKILL").endsWith("does not end: SIGKILL"));
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldKillAtTheSecondSignal() {
    try (ForkProcess fork = startDeaf("--grace", "10m")) {
      fork.signal("INT");
      fork.await("stopping: SIGINT");
      fork.signal("INT");
      assertEnds(fork, 0);
    }
  }

  private ForkProcess startDeaf(String... grace) {
    String deaf = "trap '' INT TERM; echo deaf; while :; do sleep 0.1; done";
    ForkProcess fork = ForkProcess.start(folder, grace[0], grace[1], "-n", "1", "sh", "-c", deaf);
    fork.await("deaf");
    return fork;
  }

  @Test
  void shouldTerminateWhoStaysWhenDisconnected() throws Exception {
    String stays = "require('net').createServer().listen(0); setInterval(() => {}, 1000)";
    try (ForkProcess fork = startScript(stays, "-n", "1", "--grace", "1s")) {
      fork.await("listens on");
      fork.signal("TERM");
      fork.await("does not end: SIGTERM");
      fork.await("ended with exit code 143");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldEndCopiesWithItsOwnDeath() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "2")) {
      fork.await(2, "listens on");
      fork.kill();
      for (long pid : fork.newPids()) {
        awaitEnd(pid);
      }
    }
  }

  // ---- reload ----

  @Test
  void shouldReloadWithoutRefusingAConnection() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "2", "--grace", "60s")) {
      fork.await(2, "listens on");
      List<Long> old = fork.newPids();
      AtomicBoolean isOver = new AtomicBoolean();
      CompletableFuture<Integer> answers = askUntil(isOver, port);
      CompletableFuture<Long> slow = askLater(port);
      fork.await("answers later");
      fork.signal("HUP");
      fork.await("reload is done");
      isOver.set(true);
      assertTrue(old.contains(slow.get(60, TimeUnit.SECONDS)));
      assertTrue(answers.get(60, TimeUnit.SECONDS) > 0);
      List<Long> successors = fork.newPids();
      assertEquals(2, successors.size());
      assertTrue(successors.contains(ask(port, "/")));
      for (long pid : old) {
        awaitEnd(pid);
      }
    }
  }

  private static CompletableFuture<Integer> askUntil(AtomicBoolean isOver, int port) {
    return CompletableFuture.supplyAsync(
        () -> {
          int answers = 0;
          try {
            while (!isOver.get()) {
              ask(port, "/");
              answers++;
            }
            return answers;
          } catch (IOException e) {
            throw new AssertionError("after " + answers + " answers", e);
          }
        });
  }

  @Test
  void shouldKeepTheOldCopiesWhenANewOneFails() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "2")) {
      fork.await(2, "listens on");
      List<Long> old = fork.newPids();
      Files.writeString(folder.resolve(SCRIPT), "process.exit(3)");
      fork.signal("HUP");
      fork.await("ended with exit code 3");
      fork.await("reload stopped, the old copies go on: the new copy ended before it was ready");
      assertEquals(1, fork.newPids().size());
      assertTrue(old.contains(ask(port, "/")));
      Files.writeString(folder.resolve(SCRIPT), Files.readString(SERVER));
      fork.signal("HUP");
      fork.await("reload is done");
      assertEquals(2, fork.newPids().size());
    }
  }

  @Test
  void shouldKeepTheOldCopiesWhenANewOneIsNeverReady() throws Exception {
    int port = freePort();
    try (ForkProcess fork = startServer(port, "-n", "1", "--ready-timeout", "500ms")) {
      fork.await("listens on");
      List<Long> old = fork.newPids();
      Files.writeString(folder.resolve(SCRIPT), "setInterval(() => {}, 1000)");
      fork.signal("HUP");
      fork.await("is not ready after 500 ms");
      assertEquals(old, List.of(ask(port, "/")));
      awaitEnd(fork.newPids().get(0));
    }
  }

  @Test
  void shouldReloadOnceMoreIfAskedMeanwhile() throws Exception {
    Path gate = Files.createFile(folder.resolve("gate"));
    String gated =
        """
        const wait = setInterval(() => {
          if (require('fs').existsSync('gate')) {
            clearInterval(wait);
            require('net').createServer().listen(0);
          }
        }, 10);
        """;
    try (ForkProcess fork = startScript(gated, "-n", "1")) {
      fork.await("listens on");
      Files.delete(gate);
      fork.signal("HUP");
      fork.await("reload begins");
      fork.signal("HUP");
      fork.await("another reload follows");
      Files.createFile(gate);
      fork.await(2, "reload is done");
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldNotReloadBeforeTheProgramWasHeard() throws Exception {
    String slow = "setTimeout(() => require('net').createServer().listen(0), 1500)";
    try (ForkProcess fork = startScript(slow, "-n", "1", "--min-uptime", "100ms")) {
      fork.await("started");
      fork.signal("HUP");
      fork.await("reload waits until a copy is ready");
      assertTrue(fork.await("(").contains("listens on"), "the old copy has gone");
      fork.await("reload begins");
      fork.await("started");
      assertTrue(fork.await("(").contains("listens on"), "the new copy is unheard");
      fork.await("ended with exit code 0");
      fork.await("reload is done");
    }
  }

  @Test
  void shouldWaitForTheMessageReady() throws Exception {
    Path gate = Files.createFile(folder.resolve("gate"));
    String slow =
        """
        require('net').createServer().listen(0);
        const wait = setInterval(() => {
          if (require('fs').existsSync('gate')) {
            clearInterval(wait);
            process.send('ready');
          }
        }, 10);
        """;
    try (ForkProcess fork = startScript(slow, "-n", "1")) {
      fork.await("is ready");
      long old = fork.newPids().get(0);
      Files.delete(gate);
      fork.signal("HUP");
      fork.await("listens on");
      assertTrue(ProcessHandle.of(old).isPresent());
      Files.createFile(gate);
      assertFalse(fork.await("(").contains("ended"));
      fork.await("(" + old + ") ended with exit code 0");
      fork.await("reload is done");
    }
  }

  @Test
  void shouldReloadProgramsThatDoNotSpeakTheChannel() throws Exception {
    try (ForkProcess fork =
        ForkProcess.start(
            folder, "-n", "2", "--min-uptime", "200ms", "--ready-timeout", "1s", "sleep", "1000")) {
      fork.await(2, "started");
      List<Long> old = fork.newPids();
      fork.signal("HUP");
      fork.await(2, "ended with exit code 143");
      fork.await("reload is done");
      assertEquals(2, fork.newPids().size());
      for (long pid : old) {
        awaitEnd(pid);
      }
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldStartAgainWhatWasGivenUpAtAReload() throws Exception {
    String onlyOne = "[ -e all ] || mkdir one || exit 1; exec sleep 1000";
    try (ForkProcess fork =
        ForkProcess.start(
            folder,
            "-n",
            "2",
            "--max-restarts",
            "0",
            "--min-uptime",
            "300ms",
            "--ready-timeout",
            "1s",
            "sh",
            "-c",
            onlyOne)) {
      fork.await("is given up");
      fork.newPids();
      Files.createFile(folder.resolve("all"));
      fork.signal("HUP");
      fork.await("reload is done");
      assertEquals(2, fork.newPids().size());
      fork.signal("TERM");
      assertEnds(fork, 0);
    }
  }

  @Test
  void shouldBeStoppedWithinAReload() {
    try (ForkProcess fork =
        ForkProcess.start(
            folder, "-n", "2", "--min-uptime", "1h", "--ready-timeout", "1s", "sleep", "1000")) {
      fork.await(2, "started");
      fork.signal("HUP");
      fork.await("started");
      fork.signal("TERM");
      ChildJvm.Result result = fork.end();
      assertEquals(0, result.code(), result.out());
      assertEquals(3, count(result.out().lines().toList(), "started"), result.out());
    }
  }
}
