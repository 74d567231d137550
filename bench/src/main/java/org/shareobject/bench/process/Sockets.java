package org.shareobject.bench.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Handle;
import org.shareobject.ipc.Worker;

/**
 * Passes accepted connections to another process, batch by batch: settings {@code partner}, {@code
 * batch}, {@code warmMs}, {@code runMs}. Answers {@code rate}, connections a second, from the first
 * send to the word that all of a batch have come. The twin of {@code node/sockets.js}.
 */
final class Sockets implements Job {
  private static final double NANOS_PER_S = 1e9;

  private final Semaphore all = new Semaphore(0);

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    int batch = settings.number("batch");
    try (ServerSocketChannel server = ServerSocketChannel.open();
        Worker partner =
            Partner.start(
                settings.text("partner"), Taker.class, "sockets.js", "take", "" + batch)) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), batch);
      partner.channel().onMessage((message, handle) -> all.release());
      rate(server, partner.channel(), batch, settings.number("warmMs"));
      parent.say("rate " + rate(server, partner.channel(), batch, settings.number("runMs")));
    }
  }

  private double rate(ServerSocketChannel server, Channel channel, int batch, int millis)
      throws Exception {
    long end = System.nanoTime() + millis * 1_000_000L;
    long spent = 0;
    long passed = 0;
    while (System.nanoTime() < end) {
      List<SocketChannel> clients = new ArrayList<>();
      List<SocketChannel> accepted = new ArrayList<>();
      for (int i = 0; i < batch; i++) {
        clients.add(SocketChannel.open(server.getLocalAddress()));
        accepted.add(server.accept());
      }
      long begin = System.nanoTime();
      for (SocketChannel each : accepted) {
        CompletableFuture<Void> unused = channel.send("socket", each);
      }
      all.acquire();
      spent += System.nanoTime() - begin;
      passed += batch;
      for (SocketChannel client : clients) {
        client.close();
      }
    }
    return passed * NANOS_PER_S / spent;
  }

  /** Takes connections, and says when it has a batch; arguments as Node's. */
  static final class Taker {
    private int taken;

    private Taker() {}

    public static void main(String[] args) {
      int batch = Integer.parseInt(args[1]);
      Taker taker = new Taker();
      Channel parent = Channel.parent().orElseThrow();
      parent.onMessage((message, handle) -> taker.take(parent, handle, batch));
    }

    private void take(Channel parent, Handle handle, int batch) {
      try (SocketChannel socket = (SocketChannel) handle.channel()) {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0); // leaves no port behind that waits
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      taken++;
      if (taken % batch == 0) {
        CompletableFuture<Void> unused = parent.send("all");
      }
    }
  }
}
