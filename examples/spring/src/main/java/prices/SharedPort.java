package prices;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.SynchronousQueue;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.shareobject.cluster.ClusterServer;
import org.shareobject.cluster.ClusterWorker;

/** Jetty on a port that it shares with the other copies of {@code shareobject fork}. */
final class SharedPort extends ServerConnector {
  private final ClusterWorker worker;
  private final BlockingQueue<SocketChannel> accepted = new SynchronousQueue<>();
  private ClusterServer port;

  private SharedPort(Server server, ClusterWorker worker) {
    super(server, 1, -1);
    this.worker = worker;
  }

  /** Returns the connector; empty if nobody forked this process. */
  static Optional<SharedPort> join(Server server, int port) {
    return ClusterWorker.join()
        .map(
            worker -> {
              SharedPort connector = new SharedPort(server, worker);
              connector.setPort(port);
              // The parent wants it to end, or has ended itself.
              worker.channel().onDisconnect(() -> System.exit(0));
              return connector;
            });
  }

  @Override
  public void open() throws IOException {
    try {
      port = worker.listen(new InetSocketAddress(getPort()), this::hand).join();
    } catch (CompletionException e) {
      throw new IOException("the port " + getPort() + " cannot be shared", e);
    }
  }

  private void hand(SocketChannel connection) {
    try {
      accepted.put(connection);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void accept(int acceptor) throws IOException {
    try {
      SocketChannel connection = accepted.take();
      connection.configureBlocking(false);
      getSelectorManager().accept(connection);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // Jetty stops
    }
  }

  @Override
  public int getLocalPort() {
    return port == null ? -1 : ((InetSocketAddress) port.address()).getPort();
  }

  @Override
  public boolean isOpen() {
    return port != null;
  }

  @Override
  public void close() {
    if (port != null) {
      port.close();
    }
    super.close();
  }
}
