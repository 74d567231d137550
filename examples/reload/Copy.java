package reload;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.shareobject.cluster.ClusterWorker;
import web.WebServer;

/**
 * A copy of the server. Told to leave, it answers what it has accepted before it ends. {@link Main}
 * starts it; so does {@code shareobject fork java -cp … reload.Copy}.
 */
final class Copy {
  private static final int QUERY_MILLIS = 700;

  private Copy() {}

  public static void main(String[] args) {
    ClusterWorker worker = ClusterWorker.join().orElseThrow();
    WebServer server = WebServer.start(path -> page());
    worker.beforeDisconnect(server::finish);
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "1337"));
    worker
        .listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), server::serve)
        .join();
  }

  /** As slow as a query. */
  private static String page() {
    try {
      Thread.sleep(QUERY_MILLIS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return "answered by pid " + ProcessHandle.current().pid();
  }
}
