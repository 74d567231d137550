package prefork;

import java.nio.channels.ServerSocketChannel;
import org.shareobject.ipc.Channel;
import web.WebServer;

/** A child: serves on the socket that its parent sends. {@code child.js} is the same in Node. */
final class Child {
  private Child() {}

  public static void main(String[] args) {
    String page = "handled by child, pid is " + ProcessHandle.current().pid();
    Channel parent = Channel.parent().orElseThrow();
    parent.onMessage(
        (message, handle) -> WebServer.start((ServerSocketChannel) handle.channel(), path -> page));
    parent.onDisconnect(() -> System.exit(0));
  }
}
