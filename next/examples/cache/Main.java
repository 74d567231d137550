package cache;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;
import org.shareobject.ipc.Worker;

/**
 * The parent: gives each child the same listening socket and the same map, which is memory without
 * a file, and replaces each child that ends. It holds both, so nothing is lost with a child.
 */
final class Main {
  private static final int REST_MILLIS = 100;

  private final ServerSocketChannel server;
  private final ShareMap<String, String> cache;

  private Main(ServerSocketChannel server, ShareMap<String, String> cache) {
    this.server = server;
    this.cache = cache;
  }

  /**
   * Runs until it is ended; its children end with it.
   *
   * @param args how many children, 2 by default
   */
  public static void main(String[] args) throws Exception {
    int children = args.length == 0 ? 2 : Integer.parseInt(args[0]);
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "1337"));
    try (ServerSocketChannel server = ServerSocketChannel.open();
        ShareMap<String, String> cache =
            ShareMap.builder(Codec.STRING, Codec.STRING)
                .capacity(16 << 20)
                .eviction(Eviction.S3_FIFO)
                .openAnonymous()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      System.out.println("http:/" + server.getLocalAddress());
      Main parent = new Main(server, cache);
      List<Thread> keepers =
          Stream.generate(() -> new Thread(parent::keepChild)).limit(children).toList();
      keepers.forEach(Thread::start);
      for (Thread keeper : keepers) {
        keeper.join();
      }
    }
  }

  /** Has one child run, again and again. */
  private void keepChild() {
    try {
      while (true) {
        Worker child = Worker.fork(Child.class);
        CompletableFuture<Void> unused = child.channel().send("cache", cache);
        unused = child.channel().send("server", server);
        child.process().waitFor();
        Thread.sleep(REST_MILLIS); // one that cannot start is not started without a pause
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
