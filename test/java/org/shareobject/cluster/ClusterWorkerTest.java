package org.shareobject.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Received;

/** A JVM that finishes its connections before it leaves a cluster. */
@Timeout(180)
class ClusterWorkerTest {
  private static SocketAddress address(ClusterMember member) throws InterruptedException {
    BlockingQueue<SocketAddress> addresses = new LinkedBlockingQueue<>();
    member.onListening(addresses::add);
    return addresses.poll(60, TimeUnit.SECONDS);
  }

  private static void write(SocketChannel connection, String text) throws IOException {
    connection.write(StandardCharsets.UTF_8.encode(text));
  }

  private static String readAll(SocketChannel connection) throws IOException {
    return new String(Channels.newInputStream(connection).readAllBytes(), StandardCharsets.UTF_8);
  }

  /** {@code itself}: it is not told to, but leaves by its own decision. */
  @ParameterizedTest
  @ValueSource(strings = {"told", "itself"})
  void shouldFinishItsConnectionsBeforeItLeaves(String how) throws Exception {
    try (ClusterPrimary primary = new ClusterPrimary()) {
      ClusterMember member = primary.fork(NodeClusterWorker.class, "finish", "0", "127.0.0.1");
      Received received = Received.from(member.worker().channel());
      SocketAddress address = address(member);
      try (SocketChannel connection = SocketChannel.open(address)) {
        assertEquals("connected", received.nextText());
        if (how.equals("told")) {
          member.disconnect();
        } else {
          CompletableFuture<Void> unused = member.worker().channel().send("leave");
        }
        assertEquals("finishing", received.nextText());
        Futures.await(() -> isRefused(address));
        assertTrue(member.isLeaving() && member.worker().channel().isConnected());
        write(connection, "late\n");
        assertEquals("late", readAll(connection));
      }
      assertTrue(member.worker().process().waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, member.worker().process().exitValue());
    }
  }

  private static boolean isRefused(SocketAddress address) {
    try {
      SocketChannel.open(address).close();
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As when the primary is killed. */
  @Test
  void shouldFinishItsConnectionsWhenTheChannelEnds() throws Exception {
    try (ClusterPrimary primary = new ClusterPrimary()) {
      ClusterMember member = primary.fork(NodeClusterWorker.class, "finish", "0", "127.0.0.1");
      Received received = Received.from(member.worker().channel());
      try (SocketChannel connection = SocketChannel.open(address(member))) {
        assertEquals("connected", received.nextText());
        member.worker().channel().disconnect();
        write(connection, "late\n");
        assertEquals("late", readAll(connection));
      }
      assertTrue(member.worker().process().waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, member.worker().process().exitValue());
    }
  }
}
