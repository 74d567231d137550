package org.shareobject.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareIoException;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.NeedsNode;
import org.shareobject.testing.Node;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** Real Node and JVMs as workers of a JVM. */
@NeedsNode
@Timeout(180)
class ClusterPrimaryTest {
  private static final String LOCAL = "127.0.0.1";

  @TempDir Path folder;

  private ClusterPrimary primary;

  @BeforeEach
  void open() {
    primary = new ClusterPrimary();
  }

  @AfterEach
  void close() {
    primary.close();
  }

  /** A worker, and what it says. */
  private static final class Peer {
    final ClusterMember member;
    final Received received;

    Peer(ClusterPrimary primary) {
      this(primary, Node.script("cluster/member.js"));
    }

    Peer(ClusterPrimary primary, ProcessBuilder command) {
      member = primary.spawn(command);
      received = Received.from(member.worker().channel());
    }

    /** Has it listen; returns its answer. */
    JsonNode open(String name, String kind, Map<String, ?> where) {
      send(Map.of("name", name, "kind", kind, "where", where));
      return received.nextJson();
    }

    int port(String name, String kind, Map<String, ?> where) {
      JsonNode answer = open(name, kind, where);
      assertTrue(answer.has("address"), answer.toString());
      return answer.path("address").path("port").intValue();
    }

    void close(String name) {
      send(Map.of("name", name));
      assertTrue(received.nextJson().path("closed").booleanValue());
    }

    private void send(Object message) {
      CompletableFuture<Void> unused = member.worker().channel().send(message);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(Loopback.port(0))) {
      return ((InetSocketAddress) server.getLocalAddress()).getPort();
    }
  }

  private static String ask(SocketAddress address) throws IOException {
    try (SocketChannel channel = SocketChannel.open(address)) {
      return answer(channel);
    }
  }

