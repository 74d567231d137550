package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareFullException;
import org.shareobject.ShareValueTooLargeException;
import org.shareobject.testing.Futures;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** Messages between two channels. */
@Timeout(120)
class ChannelTest {
  private final Pair pair = Pair.open();

  @AfterEach
  void close() {
    pair.close();
  }

  private record Point(int x, List<String> names) {}

  // ---- messages ----

  @Test
  void shouldDeliverEveryKindOfJson() {
    Received received = Received.from(pair.right);
    Object[] messages = {
      null,
      true,
      0,
      -1,
      Long.MAX_VALUE,
      new BigInteger("123456789012345678901234567890"),
      0.1,
      Double.MIN_VALUE,
      Double.MAX_VALUE,
      new BigDecimal("1E+400"),
      "",
      "\u0000\n\r\t\"\\/\u2028\u007f",
      "é€😀",
      "\ud800 lone \udc00",
      List.of(),
      Map.of(),
      Arrays.asList(1, null, "two", List.of(3.5), Map.of("four", false)),
      Map.of("", "", "\ud83d", 1, "né\nw", 2),
      new Point(1, List.of("a", "b")),
      new int[] {1, 2},
      JsonNodeFactory.instance.objectNode().put("node", 1),
    };
    ObjectMapper mapper = new ObjectMapper();
    for (Object message : messages) {
      Futures.get(pair.left.send(message));
      // Through JSON, for that has no types of numbers.
      JsonNode expected = reread(mapper.valueToTree(message));
      assertEquals(expected, received.nextJson());
    }
  }

