package reload;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.shareobject.cluster.ClusterMember;
import org.shareobject.cluster.ClusterPrimary;

/**
 * The primary: runs a copy of a web server, and replaces it by a new one at each line that it
 * reads. No request is lost: the new one listens before the old one is told to leave, and that one
 * answers what it has accepted.
 */
final class Main {
  private Main() {}

  /**
   * Runs until its input ends.
   *
   * @param args none
   */
  public static void main(String[] args) throws Exception {
    try (ClusterPrimary primary = new ClusterPrimary();
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      ClusterMember copy = start(primary);
      while (lines.readLine() != null) {
        ClusterMember old = copy;
        copy = start(primary);
        old.disconnect();
        System.out.println("ended: " + old.worker().process().waitFor());
      }
    }
  }

  /** Returns a copy that listens. */
  private static ClusterMember start(ClusterPrimary primary) {
    ClusterMember copy = primary.fork(Copy.class);
    CompletableFuture<SocketAddress> address = new CompletableFuture<>();
    copy.onListening(address::complete);
    System.out.println("pid " + copy.worker().process().pid() + ": http:/" + address.join());
    return copy;
  }
}
