package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.shareobject.Codec;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.socket.Sockets;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** Sockets that go along with messages. */
@Timeout(120)
class ChannelHandleTest {
  private static final String ACK = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";
  private static final String NACK = "{\"cmd\":\"NODE_HANDLE_NACK\"}\n";

  @TempDir Path folder;
  private final Pair pair = Pair.open();
  private final Received received = Received.from(pair.right);

  @AfterEach
  void close() {
    pair.close();
  }

  private ServerSocketChannel server(ProtocolFamily family) throws IOException {
    return ServerSocketChannel.open(family).bind(address(family));
  }

  private SocketAddress address(ProtocolFamily family) throws IOException {
    if (family == StandardProtocolFamily.UNIX) {
      return UnixDomainSocketAddress.of(folder.resolve("socket"));
    }
    return Loopback.of((StandardProtocolFamily) family);
  }

  private static void write(SocketChannel socket, String text) throws IOException {
    socket.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String read(SocketChannel socket) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(1000);
    int count = socket.read(bytes);
    return count < 0 ? null : new String(bytes.array(), 0, count, StandardCharsets.UTF_8);
  }

  /** Both ends of a connection. */
  private record Connection(SocketChannel client, SocketChannel served) implements AutoCloseable {
    static Connection of(ServerSocketChannel server) throws IOException {
      SocketChannel client = SocketChannel.open(server.getLocalAddress());
      return new Connection(client, server.accept());
    }

    @Override
    public void close() throws IOException {
      client.close();
      served.close();
    }
  }

  // ---- kinds ----

