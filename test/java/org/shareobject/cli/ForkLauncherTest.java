package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.NeedsNode;
import org.shareobject.testing.NpmPackages;

/** {@code shareobject fork} with programs that start the server. */
@NeedsNode
@Timeout(300)
class ForkLauncherTest {
  private static final String SERVER =
      """
      require('http')
        .createServer((request, response) => response.end(String(process.pid)))
        .listen(Number(process.env.PORT_OF_TEST || 0), '127.0.0.1');
      """;

  @TempDir static Path folder;

  @BeforeAll
  static void install() throws IOException {
    NpmPackages.install(folder);
    Files.writeString(folder.resolve("before.js"), "");
    Files.writeString(folder.resolve("server.js"), SERVER);
    Files.writeString(folder.resolve("server.ts"), "const typed: number = 1;" + SERVER);
    Files.writeString(folder.resolve("start.sh"), "node before.js\nnode server.js\necho over\n");
    Files.writeString(
        folder.resolve("package.json"),
        "{\"scripts\": {\"prestart\": \"node before.js\", \"start\": \"node server.js\"}}");
  }

  private static ForkProcess start(int port, String command, String... options) {
    List<String> words = new ArrayList<>(List.of(options));
    words.addAll(List.of("env", "PORT_OF_TEST=" + port));
    words.addAll(List.of(command.split(" ")));
    return ForkProcess.start(folder, words.toArray(String[]::new));
  }

  private static int freePort() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return server.getLocalPort();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "npm start",
        "npx tsx server.ts",
        "node_modules/.bin/tsx server.ts",
        "node_modules/.bin/nodemon server.js",
        "sh start.sh"
      })
  void shouldServeWhatALauncherStarts(String command) throws Exception {
    int port = freePort();
    try (ForkProcess fork = start(port, command, "-n", "2", "--grace", "2s")) {
      fork.await(2, "listens on 127.0.0.1:" + port);
      assertTrue(ask(port).startsWith("HTTP/1.1 200 OK"));
      List<ProcessHandle> started = fork.descendants();
      assertTrue(started.size() >= 4, started.toString());
      fork.signal("TERM");
      ChildJvm.Result result = fork.end();
      assertEquals(0, result.code(), result.out());
      Futures.await(() -> started.stream().noneMatch(process -> Host.isAlive(process.pid())));
    }
  }

  private static String ask(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  @Test
  void shouldSayThatAnotherProgramKeepsTheChannel() throws Exception {
    Files.writeString(
        folder.resolve("launcher.js"),
        "require('child_process').spawn(process.execPath, ['server.js'], {stdio: 'inherit'});");
    try (ForkProcess fork =
        start(freePort(), "node launcher.js", "-n", "1", "--min-uptime", "500ms")) {
      String line = fork.await("if that is the server, it does not share its port");
      assertTrue(line.contains("server.js"), line);
    }
  }

  @Test
  void shouldCountTheInspectorsPortUp() throws Exception {
    int port = freePort();
    String command = "node --inspect=127.0.0.1:" + port + " server.js";
    try (ForkProcess fork = ForkProcess.start(folder, words("-n 2 " + command))) {
      TreeSet<String> told = new TreeSet<>();
      for (int i = 0; i < 2; i++) {
        told.add(fork.await("Debugger listening on ").replaceAll(".*:(\\d+)/.*", "$1"));
      }
      assertEquals(new TreeSet<>(List.of("" + port, "" + (port + 1))), told);
    }
  }

  @Test
  void shouldKeepTheChannelFromProgramsThatDoNotSpeakIt() {
    String tells = "echo channel ${NODE_CHANNEL_FD-none} ${NODE_UNIQUE_ID-none}; exec sleep 1000";
    try (ForkProcess fork =
        ForkProcess.start(folder, "-n", "1", "--no-channel", "sh", "-c", tells)) {
      assertEquals("channel none none", fork.await("channel "));
    }
  }

  private static String[] words(String text) {
    return text.split(" ");
  }
}
