package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.Codec;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.Node;
import org.shareobject.testing.Received;

/** A JVM that forks real Node. */
@Timeout(180)
class NodeChildTest {
  /** The list of {@code child.js}, as JSON. */
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "false",
          "0",
          "-1",
          "0.1",
          "1e+21",
          "1e-7",
          "5e-324",
          "1.7976931348623157e+308",
          "9007199254740992",
          "9007199254740992",
          "\"\"",
          "\"é€😀\"",
          "\"\\u0000\\n\\r\\t\\\"\\\\/\u2028\u007f\"",
          "\"\\ud800 lone \\udc00\"",
          "[]",
          "{}",
          "[1,null,\"two\",[3.5],{\"four\":false}]",
          "{\"\":\"\",\"\\ud83d\":1,\"né\\nw\":2}",
          "{\"cmd\":\"NODE_\"}");

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;
  private Worker worker;
  private Channel channel;
  private Received received;

  @BeforeEach
  void fork() {
    worker = Node.fork("ipc/child.js");
    channel = worker.channel();
    received = Received.from(channel);
  }

  @AfterEach
  void close() {
    if (worker != null) {
      worker.close();
    }
  }

  private void ask(String task) {
    CompletableFuture<Void> unused = channel.send(Map.of("task", task));
  }

  private void echo(Object value) {
    CompletableFuture<Void> unused = channel.send(Map.of("task", "echo", "value", value));
  }

  private static ServerSocketChannel server() throws IOException {
    return ServerSocketChannel.open().bind(Loopback.port(0));
  }

  private static String readAll(SocketChannel socket) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(1000);
    while (socket.read(bytes) >= 0) {
      assertTrue(bytes.hasRemaining());
    }
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }

  // ---- messages ----

  @Test
  void shouldReadWhatNodeWrites() throws IOException {
    ask("values");
    for (String value : VALUES) {
      assertEquals(MAPPER.readTree(value), received.nextJson(), value);
    }
  }

  @Test
  void shouldWriteWhatNodeReads() throws IOException {
    for (String value : VALUES) {
      JsonNode message = MAPPER.readTree(value);
      echo(message);
      assertEquals(message, received.nextJson(), value);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1 << 20, 20 << 20})
  void shouldExchangeLargeMessages(int length) {
    echo("y".repeat(length));
    assertEquals("y".repeat(length), received.nextText());
    CompletableFuture<Void> unused = channel.send(Map.of("task", "large", "length", length));
    assertEquals("x".repeat(length), received.nextText());
  }

  @Test
  void shouldPipeline20000Echoes() {
    for (int i = 0; i < 20_000; i++) {
      echo(i);
    }
    for (int i = 0; i < 20_000; i++) {
      assertEquals(i, received.nextJson().intValue());
    }
  }

  // ---- handles to Node ----

  @ParameterizedTest
  @EnumSource(StandardProtocolFamily.class)
  void shouldShareAServerWithNode(StandardProtocolFamily family) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(family)) {
      server.bind(
          family == StandardProtocolFamily.UNIX
              ? UnixDomainSocketAddress.of(folder.resolve("socket"))
              : Loopback.of(family));
      Futures.get(channel.send(Map.of("task", "serve"), server));
      assertTrue(received.nextJson().has("serving"));
      try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
        assertEquals("from node", readAll(client));
      }
      // Node has closed its own; this one goes on, though Node wanted it not to block.
      try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
          SocketChannel accepted = server.accept()) {
        assertTrue(accepted.isConnected());
        assertTrue(client.isConnected());
      }
    }
  }

  @Test
  void shouldGive300ConnectionsToNode() throws IOException {
    try (ServerSocketChannel server = server()) {
      List<SocketChannel> clients = new ArrayList<>();
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        clients.add(SocketChannel.open(server.getLocalAddress()));
        sent.add(channel.send(Map.of("task", "answer", "text", "node " + i), server.accept()));
      }
      for (int i = 0; i < 300; i++) {
        assertEquals("node " + i, readAll(clients.get(i)));
        clients.get(i).close();
      }
      sent.forEach(Futures::get);
    }
  }

  @ParameterizedTest
  @CsvSource({"INET,udp4", "INET6,udp6"})
  void shouldShareADatagramSocketWithNode(StandardProtocolFamily family, String type)
      throws IOException {
    try (DatagramChannel socket = DatagramChannel.open(family).bind(Loopback.of(family));
        DatagramChannel client = DatagramChannel.open(family).bind(Loopback.of(family))) {
      Futures.get(channel.send(Map.of("task", "datagram", "type", type), socket));
      assertTrue(received.nextJson().has("bound"));
      client.send(ByteBuffer.wrap(new byte[] {'a'}), socket.getLocalAddress());
      ByteBuffer answer = ByteBuffer.allocate(100);
      client.receive(answer);
      assertEquals(
          "node got a", new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8));
    }
  }

  @Test
  void shouldGetBackWhatItSent() throws IOException {
    try (ServerSocketChannel server = server()) {
      for (int i = 0; i < 50; i++) {
        CompletableFuture<Void> unused =
            channel.send(
                Map.of("task", "echo", "value", i), SocketChannel.open(server.getLocalAddress()));
      }
      for (int i = 0; i < 50; i++) {
        Received.Message message = received.next();
        assertEquals(i, message.json().intValue());
        message.channel(SocketChannel.class).close();
      }
    }
  }

  @Test
  void shouldNotSendAMapToNode() {
    try (ShareMap<String, Long> map =
        ShareMap.builder(Codec.STRING, Codec.LONG).capacity(1 << 16).openAnonymous()) {
      Futures.assertFails(
          ShareException.class, "does not use this library", channel.send("map", map));
      echo("still there");
      assertEquals("still there", received.nextText());
    }
  }

  // ---- handles from Node ----

  @Test
  void shouldAcceptOnAServerOfNode() throws IOException {
    for (String task : List.of("listen", "native")) {
      ask(task);
      try (ServerSocketChannel server = received.next().channel(ServerSocketChannel.class)) {
        assertEquals("closed", received.nextText());
        assertServes(server, server.getLocalAddress());
      }
    }
  }

  private static void assertServes(ServerSocketChannel server, SocketAddress address)
      throws IOException {
    try (SocketChannel client = SocketChannel.open(address);
        SocketChannel accepted = server.accept()) {
      accepted.write(ByteBuffer.wrap(new byte[] {'j'}));
      accepted.shutdownOutput();
      assertEquals("j", readAll(client));
    }
  }

  @Test
  void shouldAcceptOnAUnixServerOfNode() throws IOException {
    String path = folder.resolve("node").toString();
    CompletableFuture<Void> unused = channel.send(Map.of("task", "listen", "path", path));
    try (ServerSocketChannel server = received.next().channel(ServerSocketChannel.class)) {
      assertEquals(UnixDomainSocketAddress.of(path), server.getLocalAddress());
      assertEquals("closed", received.nextText());
      assertServes(server, UnixDomainSocketAddress.of(path + ".kept"));
    }
  }

  @ParameterizedTest
  @CsvSource({"udp4,INET", "udp6,INET6"})
  void shouldReceiveOnADatagramSocketOfNode(String type, StandardProtocolFamily family)
      throws IOException {
    CompletableFuture<Void> unused = channel.send(Map.of("task", "bind", "type", type));
    try (DatagramChannel socket = received.next().channel(DatagramChannel.class);
        DatagramChannel client = DatagramChannel.open(family).bind(Loopback.of(family))) {
      client.send(ByteBuffer.wrap(new byte[] {5}), socket.getLocalAddress());
      ByteBuffer bytes = ByteBuffer.allocate(10);
      assertEquals(client.getLocalAddress(), socket.receive(bytes));
      socket.send(ByteBuffer.wrap(new byte[] {6}), client.getLocalAddress());
      bytes.clear();
      client.receive(bytes);
      assertEquals(6, bytes.get(0));
    }
  }

  @Test
  void shouldAnswerHowManyConnectionsOfNodeItHas() throws IOException {
    ask("connections");
    int port = received.nextJson().get("port").intValue();
    List<SocketChannel> clients = new ArrayList<>();
    List<SocketChannel> sockets = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      clients.add(SocketChannel.open(Loopback.port(port)));
    }
    for (int i = 0; i < 300; i++) {
      sockets.add(received.next().channel(SocketChannel.class));
    }
    assertCount(300);
    for (int i = 0; i < 200; i++) {
      sockets.remove(0).close();
    }
    assertCount(100);
    ask("close");
    echo("not closed yet");
    assertEquals("not closed yet", received.nextText());
    for (SocketChannel socket : sockets) {
      socket.close();
    }
    assertEquals("closed", received.nextText());
    for (SocketChannel client : clients) {
      assertEquals("", readAll(client));
      client.close();
    }
  }

  private void assertCount(int count) {
    ask("count");
    assertEquals(count, received.nextJson().get("count").intValue());
  }

  // ---- the end ----

  @Test
  void shouldEndWithNodesDisconnect() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    channel.onDisconnect(end::countDown);
    ask("disconnect");
    assertEquals("before the end", received.nextText());
    assertTrue(end.await(60, TimeUnit.SECONDS));
    assertFalse(channel.isConnected());
    Futures.failure(ShareClosedException.class, channel.send(1));
    assertTrue(worker.process().waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, worker.process().exitValue());
  }

  @Test
  void shouldEndNodeByDisconnect() throws Exception {
    CompletableFuture<Void> sent =
        channel.send(Map.of("task", "nothing", "padding", "x".repeat(5 << 20)));
    channel.disconnect();
    Futures.get(sent);
    assertTrue(worker.process().waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, worker.process().exitValue());
  }

  @Test
  void shouldEndWithNodesExit() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    channel.onDisconnect(end::countDown);
    CompletableFuture<Void> unused = channel.send(Map.of("task", "exit", "code", 9));
    assertTrue(end.await(60, TimeUnit.SECONDS));
    assertTrue(worker.process().waitFor(60, TimeUnit.SECONDS));
    assertEquals(9, worker.process().exitValue());
  }
}