  @ParameterizedTest
  @EnumSource(StandardProtocolFamily.class)
  void shouldShareAServer(StandardProtocolFamily family) throws IOException {
    try (ServerSocketChannel server = server(family)) {
      SocketAddress address = server.getLocalAddress();
      Futures.get(pair.left.send("server", server));
      assertTrue(server.isOpen());
      Received.Message message = received.next();
      assertEquals("server", message.json().textValue());
      try (ServerSocketChannel got = message.channel(ServerSocketChannel.class);
          SocketChannel client = SocketChannel.open(address);
          SocketChannel accepted = got.accept()) {
        assertSame(got, message.handle().channel());
        assertEquals(address, got.getLocalAddress());
        assertTrue(got.isBlocking());
        write(client, "hello");
        assertEquals("hello", read(accepted));
      }
      // The sender's is as before.
      try (SocketChannel client = SocketChannel.open(address);
          SocketChannel accepted = server.accept()) {
        write(accepted, "bye");
        assertEquals("bye", read(client));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(StandardProtocolFamily.class)
  void shouldGiveAConnectionAway(StandardProtocolFamily family) throws IOException {
    try (ServerSocketChannel server = server(family);
        Connection connection = Connection.of(server)) {
      SocketChannel served = connection.served();
      SocketAddress remote = served.getRemoteAddress();
      SocketAddress local = served.getLocalAddress();
      Futures.get(pair.left.send("socket", served));
      assertFalse(served.isOpen());
      try (SocketChannel got = received.next().channel(SocketChannel.class)) {
        assertTrue(got.isConnected());
        assertEquals(remote, got.getRemoteAddress());
        assertEquals(local, got.getLocalAddress());
        write(connection.client(), "there");
        assertEquals("there", read(got));
        write(got, "back");
        assertEquals("back", read(connection.client()));
      }
      assertNull(read(connection.client()));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = StandardProtocolFamily.class,
      names = {"INET", "INET6"})
  void shouldShareADatagramSocket(StandardProtocolFamily family) throws IOException {
    try (DatagramChannel socket = DatagramChannel.open(family).bind(address(family))) {
      Futures.get(pair.left.send("datagram", socket));
      assertTrue(socket.isOpen());
      try (DatagramChannel got = received.next().channel(DatagramChannel.class);
          DatagramChannel client = DatagramChannel.open(family).bind(address(family))) {
        assertEquals(socket.getLocalAddress(), got.getLocalAddress());
        client.send(ByteBuffer.wrap(new byte[] {7}), socket.getLocalAddress());
        ByteBuffer bytes = ByteBuffer.allocate(10);
        assertEquals(client.getLocalAddress(), got.receive(bytes));
        assertEquals(7, bytes.get(0));
        got.send(ByteBuffer.wrap(new byte[] {8}), client.getLocalAddress());
        bytes.clear();
        assertEquals(got.getLocalAddress(), client.receive(bytes));
        assertEquals(8, bytes.get(0));
      }
    }
  }

  @Test
  void shouldTellNodeWhatKindOfDatagramSocketItIs() throws IOException {
    try (RawPeer peer = RawPeer.open();
        DatagramChannel ipv4 =
            DatagramChannel.open(StandardProtocolFamily.INET)
                .bind(address(StandardProtocolFamily.INET));
        DatagramChannel ipv6 =
            DatagramChannel.open(StandardProtocolFamily.INET6)
                .bind(address(StandardProtocolFamily.INET6))) {
      CompletableFuture<Void> unused = peer.channel.send(1, ipv4);
      unused = peer.channel.send(2, ipv6);
      assertEquals(
          "{\"cmd\":\"NODE_HANDLE\",\"type\":\"dgram.Socket\",\"dgramType\":\"udp4\",\"msg\":1}",
          peer.readLine());
      peer.write(ACK);
      assertTrue(peer.readLine().contains("\"udp6\""));
      peer.write(ACK);
    }
  }

  @Test
  void shouldSetOptionsOfAReceivedSocket() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      Futures.get(pair.left.send(1, connection.served()));
      try (SocketChannel got = received.next().channel(SocketChannel.class)) {
        got.setOption(StandardSocketOptions.TCP_NODELAY, true);
        assertTrue(got.getOption(StandardSocketOptions.TCP_NODELAY));
        got.setOption(StandardSocketOptions.IP_TOS, 8);
        assertNotNull(got.socket().getInetAddress());
      }
    }
  }

  @Test
  void shouldSelectOnReceivedSockets() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Selector selector = Selector.open()) {
      Futures.get(pair.left.send(1, server));
      try (ServerSocketChannel got = received.next().channel(ServerSocketChannel.class)) {
        got.configureBlocking(false);
        got.register(selector, SelectionKey.OP_ACCEPT);
        try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
          assertEquals(1, selector.select(10_000));
          try (SocketChannel accepted = got.accept()) {
            write(client, "x");
            assertEquals("x", read(accepted));
          }
        }
      }
      assertTrue(server.isOpen());
    }
  }

  @Test
  void shouldDeliverAConnectionWhoseOtherSideIsGone() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      connection.client().setOption(StandardSocketOptions.SO_LINGER, 0);
      connection.client().close();
      Futures.get(pair.left.send("gone", connection.served()));
      try (SocketChannel got = received.next().channel(SocketChannel.class)) {
        assertTrue(got.isOpen());
        assertThrows(IOException.class, () -> got.write(ByteBuffer.allocate(1)));
      }
    }
  }

  // ---- what cannot go ----

  @Test
  void shouldRefuseWhatCannotBePassed() throws IOException {
    try (AsynchronousServerSocketChannel other = AsynchronousServerSocketChannel.open();
        ServerSocketChannel unbound = ServerSocketChannel.open();
        SocketChannel unconnected = SocketChannel.open()) {
      Futures.assertFails(
          IllegalArgumentException.class, "SocketChannel", pair.left.send(1, other));
      Futures.assertFails(IllegalStateException.class, "not bound", pair.left.send(1, unbound));
      Futures.assertFails(
          IllegalStateException.class, "not connected", pair.left.send(1, unconnected));
    }
    assertThrows(NullPointerException.class, () -> pair.left.send(1, (ServerSocketChannel) null));
    Futures.get(pair.left.send("after"));
    assertEquals("after", received.nextText());
  }

  @Test
  void shouldRefuseAClosedSocket() throws IOException {
    ServerSocketChannel server = server(StandardProtocolFamily.INET);
    server.close();
    Futures.assertFails(ShareClosedException.class, "closed", pair.left.send(1, server));
    Futures.get(pair.left.send("after"));
    assertEquals("after", received.nextText());
  }

  @Test
  void shouldFailOnlyTheHandleThatWasClosedBeforeItsTurn() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel first = server(StandardProtocolFamily.INET)) {
      ServerSocketChannel second = server(StandardProtocolFamily.INET);
      CompletableFuture<Void> sent = peer.channel.send(1, first);
      CompletableFuture<Void> closed = peer.channel.send(2, second);
      CompletableFuture<Void> behind = peer.channel.send(3);
      peer.readLine();
      second.close();
      peer.write(ACK);
      assertEquals("3", peer.readLine());
      Futures.get(sent);
      Futures.get(behind);
      Futures.assertFails(ShareClosedException.class, "closed before it was sent", closed);
    }
  }

  @Test
  void shouldRefuseAConnectionThatASelectorHas() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server);
        Selector selector = Selector.open()) {
      SocketChannel served = connection.served();
      served.configureBlocking(false);
      SelectionKey key = served.register(selector, SelectionKey.OP_READ);
      Futures.assertFails(IllegalStateException.class, "selectNow()", pair.left.send(1, served));
      key.cancel();
      selector.selectNow();
      Futures.get(pair.left.send(2, served));
      try (SocketChannel got = received.next().channel(SocketChannel.class)) {
        write(connection.client(), "alive");
        assertEquals("alive", read(got));
      }
    }
  }

  @Test
  void shouldKeepAConnectionOpenHereToo() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      Futures.get(pair.left.send(1, connection.served(), true));
      try (SocketChannel got = received.next().channel(SocketChannel.class)) {
        write(connection.served(), "one ");
        assertEquals("one ", read(connection.client()));
        write(got, "two");
        assertEquals("two", read(connection.client()));
      }
      write(connection.served(), "three");
      assertEquals("three", read(connection.client()));
    }
  }

  /** As all need it who run on libuv: their accept would block. */
  @Test
  void shouldSetWhatItSendsNotToBlock() throws IOException {
    server(StandardProtocolFamily.INET).close(); // the JDK opens some for itself at the first
    Set<String> before = OpenFiles.sockets();
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      Set<String> added = OpenFiles.sockets();
      added.removeAll(before);
      String number = added.iterator().next();
      assertFalse(OpenFiles.isNonblocking(number));
      Futures.get(pair.left.send("server", server));
      received.next().handle().channel().close();
      assertTrue(OpenFiles.isNonblocking(number));
    }
  }

  // ---- acknowledgement ----

  @Test
  void shouldSendNothingBehindAHandleUntilItIsAcknowledged() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      CompletableFuture<Void> handle = peer.channel.send("handle", server);
      CompletableFuture<Void> behind = peer.channel.send("behind");
      peer.readLine();
      assertTrue(peer.isSilent(100));
      assertFalse(handle.isDone());
      assertFalse(behind.isDone());
      peer.write(ACK);
      assertEquals("\"behind\"", peer.readLine());
      Futures.get(handle);
      Futures.get(behind);
    }
  }

  @Test
  void shouldAcknowledgeWhileItWaitsForAnAcknowledgement() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      CompletableFuture<Void> unused = peer.channel.send("handle", server);
      unused = peer.channel.send("behind");
      peer.readLine();
      peer.write(
          "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":1}\n", Sockets.copy(server));
      assertEquals(ACK, peer.readLine() + "\n");
      peer.write(ACK);
      assertEquals("\"behind\"", peer.readLine());
      Received.from(peer.channel).next().handle().channel().close();
    }
  }

  @Test
  void shouldSendARefusedHandleAgain() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      CompletableFuture<Void> handle = peer.channel.send("handle", server);
      CompletableFuture<Void> behind = peer.channel.send("behind");
      String first = peer.readLine();
      for (int i = 0; i < 3; i++) {
        peer.write(NACK);
        assertEquals(first, peer.readLine());
      }
      peer.write(ACK);
      Futures.get(handle);
      assertEquals("\"behind\"", peer.readLine());
      Futures.get(behind);
    }
  }

  @Test
  void shouldGiveUpAHandleThatIsRefusedAgainAndAgain() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      CompletableFuture<Void> handle = peer.channel.send("handle", connection.served());
      CompletableFuture<Void> behind = peer.channel.send("behind");
      for (int i = 0; i < 4; i++) {
        peer.readLine();
        peer.write(NACK);
      }
      Futures.assertFails(ShareIoException.class, "EMFILE", handle);
      assertTrue(connection.served().isOpen());
      assertEquals("\"behind\"", peer.readLine());
      Futures.get(behind);
    }
  }

  @Test
  void shouldGiveUpAtOnceWhenTheOtherSideSaysWhy() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      CompletableFuture<Void> handle = peer.channel.send("handle", server);
      peer.readLine();
      peer.write("{\"cmd\":\"NODE_HANDLE_NACK\",\"reason\":\"never heard of it\"}\n");
      Futures.assertFails(ShareIoException.class, "never heard of it", handle);
    }
  }

  @Test
  void shouldFailAHandleWhoseReceiverDies() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      CompletableFuture<Void> handle = peer.channel.send("handle", connection.served());
      CompletableFuture<Void> second = peer.channel.send("second", server);
      CompletableFuture<Void> behind = peer.channel.send("behind");
      peer.readLine();
      peer.die();
      Futures.assertFails(ShareClosedException.class, "sent, but not acknowledged", handle);
      Futures.assertFails(ShareClosedException.class, "handle were not sent", second);
      Futures.assertFails(ShareClosedException.class, "message was not sent", behind);
      assertTrue(connection.served().isOpen());
      // So it can be given to somebody else.
      Futures.get(pair.left.send("again", connection.served()));
      received.next().handle().channel().close();
    }
  }

  @Test
  void shouldWaitForTheAcknowledgementBeforeItDisconnects() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      CompletableFuture<Void> handle = peer.channel.send("handle", server);
      CompletableFuture<Void> behind = peer.channel.send("behind");
      peer.channel.disconnect();
      peer.readLine();
      assertTrue(peer.isSilent(50));
      peer.write(ACK);
      assertEquals("\"behind\"", peer.readLine());
      peer.readToEnd();
      Futures.get(handle);
      Futures.get(behind);
    }
  }

  @Test
  void shouldDeliver300SocketsInOrder() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      List<Connection> connections = new ArrayList<>();
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        Connection connection = Connection.of(server);
        connections.add(connection);
        sent.add(pair.left.send(i, connection.served()));
        sent.add(pair.left.send("behind " + i));
      }
      for (int i = 0; i < 300; i++) {
        Received.Message message = received.next();
        assertEquals(i, message.json().intValue());
        try (SocketChannel got = message.channel(SocketChannel.class)) {
          write(got, "socket " + i);
        }
        assertEquals("behind " + i, received.nextText());
      }
      sent.forEach(Futures::get);
      for (int i = 0; i < 300; i++) {
        assertEquals("socket " + i, read(connections.get(i).client()));
        connections.get(i).close();
      }
    }
  }

  // ---- sockets of Node's servers ----

  private static String socketMessage(String key) {
    return "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1,\"key\":\"" + key + "\"}\n";
  }

  private static String count(String key, int count) {
    return "{\"cmd\":\"NODE_SOCKET_COUNT\",\"key\":\"" + key + "\",\"count\":" + count + "}";
  }

  @Test
  void shouldCountTheSocketsOfAServerAndTellWhenAllAreClosed() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      Received sockets = Received.from(peer.channel);
      List<SocketChannel> open = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        peer.write(socketMessage("6::::80"), Sockets.copy(connection.served()));
        peer.readLine();
        open.add(sockets.next().channel(SocketChannel.class));
      }
      peer.write("{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"6::::80\"}\n");
      assertEquals(count("6::::80", 3), peer.readLine());
      open.remove(0).close();
      peer.write("{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"6::::80\"}\n");
      assertEquals(count("6::::80", 2), peer.readLine());
      peer.write("{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"6::::80\"}\n");
      assertTrue(peer.isSilent(100));
      open.remove(0).close();
      assertTrue(peer.isSilent(100));
      open.remove(0).close();
      String allClosed = "{\"cmd\":\"NODE_SOCKET_ALL_CLOSED\",\"key\":\"6::::80\"}";
      assertEquals(allClosed, peer.readLine());
      assertTrue(peer.isSilent(100));
      peer.write("{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"6::::80\"}\n");
      assertEquals(allClosed, peer.readLine());
    }
  }

  @Test
  void shouldAnswerForServersItHasNoSocketOf() {
    try (RawPeer peer = RawPeer.open()) {
      peer.write("{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"none\"}\n");
      assertEquals(count("none", 0), peer.readLine());
    }
  }

  @Test
  void shouldNotKeepClosedSocketsInMind() throws IOException {
    SocketLists lists = new SocketLists();
    for (int i = 0; i < 1000; i++) {
      Handle handle = new Handle("net.Socket", OpenFiles.ofNoSocket());
      lists.add("key " + i % 10, handle);
      handle.drop();
    }
    assertEquals(0, lists.count("key 1"));
  }

  // ---- handles that nobody takes ----

  @Test
  void shouldCloseAHandleThatNoListenerTook() throws Exception {
    try (Pair fresh = Pair.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      CompletableFuture<Handle> ignored = new CompletableFuture<>();
      fresh.right.onMessage((message, handle) -> ignored.complete(handle));
      Futures.get(fresh.left.send(1, connection.served()));
      assertNull(read(connection.client()));
      Handle handle = ignored.get();
      ShareClosedException e = assertThrows(ShareClosedException.class, handle::channel);
      assertTrue(e.getMessage().contains("no listener took it"), e.getMessage());
    }
  }

  @Test
  void shouldCloseAHandleWhoseListenerThrew() throws Exception {
    try (Pair fresh = Pair.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      fresh.right.onMessage(
          (message, handle) -> {
            Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {});
            throw new IllegalStateException();
          });
      Futures.get(fresh.left.send(1, connection.served()));
      assertNull(read(connection.client()));
    }
  }

  @Test
  void shouldKeepAHandleOpenThatOneOfTheListenersTook() throws Exception {
    try (Pair fresh = Pair.open();
        ServerSocketChannel server = server(StandardProtocolFamily.INET);
        Connection connection = Connection.of(server)) {
      CompletableFuture<SocketChannel> taken = new CompletableFuture<>();
      CompletableFuture<Void> last = new CompletableFuture<>();
      fresh.right.onMessage((message, handle) -> {});
      fresh.right.onMessage(
          (message, handle) -> {
            if (handle != null) {
              taken.complete((SocketChannel) handle.channel());
            } else {
              last.complete(null);
            }
          });
      Futures.get(fresh.left.send(1, connection.served()));
      Futures.get(fresh.left.send(2));
      Futures.get(last);
      try (SocketChannel got = taken.get()) {
        write(connection.client(), "still");
        assertEquals("still", read(got));
      }
    }
  }

  @Test
  void shouldCloseKeptHandlesWithTheChannel() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      int before = OpenFiles.count();
      Pair unheard = Pair.open();
      Futures.get(unheard.left.send("kept", server));
      unheard.close();
      OpenFiles.assertNoMoreThan(before);
    }
  }

  @Test
  void shouldNotOpenASocketAsMap() throws IOException {
    try (ServerSocketChannel server = server(StandardProtocolFamily.INET)) {
      Futures.get(pair.left.send(1, server));
      Handle handle = received.next().handle();
      assertThrows(IllegalStateException.class, () -> handle.map(Codec.STRING, Codec.STRING));
      handle.channel().close();
    }
  }
}
