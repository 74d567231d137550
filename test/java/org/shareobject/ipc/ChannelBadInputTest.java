package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.Codec;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareValueTooLargeException;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Sockets;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** What comes from the other side and should not. */
class ChannelBadInputTest {
  private static final String ACK = "{\"cmd\":\"NODE_HANDLE_ACK\"}";

  private final RawPeer peer = RawPeer.open();
  private final Complaints complaints = new Complaints();
  private ServerSocketChannel server;

  @BeforeEach
  void openServer() throws IOException {
    server = ServerSocketChannel.open();
    server.bind(Loopback.port(0));
  }

  @AfterEach
  void close() throws IOException {
    peer.close();
    complaints.close();
    server.close();
  }

  private Descriptor descriptor() {
    return Sockets.copy(server);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no json",
        "",
        " ",
        "{\"a\":1",
        "{\"a\":1} more",
        "1 2",
        "[1,]",
        "{'a':1}",
        "NaN",
        "\u0000",
        "\"a",
        "tru"
      })
  void shouldDropAndReportWhatIsNotJson(String line) throws InterruptedException {
    Received received = Received.from(peer.channel);
    peer.write("\"before\"\n" + line + "\n\"after\"\n");
    assertEquals("before", received.nextText());
    assertEquals("after", received.nextText());
    complaints.assertNext(ShareFormatException.class, "not JSON");
  }

  @Test
  void shouldReadNumbersOfManyDigits() throws InterruptedException {
    Received received = Received.from(peer.channel);
    String digits = "7".repeat(5000);
    peer.write(digits + "\n[-" + digits + "]\n0." + digits + "\n");
    assertEquals(new BigInteger(digits), received.nextJson().bigIntegerValue());
    assertEquals(new BigInteger("-" + digits), received.nextJson().get(0).bigIntegerValue());
    assertEquals(0.7777777777777778, received.nextJson().doubleValue());
    CompletableFuture<Void> unused = peer.channel.send(new BigInteger(digits));
    assertEquals(digits, peer.readLine());
    peer.write("1" + digits.repeat(1000) + "\n");
    complaints.assertNext(ShareFormatException.class, "not JSON");
  }

  @Test
  void shouldShowOnlyTheBeginningOfABadLine() throws InterruptedException {
    peer.write("x".repeat(5000) + "\n");
    complaints.assertNext(ShareFormatException.class, "5000 bytes");
  }

  @Test
  void shouldReadInvalidUtf8AsNodeDoes() {
    Received received = Received.from(peer.channel);
    byte[] line = {'"', 'a', (byte) 0xFF, (byte) 0xC3, '"', '\n'};
    peer.write(line, -1);
    assertEquals("a\uFFFD\uFFFD", received.nextText());
    peer.write("\"after\"\n");
    assertEquals("after", received.nextText());
    complaints.assertNone();
  }

  @Test
  void shouldDropHalfALineAtTheEnd() throws InterruptedException {
    Received received = Received.from(peer.channel);
    CountDownLatch end = new CountDownLatch(1);
    peer.channel.onDisconnect(end::countDown);
    peer.write("\"whole\"\n\"ha");
    peer.die();
    assertEquals("whole", received.nextText());
    assertTrue(end.await(30, TimeUnit.SECONDS));
    assertEquals(0, received.count());
    complaints.assertNone();
  }

  @Test
  void shouldUnderstandAMessageThatComesByteByByte() {
    Received received = Received.from(peer.channel);
    for (byte each : "{\"é\":[1,2]}\n\"next\"\n".getBytes(StandardCharsets.UTF_8)) {
      peer.write(new byte[] {each}, -1);
    }
    assertEquals("{\"é\":[1,2]}", received.nextJson().toString());
    assertEquals("next", received.nextText());
  }

  @Test
  void shouldEndTheChannelAtALineThatIsTooLong() throws InterruptedException {
    System.setProperty(Limits.MESSAGE_PROPERTY, "1000000");
    try (RawPeer limited = RawPeer.open()) {
      CountDownLatch end = new CountDownLatch(1);
      Received received = Received.from(limited.channel);
      limited.channel.onDisconnect(end::countDown);
      limited.write("\"" + "x".repeat(999_998) + "\"\n");
      assertEquals(999_998, received.nextText().length());
      assertThrows(
          ShareClosedException.class, () -> limited.write("\"" + "x".repeat(100 << 20) + "\"\n"));
      assertTrue(end.await(30, TimeUnit.SECONDS));
      complaints.assertNext(ShareValueTooLargeException.class, "-D" + Limits.MESSAGE_PROPERTY);
      assertFalse(limited.channel.isConnected());
      Futures.assertFails(ShareClosedException.class, "1000000", limited.channel.send(1));
    } finally {
      System.clearProperty(Limits.MESSAGE_PROPERTY);
    }
  }

  @Test
  void shouldEndTheChannelAtALineOf100MbAsIs() throws InterruptedException {
    assertThrows(
        ShareClosedException.class, () -> peer.write("\"" + "x".repeat(100_000_000) + "\"\n"));
    complaints.assertNext(ShareValueTooLargeException.class, "-D" + Limits.MESSAGE_PROPERTY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "many", "3000000000"})
  void shouldRefuseALimitThatIsNone(String limit) {
    System.setProperty(Limits.MESSAGE_PROPERTY, limit);
    try {
      IllegalArgumentException e = assertThrows(IllegalArgumentException.class, Pair::open);
      assertTrue(e.getMessage().contains(limit), e.getMessage());
    } finally {
      System.clearProperty(Limits.MESSAGE_PROPERTY);
    }
  }

  @Test
  void shouldRefuseAHandleWithoutDescriptor() {
    Received received = Received.from(peer.channel);
    peer.write("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":\"lost\"}\n\"after\"\n");
    assertTrue(peer.readLine().startsWith("{\"cmd\":\"NODE_HANDLE_NACK\""));
    assertEquals("after", received.nextText());
  }

  @Test
  void shouldCloseADescriptorWithoutHandle() throws InterruptedException {
    Received received = Received.from(peer.channel);
    int before = OpenFiles.count();
    peer.write("\"plain\"\n", descriptor());
    assertNull(received.next().handle());
    complaints.assertNext(ShareFormatException.class, "without a NODE_HANDLE");
    OpenFiles.assertNoMoreThan(before);
  }

  @Test
  void shouldNotGiveAStrayDescriptorToALaterHandle() throws InterruptedException {
    Received received = Received.from(peer.channel);
    peer.write("\"plain\"\n", descriptor());
    peer.write("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":\"lost\"}\n");
    assertTrue(peer.readLine().contains("NODE_HANDLE_NACK"));
    assertEquals("plain", received.nextText());
    complaints.assertNext(ShareFormatException.class, "without a NODE_HANDLE");
  }

  @Test
  void shouldRefuseAnUnknownTypeOfHandle() throws InterruptedException {
    Received received = Received.from(peer.channel);
    int before = OpenFiles.count();
    peer.write("{\"cmd\":\"NODE_HANDLE\",\"type\":\"no.Such\",\"msg\":1}\n", descriptor());
    peer.write("\"after\"\n");
    String answer = peer.readLine();
    assertTrue(answer.startsWith("{\"cmd\":\"NODE_HANDLE_NACK\""), answer);
    assertTrue(answer.contains("no.Such"), answer);
    assertEquals("after", received.nextText());
    complaints.assertNext(ShareFormatException.class, "no.Such");
    OpenFiles.assertNoMoreThan(before);
  }

  @Test
  void shouldTellWhatTheDescriptorIsIfItIsNoSocket() {
    Received received = Received.from(peer.channel);
    Descriptor noSocket = OpenFiles.ofNoSocket();
    int before = OpenFiles.count() - 1;
    peer.write("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n", noSocket);
    assertEquals(ACK, peer.readLine());
    Received.Message message = received.next();
    for (int i = 0; i < 2; i++) {
      ShareIoException e = assertThrows(ShareIoException.class, () -> message.handle().channel());
      assertTrue(e.getMessage().contains("is not an Internet or Unix socket"), e.getMessage());
    }
    assertThrows(
        IllegalStateException.class, () -> message.handle().map(Codec.STRING, Codec.STRING));
    OpenFiles.assertNoMoreThan(before);
  }

  @Test
  void shouldCloseDescriptorsBeyondTheFirst() throws Exception {
    Received received = Received.from(peer.channel);
    int before = OpenFiles.count();
    String line = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":1}\n";
    peer.write(line.substring(0, 5), descriptor());
    peer.write(line.substring(5, 9), descriptor());
    peer.write(line.substring(9));
    ServerSocketChannel got = received.next().channel(ServerSocketChannel.class);
    complaints.assertNext(ShareFormatException.class, "1 descriptors came");
    got.close();
    OpenFiles.assertNoMoreThan(before);
  }

  @Test
  void shouldFindTheDescriptorThatCameWithEarlierBytes() throws Exception {
    // Stop reading for a moment, so that all comes in one read.
    CountDownLatch goOn = new CountDownLatch(1);
    Received received = new Received();
    peer.channel.onMessage(
        (message, handle) -> {
          received.message(message, handle);
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    peer.write("0\n");
    assertEquals(0, received.nextJson().intValue());
    peer.write("1\n2\n");
    peer.write("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":3}\n", descriptor());
    peer.write("4\n");
    goOn.countDown();
    assertEquals(1, received.nextJson().intValue());
    assertEquals(2, received.nextJson().intValue());
    received.next().handle().channel().close();
    assertEquals(4, received.nextJson().intValue());
  }

  @Test
  void shouldFindTheDescriptorOfAHandleMessageThatIsLong() throws Exception {
    Received received = Received.from(peer.channel);
    String padding = "x".repeat(700_000);
    peer.write(
        "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":\"" + padding + "\"}\n",
        descriptor());
    Received.Message message = received.next();
    assertEquals(padding, message.json().textValue());
    message.handle().channel().close();
  }

  @Test
  void shouldUnwrapAHandleThatNodeSentAgain() throws Exception {
    Received received = Received.from(peer.channel);
    peer.write(
        "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":"
            + "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":\"again\"}}\n",
        descriptor());
    assertEquals(ACK, peer.readLine());
    Received.Message message = received.next();
    assertEquals("again", message.json().textValue());
    message.handle().channel().close();
    assertTrue(peer.isSilent(50));
  }

  @Test
  void shouldIgnoreAnswersThatNobodyAskedFor() {
    Received received = Received.from(peer.channel);
    peer.write(
        ACK
            + "\n{\"cmd\":\"NODE_HANDLE_NACK\"}\n{\"cmd\":\"NODE_SOCKET_COUNT\"}\n"
            + "{\"cmd\":\"NODE_NOBODY_KNOWS\"}\n{\"cmd\":\"NODE_CLUSTER\",\"act\":\"x\"}\n\"after\"\n");
    assertEquals("after", received.nextText());
    complaints.assertNone();
  }

  @Test
  void shouldDeliverWhatOnlyLooksInternal() {
    Received received = Received.from(peer.channel);
    String[] lines = {
      "{\"cmd\":\"NODE_\"}", "{\"cmd\":\"node_handle\"}", "{\"cmd\":1}", "[\"NODE_HANDLE\"]"
    };
    for (String line : lines) {
      peer.write(line + "\n");
    }
    for (String line : lines) {
      assertEquals(line, received.nextJson().toString());
    }
  }

  @Test
  void shouldReadWhatIsNestedAsDeepAsNodeWritesIt() {
    Received received = Received.from(peer.channel);
    String deep = "[".repeat(4500) + "]".repeat(4500);
    peer.write(deep + "\n");
    assertTrue(received.nextJson().isArray());
  }

  @Test
  void shouldDropWhatIsNestedDeeper() throws InterruptedException {
    Received received = Received.from(peer.channel);
    peer.write("[".repeat(100_000) + "]".repeat(100_000) + "\n\"after\"\n");
    assertEquals("after", received.nextText());
    complaints.assertNext(ShareFormatException.class, "not JSON");
  }

  /** What is understood of it is not the point, but that it goes on and keeps no descriptor. */
  @Test
  void shouldSurviveAnything() {
    String[] seeds = {
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"a\":[1,2,{}]}}",
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":\"x\",\"key\":\"4::80\"}",
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"shareobject.Map\",\"msg\":null}",
      "{\"cmd\":\"NODE_HANDLE\",\"type\":null,\"msg\":{\"cmd\":\"NODE_HANDLE\",\"type\":1}}",
      "{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"4::80\"}",
      "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":{}}",
      "{\"cmd\":\"NODE_HANDLE_ACK\"}",
      "{\"cmd\":\"NODE_HANDLE_NACK\",\"knows\":[1,null],\"reason\":[]}",
      "{\"plain\":\"é😀\"}",
    };
    Random random = new Random(1);
    CountDownLatch end = new CountDownLatch(1);
    peer.channel.onMessage(
        (message, handle) -> {
          if (message.asText().equals("end")) {
            end.countDown();
          }
        });
    Thread drain = new Thread(peer::readToEnd);
    drain.start();
    int before = OpenFiles.count();
    for (int i = 0; i < 5000; i++) {
      byte[] line = seeds[random.nextInt(seeds.length)].getBytes(StandardCharsets.UTF_8);
      for (int change = random.nextInt(3); change > 0; change--) {
        line[random.nextInt(line.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(3) == 0) {
        try (Descriptor passed = descriptor()) {
          peer.write(line, passed.number());
        }
      } else {
        peer.write(line, -1);
      }
      if (random.nextInt(10) != 0) {
        peer.write("\n");
      }
    }
    peer.write("\n\"end\"\n");
    Futures.await(() -> end.getCount() == 0);
    assertTrue(peer.channel.isConnected());
    OpenFiles.assertNoMoreThan(before);
  }
}
