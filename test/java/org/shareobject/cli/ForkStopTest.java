package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.NeedsNode;

/** How {@code shareobject fork} ends Node programs, which know nothing of it. */
@NeedsNode
@Timeout(180)
class ForkStopTest {
  /** Answers with its number, later if asked for {@code /slow}; keeps connections for ever. */
  private static final String SERVER =
      """
      const server = require('http').createServer((request, response) => {
        const answer = () => response.end(String(process.pid));
        if (request.url === '/slow') {
          console.log('answers later');
          setTimeout(answer, 500);
        } else {
          answer();
        }
      });
      server.keepAliveTimeout = 0;
      server.listen(0, '127.0.0.1');
      """;

  /** What keeps a program running, as connections to a database do. */
  private static final String POOL = "const pool = setInterval(() => {}, 1000);";

  private static final String EXITS =
      """
      process.on('SIGTERM', () => {
        console.log('cleans up');
        process.exit(7);
      });
      """;

  @TempDir Path folder;

  private ForkProcess start(String script, String... options) throws IOException {
    return ForkProcess.startScript(folder, script, options);
  }

  private static void assertEnds(ForkProcess fork) {
    ChildJvm.Result result = fork.end();
    assertEquals(0, result.code(), result.out());
  }

  private static Socket connect(ForkProcess fork) throws IOException {
    String line = fork.await("listens on 127.0.0.1:");
    int port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    return new Socket(InetAddress.getLoopbackAddress(), port);
  }

  private static void ask(Socket socket, String path) throws IOException {
    String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
  }

  private static String rest(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
  }

  @Test
  void shouldHaveTheProgramHandleTheSignalWhenItHasAnswered() throws Exception {
    try (ForkProcess fork = start(SERVER + EXITS, "-n", "2", "--grace", "10m");
        Socket socket = connect(fork)) {
      fork.await("listens on");
      ask(socket, "/slow");
      fork.await("answers later");
      fork.signal("TERM");
      String answer = rest(socket);
      assertTrue(answer.startsWith("HTTP/1.1 200 OK"), answer);
      ChildJvm.Result result = fork.end();
      assertEquals(2, result.out().split("cleans up", -1).length - 1, result.out());
      assertEquals(2, result.out().split("exit code 7 ", -1).length - 1, result.out());
    }
  }

  @Test
  void shouldTerminateWhoHasFinishedItsConnections() throws Exception {
    try (ForkProcess fork = start(SERVER + POOL, "-n", "2", "--grace", "10m")) {
      fork.await(2, "listens on");
      fork.signal("TERM");
      fork.await(2, "ended with exit code 143");
      assertEnds(fork);
    }
  }

  @Test
  void shouldSignalOnceOnly() throws Exception {
    String counts =
        """
        process.on('SIGTERM', () => {
          console.log('got SIGTERM');
          clearInterval(pool);
          setTimeout(() => {}, 1500);
        });
        """;
    try (ForkProcess fork = start(SERVER + POOL + counts, "-n", "1", "--grace", "10m")) {
      fork.await("listens on");
      fork.signal("TERM");
      fork.await("got SIGTERM");
      assertTrue(fork.await("2").endsWith(" s"), "a second signal");
      assertEnds(fork);
    }
  }

  @Test
  void shouldKeepNoConnectionOfACopyThatLeaves() throws Exception {
    try (ForkProcess fork = start(SERVER, "-n", "1", "--grace", "10m");
        Socket socket = connect(fork)) {
      ask(socket, "/slow");
      fork.await("answers later");
      fork.signal("TERM");
      String answer = rest(socket);
      assertTrue(answer.contains("\r\nConnection: close\r\n"), answer);
      fork.await("ended with exit code 0");
      assertEnds(fork);
    }
  }

  @Test
  void shouldSendAnotherSignalTogetherWithTheDisconnect() throws Exception {
    String closes =
        """
        server.on('connection', (socket) =>
          process.on('SIGINT', () => {
            console.log('got SIGINT');
            socket.destroy();
          }));
        """;
    try (ForkProcess fork =
            start(
                SERVER + closes,
                "-n",
                "1",
                "--grace",
                "10m",
                "--stop-signal",
                "INT",
                "--signal-at-once");
        Socket socket = connect(fork)) {
      ask(socket, "/");
      assertEquals('H', socket.getInputStream().read());
      fork.signal("TERM");
      fork.await("got SIGINT");
      fork.await("ended with exit code 0");
      assertEnds(fork);
    }
  }

  @Test
  void shouldSpreadConnectionsThatLast() throws Exception {
    List<Socket> open = new ArrayList<>();
    try (ForkProcess fork = start(SERVER, "-n", "4", "--round-robin");
        Socket first = connect(fork)) {
      fork.await(3, "listens on 127.0.0.1:" + first.getPort());
      Map<String, Integer> served = new TreeMap<>();
      served.merge(answer(first), 1, Integer::sum);
      for (int i = 1; i < 40; i++) {
        open.add(new Socket(InetAddress.getLoopbackAddress(), first.getPort()));
        served.merge(answer(open.get(i - 1)), 1, Integer::sum);
      }
      assertEquals(4, served.size(), served.toString());
      assertTrue(Collections.min(served.values()) >= 8, served.toString());
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  /** Returns the number of the process that answers; the connection stays. */
  private static String answer(Socket socket) throws IOException {
    socket.setSoTimeout(60_000);
    ask(socket, "/");
    StringBuilder text = new StringBuilder();
    Pattern whole = Pattern.compile("(?s).*Content-Length: (\\d+)\r\n(?:.*\r\n)?\r\n(\\d+)");
    for (Matcher matcher = whole.matcher(text); ; matcher = whole.matcher(text)) {
      if (matcher.matches() && matcher.group(2).length() == Integer.parseInt(matcher.group(1))) {
        return matcher.group(2);
      }
      int next = socket.getInputStream().read();
      assertTrue(next >= 0, () -> "the connection ended after " + text);
      text.append((char) next);
    }
  }

  @Test
  void shouldReloadWithoutWaitingForTheOldCopies() throws Exception {
    Path gate = folder.resolve("gate");
    String lingers =
        """
        process.on('SIGTERM', () => {});
        setInterval(() => require('fs').existsSync('gate') && process.exit(0), 10);
        """;
    try (ForkProcess fork = start(SERVER + lingers, "-n", "3", "--grace", "10m")) {
      fork.await(3, "listens on");
      List<Long> old = fork.newPids();
      fork.signal("HUP");
      fork.await(3, "listens on");
      assertTrue(old.stream().allMatch(pid -> ProcessHandle.of(pid).isPresent()));
      Files.createFile(gate);
      fork.await(3, "ended with exit code 0");
      fork.await("reload is done");
    }
  }

  /** Its own children are no copies. */
  @Test
  void shouldLeaveTheEnvironmentOfTheProgramAsItWas() throws Exception {
    String tells =
        """
        const own = /^(NODE_CHANNEL_.*|NODE_UNIQUE_ID|SHAREOBJECT_STOP.*)$/;
        const names = Object.keys(process.env).filter((name) => own.test(name));
        console.log('environment: ' + names.join() + (process.env.NODE_OPTIONS || '') + '.');
        """;
    try (ForkProcess fork = start(tells, "-n", "1")) {
      String options = Objects.toString(System.getenv("NODE_OPTIONS"), "");
      assertEquals("environment: " + options + ".", fork.await("environment: "));
    }
  }
}