  private static String answer(SocketChannel channel) throws IOException {
    return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void assertRefused(int port) {
    assertThrows(ConnectException.class, () -> SocketChannel.open(Loopback.port(port)).close());
  }

  private static SocketAddress nextAddress(ClusterMember member) throws InterruptedException {
    BlockingQueue<SocketAddress> addresses = new LinkedBlockingQueue<>();
    member.onListening(addresses::add);
    SocketAddress address = addresses.poll(60, TimeUnit.SECONDS);
    assertTrue(address != null, "it does not listen");
    return address;
  }

  /** As Node by {@code SCHED_NONE}: its workers resolve names before they ask. */
  @Test
  void shouldResolveNoHostNames() {
    String asks =
        """
        process.on('internalMessage', (answer) => {
          if (answer.ack === 900) {
            process.send({ errno: answer.errno });
          }
        });
        process.on('message', (address) => {
          process.send({
            cmd: 'NODE_CLUSTER', act: 'queryServer', seq: 900, index: 0, data: null,
            address, port: 0, addressType: 4, flags: 0,
          });
        });
        """;
    Peer peer = new Peer(primary, new ProcessBuilder("node", "-e", asks));
    for (String name : new String[] {"localhost", "1.2.3", "127.0.0.01", "0x7f.1", "cafe", "::g"}) {
      peer.send(name);
      assertEquals(-22, peer.received.nextJson().get("errno").intValue(), name);
    }
    peer.send(LOCAL);
    assertEquals(0, peer.received.nextJson().get("errno").intValue());
    peer.send("::1");
    assertEquals(0, peer.received.nextJson().get("errno").intValue());
  }

  @Test
  void shouldHaveJvmsAndNodeShareAPort() throws Exception {
    for (String host : new String[] {LOCAL, ""}) {
      int port = freePort();
      Map<String, ?> where =
          host.isEmpty() ? Map.of("port", port) : Map.of("port", port, "host", host);
      ClusterMember jvm =
          primary.fork(NodeClusterWorker.class, "listen", String.valueOf(port), host);
      Peer node = new Peer(primary);
      assertEquals(port, node.port("a", "tcp", where));
      assertEquals(port, ((InetSocketAddress) nextAddress(jvm)).getPort());
      assertTrue(jvm.isOnline() && node.member.isOnline());
      Set<String> both = Set.of("java " + jvm.id(), "node " + node.member.id());
      Set<String> served = new TreeSet<>();
      for (int i = 0; i < 200; i++) {
        served.add(ask(Loopback.port(port)));
      }
      assertTrue(both.containsAll(served), served.toString());
      node.close("a");
      assertEquals("java " + jvm.id(), ask(Loopback.port(port)));
      jvm.disconnect();
      assertTrue(jvm.worker().process().waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, jvm.worker().process().exitValue());
      Futures.await(() -> isFree(port));
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void shouldKeepThePortOfWorkersThatDied() throws Exception {
    Peer first = new Peer(primary);
    int port = first.port("a", "tcp", Map.of("port", freePort(), "host", LOCAL));
    first.member.worker().process().destroyForcibly().waitFor();
    Peer second;
    try (SocketChannel early = SocketChannel.open(Loopback.port(port))) {
      second = new Peer(primary);
      assertEquals(port, second.port("a", "tcp", Map.of("port", port, "host", LOCAL)));
      assertEquals("node " + second.member.id(), answer(early));
    }
    second.close("a");
    Futures.await(() -> isFree(port));
    assertRefused(port);
  }

  @Test
  void shouldCloseThePortThatTheSuccessorDoesNotWant() throws Exception {
    Peer first = new Peer(primary);
    int port = first.port("a", "tcp", Map.of("port", freePort(), "host", LOCAL));
    int common = first.port("b", "tcp", Map.of("port", freePort(), "host", LOCAL));
    first.member.worker().process().destroyForcibly().waitFor();
    Peer second = new Peer(primary);
    assertEquals(common, second.port("b", "tcp", Map.of("port", common, "host", LOCAL)));
    Futures.await(() -> isFree(port));
    assertRefused(port);
    assertEquals("node " + second.member.id(), ask(Loopback.port(common)));
  }

  @Test
  void shouldHandConnectionsOutInTurn() throws Exception {
    try (ClusterPrimary inTurn = new ClusterPrimary(Scheduling.ROUND_ROBIN)) {
      Path file = folder.resolve("socket");
      int port = freePort();
      List<Peer> peers = List.of(new Peer(inTurn), new Peer(inTurn), new Peer(inTurn));
      for (Peer peer : peers) {
        assertEquals(port, peer.port("a", "tcp", Map.of("port", port, "host", LOCAL)));
        peer.open("b", "tcp", Map.of("path", file.toString()));
      }
      ClusterMember jvm =
          inTurn.fork(NodeClusterWorker.class, "listen", String.valueOf(port), LOCAL);
      assertEquals(Loopback.port(port), nextAddress(jvm));
      Map<String, Integer> served = new TreeMap<>();
      for (int i = 0; i < 40; i++) {
        served.merge(ask(Loopback.port(port)), 1, Integer::sum);
        assertTrue(ask(UnixDomainSocketAddress.of(file)).startsWith("node "));
      }
      assertEquals(Set.of("node 1", "node 2", "node 3", "java " + jvm.id()), served.keySet());
      assertTrue(Collections.min(served.values()) >= 8, served.toString());
    }
  }

  @Test
  void shouldGiveAnotherOneWhatADeadWorkerHasNotTaken() throws Exception {
    try (ClusterPrimary inTurn = new ClusterPrimary(Scheduling.ROUND_ROBIN)) {
      Map<String, ?> where = Map.of("port", freePort(), "host", LOCAL);
      Peer hung = new Peer(inTurn);
      Peer other = new Peer(inTurn);
      int port = hung.port("a", "tcp", where);
      assertEquals(port, other.port("a", "tcp", where));
      Host.signal("STOP", hung.member.worker().process().pid());
      List<SocketChannel> open = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        open.add(SocketChannel.open(Loopback.port(port)));
      }
      Host.signal("KILL", hung.member.worker().process().pid());
      for (SocketChannel connection : open) {
        try (connection) {
          assertEquals("node " + other.member.id(), answer(connection));
        }
      }
      other.close("a");
      Futures.await(() -> isFree(port));
    }
  }

  @Test
  void shouldGiveAllTheSamePortIfAnyWillDo() {
    Peer first = new Peer(primary);
    Peer second = new Peer(primary);
    int port = first.port("a", "tcp", Map.of("port", 0, "host", LOCAL));
    assertEquals(port, second.port("a", "tcp", Map.of("port", 0, "host", LOCAL)));
    assertTrue(port != first.port("b", "tcp", Map.of("port", 0, "host", LOCAL)));
  }

  @Test
  void shouldListenOnIpv6() throws Exception {
    Peer node = new Peer(primary);
    int port = node.port("a", "tcp", Map.of("port", 0, "host", "::1"));
    assertEquals(
        "node " + node.member.id(),
        ask(new InetSocketAddress(Loopback.of(StandardProtocolFamily.INET6).getAddress(), port)));
  }

  @Test
  void shouldShareAUnixSocket() throws Exception {
    Path file = folder.resolve("socket");
    Peer first = new Peer(primary);
    Peer second = new Peer(primary);
    assertEquals(
        file.toString(),
        first.open("a", "tcp", Map.of("path", file.toString())).path("address").textValue());
    second.open("a", "tcp", Map.of("path", file.toString()));
    assertEquals(UnixDomainSocketAddress.of(file), nextAddress(second.member));
    assertTrue(ask(UnixDomainSocketAddress.of(file)).startsWith("node "));
    first.close("a");
    assertTrue(Files.exists(file));
    second.close("a");
    Futures.await(() -> !Files.exists(file));
  }

  /** The system takes about 100 bytes. */
  @Test
  void shouldShareAUnixSocketWhosePathIsShortFromHere() throws Exception {
    Path deep = Path.of("target", "x".repeat(80));
    Files.createDirectories(deep);
    Path file = deep.resolve("s" + ProcessHandle.current().pid());
    Peer node = new Peer(primary);
    node.open("a", "tcp", Map.of("path", file.toString()));
    assertEquals("node " + node.member.id(), ask(UnixDomainSocketAddress.of(file)));
    node.close("a");
    Futures.await(() -> !Files.exists(file));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldShareAUnixSocketOutsideOfTheFileSystem() throws Exception {
    String name = "shareobject-test-" + ProcessHandle.current().pid();
    Peer first = new Peer(primary);
    Peer second = new Peer(primary);
    assertEquals(
        "\0" + name,
        first.open("a", "tcp", Map.of("path", "\0" + name)).get("address").textValue());
    second.open("a", "tcp", Map.of("path", "\0" + name));
    assertEquals(UnixDomainSocketAddress.of("@" + name), nextAddress(second.member));
    assertTrue(unixSockets().contains("@" + name + "\n"), unixSockets());
    first.close("a");
    second.close("a");
    Futures.await(() -> !unixSockets().contains("@" + name));
  }

  private static String unixSockets() {
    try {
      return Files.readString(Path.of("/proc/net/unix"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldShareASocketThatThePrimaryHasAlready() throws Exception {
    Set<String> before = OpenFiles.sockets();
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(Loopback.port(0))) {
      Set<String> after = new TreeSet<>(OpenFiles.sockets());
      after.removeAll(before);
      Map<String, ?> where = Map.of("fd", Integer.parseInt(after.iterator().next()));
      Peer first = new Peer(primary);
      int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      assertEquals(port, first.port("a", "tcp", where));
      assertEquals("node " + first.member.id(), ask(server.getLocalAddress()));
      first.close("a");
      Peer second = new Peer(primary);
      assertEquals(port, second.port("a", "tcp", where));
      assertEquals("node " + second.member.id(), ask(server.getLocalAddress()));
      before = OpenFiles.sockets();
      try (SocketChannel connected = SocketChannel.open(server.getLocalAddress())) {
        Set<String> more = new TreeSet<>(OpenFiles.sockets());
        more.removeAll(before);
        assertTrue(connected.isConnected() && !more.isEmpty());
        for (String number : more) {
          assertEquals("EINVAL", error(second, Map.of("fd", Integer.parseInt(number))));
        }
      }
    }
  }

  @Test
  void shouldShareADatagramSocket() throws Exception {
    Peer first = new Peer(primary);
    Peer second = new Peer(primary);
    Map<String, ?> where = Map.of("type", "udp4", "port", 0, "address", LOCAL);
    int port = first.port("a", "udp", where);
    assertEquals(port, second.port("a", "udp", where));
    first.close("a");
    try (DatagramChannel client = DatagramChannel.open().bind(Loopback.port(0))) {
      client.send(StandardCharsets.UTF_8.encode("hello"), Loopback.port(port));
      ByteBuffer answer = ByteBuffer.allocate(100);
      client.receive(answer);
      assertEquals(
          "node " + second.member.id() + " hello",
          StandardCharsets.UTF_8.decode(answer.flip()).toString());
    }
  }

  @Test
  void shouldBindADatagramSocketForAJvm() throws Exception {
    ClusterMember jvm = primary.fork(NodeClusterWorker.class, "bind", "0", LOCAL);
    assertTrue(nextAddress(jvm) instanceof InetSocketAddress);
  }

  /** Of TLS: what one worker encrypted another one must read. */
  @Test
  void shouldTellAllWorkersTheDataOfTheFirst() {
    Peer first = new Peer(primary);
    Peer second = new Peer(primary);
    Map<String, ?> where = Map.of("port", 0, "host", LOCAL);
    String keys = first.open("a", "tls", where).path("keys").textValue();
    assertEquals(96, keys.length());
    assertEquals(keys, second.open("a", "tls", where).path("keys").textValue());
  }

  @Test
  void shouldTellWhyAnAddressCannotBeBound() throws Exception {
    Peer node = new Peer(primary);
    try (ServerSocketChannel taken = ServerSocketChannel.open().bind(Loopback.port(0))) {
      int port = ((InetSocketAddress) taken.getLocalAddress()).getPort();
      assertEquals("EADDRINUSE", error(node, Map.of("port", port, "host", LOCAL)));
    }
    assertEquals("EADDRNOTAVAIL", error(node, Map.of("port", 0, "host", "203.0.113.1")));
    assertEquals("EINVAL", error(node, Map.of("fd", 0)));
    assertEquals("EINVAL", error(node, Map.of("fd", 99_999)));
    Path path = folder.resolve("taken");
    assertEquals("ENOENT", error(node, Map.of("path", folder.resolve("no/folder").toString())));
    assertEquals("EADDRINUSE", error(node, Map.of("path", Files.createFile(path).toString())));
    assertEquals("ENAMETOOLONG", error(node, Map.of("path", folder + "/" + "x".repeat(200))));
    assertTrue(node.port("b", "tcp", Map.of("port", 0, "host", LOCAL)) > 0);
  }

  @Test
  void shouldLeaveIpv4ToOthersIfOnlyIpv6IsWanted() throws Exception {
    Peer node = new Peer(primary);
    int port = node.port("a", "tcp", Map.of("port", 0, "host", "::", "ipv6Only", true));
    try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
      other.bind(Loopback.port(port));
      assertTrue(other.isOpen());
    }
  }

  private static String error(Peer node, Map<String, ?> where) {
    return node.open("a", "tcp", where).path("error").textValue();
  }

  @Test
  void shouldTellAWorkerThatItHasTooManyOpenFiles() {
    List<String> words = new ArrayList<>();
    words.addAll(List.of("sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"));
    words.addAll(Node.script("cluster/member.js").command());
    Peer node = new Peer(primary, new ProcessBuilder(words));
    assertEquals("EMFILE", node.open("files", "fill", Map.of()).path("error").textValue());
    assertEquals("EMFILE", error(node, Map.of("port", 0, "host", LOCAL)));
  }

  @Test
  void shouldTellAJvmThatAPortIsTaken() throws Exception {
    try (ServerSocketChannel taken = ServerSocketChannel.open().bind(Loopback.port(0))) {
      int port = ((InetSocketAddress) taken.getLocalAddress()).getPort();
      ClusterMember jvm =
          primary.fork(NodeClusterWorker.class, "listen", String.valueOf(port), LOCAL);
      String words = Received.from(jvm.worker().channel()).nextText();
      assertTrue(words.contains("cannot listen"), words);
    }
  }

  @Test
  void shouldKnowWhoLeavesByItself() throws Exception {
    ClusterMember jvm = primary.fork(NodeClusterWorker.class, "leave", "0", LOCAL);
    assertTrue(jvm.worker().process().waitFor(60, TimeUnit.SECONDS));
    assertTrue(jvm.isLeaving());
    ClusterMember node = primary.spawn(new ProcessBuilder("node", "-e", "process.exit(3)"));
    assertEquals(3, node.worker().process().waitFor());
    assertFalse(node.isLeaving());
  }

  @Test
  void shouldStartProgramsThatKnowNoCluster() throws Exception {
    ClusterMember shell = primary.spawn(new ProcessBuilder("sh", "-c", "exit $NODE_UNIQUE_ID"));
    assertEquals(shell.id(), shell.worker().process().waitFor());
    assertFalse(shell.isOnline());
    assertThrows(
        ShareIoException.class, () -> primary.spawn(new ProcessBuilder("/no/such/program")));
  }

  @Test
  void shouldEndAllWhenClosed() throws Exception {
    Peer node = new Peer(primary);
    int port = node.port("a", "tcp", Map.of("port", 0, "host", LOCAL));
    primary.close();
    assertEquals(0, node.member.worker().process().exitValue());
    assertRefused(port);
    assertThrows(ShareClosedException.class, () -> primary.spawn(new ProcessBuilder("true")));
  }

  @Test
  void shouldLeakNoDescriptors() {
    Peer node = new Peer(primary);
    Map<String, ?> where = Map.of("port", 0, "host", LOCAL);
    int before = 0;
    for (int i = 0; i < 50; i++) {
      node.port("a", "tcp", where);
      node.close("a");
      if (i == 0) {
        before = OpenFiles.count();
      }
    }
    int most = before;
    Futures.await(() -> OpenFiles.count() <= most);
  }
}