  private static JsonNode reread(JsonNode node) {
    try {
      return new ObjectMapper().readTree(new ObjectMapper().writeValueAsBytes(node));
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldKeepOrderAndLoseNothing() {
    Received received = Received.from(pair.right);
    for (int i = 0; i < 50_000; i++) {
      CompletableFuture<Void> unused = pair.left.send(i);
    }
    for (int i = 0; i < 50_000; i++) {
      assertEquals(i, received.nextJson().intValue());
    }
  }

  @Test
  void shouldKeepTheOrderOfEachThread() throws InterruptedException {
    Received received = Received.from(pair.right);
    int threads = 4;
    int each = 5_000;
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int sender = t;
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < each; i++) {
                  CompletableFuture<Void> unused = pair.left.send(List.of(sender, i));
                }
              });
      all.add(thread);
      thread.start();
    }
    int[] next = new int[threads];
    for (int i = 0; i < threads * each; i++) {
      JsonNode message = received.nextJson();
      assertEquals(next[message.get(0).intValue()]++, message.get(1).intValue());
    }
    for (Thread thread : all) {
      thread.join();
    }
  }

  @Test
  void shouldDeliverLargeMessagesBetweenSmallOnes() {
    Received received = Received.from(pair.right);
    int[] lengths = {1, 65_533, 65_534, 65_535, 65_536, 65_537, 1 << 20, 20 << 20, 1};
    for (int length : lengths) {
      CompletableFuture<Void> unused = pair.left.send("x".repeat(length));
    }
    for (int length : lengths) {
      assertEquals(length, received.nextText().length());
    }
  }

  @Test
  void shouldNotDeadlockWhenBothSidesSendMuch() {
    Received left = Received.from(pair.left);
    Received right = Received.from(pair.right);
    String large = "x".repeat(10 << 20);
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      sent.add(pair.left.send(large));
      sent.add(pair.right.send(large));
    }
    for (int i = 0; i < 5; i++) {
      assertEquals(large.length(), left.nextText().length());
      assertEquals(large.length(), right.nextText().length());
    }
    sent.forEach(Futures::get);
  }

  @Test
  void shouldAnswerFromAListener() {
    pair.right.onMessage((message, handle) -> Futures.await(pair.right.send(message)::isDone));
    Received received = Received.from(pair.left);
    for (int i = 0; i < 1000; i++) {
      CompletableFuture<Void> unused = pair.left.send(i);
    }
    for (int i = 0; i < 1000; i++) {
      assertEquals(i, received.nextJson().intValue());
    }
  }

  @Test
  void shouldSendWhatTheMessageWasAtTheCall() {
    List<Integer> message = new ArrayList<>(Collections.nCopies(100_000, 1));
    Received received = Received.from(pair.right);
    for (int i = 0; i < 20; i++) {
      CompletableFuture<Void> unused = pair.left.send(message);
    }
    message.clear();
    for (int i = 0; i < 20; i++) {
      assertEquals(100_000, received.nextJson().size());
    }
  }

  @Test
  void shouldFailTheFutureOfWhatIsNoJson() {
    Futures.assertFails(
        IllegalArgumentException.class, "java.lang.Object", pair.left.send(new Object()));
    List<Object> endless = new ArrayList<>();
    endless.add(endless);
    Futures.assertFails(IllegalArgumentException.class, "ArrayList", pair.left.send(endless));
    Received received = Received.from(pair.right);
    CompletableFuture<Void> unused = pair.left.send("after");
    assertEquals("after", received.nextText());
  }

  @Test
  void shouldFailTheFutureOfWhatIsTooLong() {
    System.setProperty(Limits.MESSAGE_PROPERTY, "100");
    try (Pair limited = Pair.open()) {
      Futures.get(limited.left.send("x".repeat(98)));
      Futures.assertFails(
          ShareValueTooLargeException.class,
          "-D" + Limits.MESSAGE_PROPERTY + "=100",
          limited.left.send("x".repeat(99)));
      assertTrue(limited.left.isConnected());
    } finally {
      System.clearProperty(Limits.MESSAGE_PROPERTY);
    }
  }

  // ---- back-pressure ----

  @Test
  void shouldCompleteTheFutureWhenTheMessageIsWritten() {
    try (RawPeer peer = RawPeer.open()) {
      Futures.get(peer.channel.send("small"));
      CompletableFuture<Void> large = peer.channel.send("x".repeat(5 << 20));
      CompletableFuture<Void> behind = peer.channel.send("behind");
      sleep(100);
      assertFalse(large.isDone());
      assertFalse(behind.isDone());
      peer.readLine();
      peer.readLine();
      peer.readLine();
      Futures.get(large);
      Futures.get(behind);
    }
  }

  @Test
  void shouldRefuseMoreThanMayWait() {
    System.setProperty(Limits.QUEUE_PROPERTY, "1000000");
    try (RawPeer peer = RawPeer.open()) {
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      CompletableFuture<Void> last = peer.channel.send("x".repeat(100_000));
      while (!last.isCompletedExceptionally()) {
        sent.add(last);
        last = peer.channel.send("x".repeat(100_000));
      }
      Futures.assertFails(ShareFullException.class, "-D" + Limits.QUEUE_PROPERTY, last);
      assertTrue(sent.size() >= 10, sent.size() + " messages were taken");
      for (int i = 0; i < sent.size(); i++) {
        peer.readLine();
      }
      sent.forEach(Futures::get);
      Futures.get(peer.channel.send("again"));
    } finally {
      System.clearProperty(Limits.QUEUE_PROPERTY);
    }
  }

  @Test
  void shouldSendOneMessageThatIsLargerThanWhatMayWait() {
    System.setProperty(Limits.QUEUE_PROPERTY, "1000");
    try (Pair limited = Pair.open()) {
      Received received = Received.from(limited.right);
      CompletableFuture<Void> sent = limited.left.send("x".repeat(1 << 20));
      assertEquals(1 << 20, received.nextText().length());
      Futures.get(sent);
    } finally {
      System.clearProperty(Limits.QUEUE_PROPERTY);
    }
  }

  @Test
  void shouldStopReadingWhenTooMuchIsKeptForListeners() {
    System.setProperty(Limits.QUEUE_PROPERTY, "100000");
    try (RawPeer peer = RawPeer.open()) {
      Thread writer =
          new Thread(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  peer.write("\"" + "x".repeat(1000) + "\"\n");
                }
              });
      writer.start();
      sleep(200);
      assertTrue(writer.isAlive());
      Received received = Received.from(peer.channel);
      for (int i = 0; i < 10_000; i++) {
        received.nextText();
      }
    } finally {
      System.clearProperty(Limits.QUEUE_PROPERTY);
    }
  }

  // ---- listeners ----

  @Test
  void shouldKeepMessagesUntilSomebodyListens() {
    for (int i = 0; i < 1000; i++) {
      Futures.get(pair.left.send(i));
    }
    Received received = new Received();
    Thread sender =
        new Thread(
            () -> {
              for (int i = 1000; i < 5000; i++) {
                Futures.get(pair.left.send(i));
              }
            });
    sender.start();
    pair.right.onMessage(received);
    for (int i = 0; i < 5000; i++) {
      assertEquals(i, received.nextJson().intValue());
    }
  }

  @Test
  void shouldTellAllListeners() {
    Received first = Received.from(pair.right);
    Received second = Received.from(pair.right);
    Futures.get(pair.left.send("both"));
    assertEquals("both", first.nextText());
    assertEquals("both", second.nextText());
  }

  @Test
  void shouldGiveFilteredMessagesToTheirListenerAlone() {
    for (int i = 0; i < 6; i++) {
      Futures.get(pair.left.send(i));
    }
    Received even = new Received();
    pair.right.onMessage(message -> message.intValue() % 2 == 0, even);
    assertEquals(0, even.nextJson().intValue());
    assertEquals(2, even.nextJson().intValue());
    assertEquals(4, even.nextJson().intValue());
    Received rest = Received.from(pair.right);
    Futures.get(pair.left.send(6));
    Futures.get(pair.left.send(7));
    assertEquals(6, even.nextJson().intValue());
    for (int odd : new int[] {1, 3, 5, 7}) {
      assertEquals(odd, rest.nextJson().intValue());
    }
  }

  @Test
  void shouldGoOnAfterAListenerThatThrows() throws InterruptedException {
    try (Complaints complaints = new Complaints()) {
      pair.right.onMessage(
          (message, handle) -> {
            if (message.isNull()) {
              throw new AssertionError("on purpose");
            }
            throw new IllegalStateException("on purpose: " + message);
          });
      Received received = Received.from(pair.right);
      Futures.get(pair.left.send(1));
      Futures.get(pair.left.send(null));
      assertEquals(1, received.nextJson().intValue());
      assertTrue(received.nextJson().isNull());
      complaints.assertNext(IllegalStateException.class, "on purpose: 1");
      complaints.assertNext(AssertionError.class, "on purpose");
    }
  }

  @Test
  void shouldRefuseToWaitForItselfInAListener() throws InterruptedException {
    try (Complaints complaints = new Complaints()) {
      CompletableFuture<Void> never = pair.right.newFuture();
      pair.right.onMessage(
          (message, handle) -> {
            switch (message.intValue()) {
              case 0 -> never.join();
              case 1 -> never.thenRun(() -> {}).join();
              default -> pair.right.send("works").join();
            }
          });
      Received received = Received.from(pair.left);
      for (int i = 0; i < 3; i++) {
        Futures.get(pair.left.send(i));
      }
      complaints.assertNext(IllegalStateException.class, "wait");
      complaints.assertNext(IllegalStateException.class, "wait");
      assertEquals("works", received.nextText());
      complaints.assertNone();
    }
  }

  // ---- the end ----

  @Test
  void shouldWriteAllBeforeItDisconnects() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    Received received = Received.from(pair.right);
    pair.right.onDisconnect(end::countDown);
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sent.add(pair.left.send("x".repeat(1 << 20)));
    }
    pair.left.disconnect();
    pair.left.disconnect();
    assertFalse(pair.left.isConnected());
    for (int i = 0; i < 20; i++) {
      assertEquals(1 << 20, received.nextText().length());
    }
    sent.forEach(Futures::get);
    assertTrue(end.await(30, TimeUnit.SECONDS));
    assertFalse(pair.right.isConnected());
  }

  @Test
  void shouldTellTheEndAfterAllMessages() throws InterruptedException {
    List<String> events = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch end = new CountDownLatch(1);
    pair.right.onMessage(
        (message, handle) -> {
          sleep(5);
          events.add(message.textValue());
        });
    pair.right.onDisconnect(
        () -> {
          events.add("end");
          end.countDown();
        });
    Futures.get(pair.left.send("one"));
    Futures.get(pair.left.send("two"));
    pair.left.disconnect();
    assertTrue(end.await(30, TimeUnit.SECONDS));
    assertEquals(List.of("one", "two", "end"), events);
  }

  @Test
  void shouldTellTheEndToBothSidesOnce() throws InterruptedException {
    CountDownLatch ends = new CountDownLatch(2);
    List<String> told = Collections.synchronizedList(new ArrayList<>());
    pair.left.onDisconnect(
        () -> {
          told.add("left");
          ends.countDown();
        });
    pair.right.onDisconnect(
        () -> {
          told.add("right");
          ends.countDown();
        });
    pair.left.disconnect();
    pair.right.disconnect();
    assertTrue(ends.await(30, TimeUnit.SECONDS));
    pair.close();
    assertEquals(2, told.size());
  }

  @Test
  void shouldTellTheEndAtOnceWhenItHasCome() {
    pair.left.disconnect();
    Futures.await(() -> !pair.right.isConnected());
    CountDownLatch end = new CountDownLatch(1);
    pair.right.onDisconnect(end::countDown);
    Futures.await(() -> end.getCount() == 0);
  }

  @Test
  void shouldDeliverKeptMessagesAfterTheEnd() {
    Futures.get(pair.left.send("kept"));
    pair.left.disconnect();
    Futures.await(() -> !pair.right.isConnected());
    Received received = Received.from(pair.right);
    assertEquals("kept", received.nextText());
  }

  @Test
  void shouldFailToSendAfterDisconnect() {
    pair.left.disconnect();
    Futures.assertFails(ShareClosedException.class, "disconnected", pair.left.send(1));
    Futures.await(() -> !pair.right.isConnected());
    Futures.assertFails(ShareClosedException.class, "disconnected", pair.right.send(1));
  }

  @Test
  void shouldFailWhatIsNotWrittenWhenTheOtherSideDies() {
    try (RawPeer peer = RawPeer.open()) {
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        sent.add(peer.channel.send("x".repeat(1 << 20)));
      }
      peer.die();
      for (CompletableFuture<Void> each : sent) {
        Futures.assertFails(ShareClosedException.class, "was not sent", each);
      }
    }
  }

  @Test
  void shouldReadWhatTheOtherSideWroteBeforeItDied() {
    try (RawPeer peer = RawPeer.open()) {
      CompletableFuture<Void> unread = peer.channel.send("never read");
      peer.write("\"last words\"\n");
      peer.die();
      assertEquals("last words", Received.from(peer.channel).nextText());
      Futures.get(unread);
    }
  }

  @Test
  void shouldWaitInCloseForWhatIsNotWritten() {
    Received received = Received.from(pair.right);
    CompletableFuture<Void> sent = pair.left.send("x".repeat(5 << 20));
    pair.left.close();
    Futures.get(sent);
    assertEquals(5 << 20, received.nextText().length());
  }

  @Test
  void shouldGiveUpInCloseWhenTheOtherSideDoesNotRead() {
    try (RawPeer peer = RawPeer.open()) {
      CompletableFuture<Void> sent = peer.channel.send("x".repeat(5 << 20));
      long start = System.nanoTime();
      peer.channel.close();
      assertTrue(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) < 20);
      Futures.assertFails(ShareClosedException.class, "closed", sent);
    }
  }

  @Test
  void shouldCloseFromAListener() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    pair.right.onMessage((message, handle) -> pair.right.close());
    pair.right.onDisconnect(end::countDown);
    Futures.get(pair.left.send(1));
    assertTrue(end.await(4, TimeUnit.SECONDS)); // close waits 5 s for one who is not listened to
  }

  @Test
  void shouldNotLeaveThreadsOrDescriptors() {
    Runnable use =
        () -> {
          try (Pair used = Pair.open()) {
            Received received = Received.from(used.right);
            CompletableFuture<Void> unused = used.left.send("x".repeat(1 << 20));
            received.nextText();
          }
        };
    use.run();
    int files = OpenFiles.count();
    for (int i = 0; i < 50; i++) {
      use.run();
    }
    OpenFiles.assertNoMoreThan(files);
    Futures.await(() -> threads() <= 2);
  }

  /** Those of this test's own pair, which read, may be there. */
  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("shareobject channel"))
        .count();
  }

  private static void sleep(int ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
