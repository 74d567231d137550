package cache;

import java.nio.channels.ServerSocketChannel;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Handle;
import web.WebServer;

/** A child: answers with what is in the map, whichever child computed it. */
final class Child {
  private static final long PID = ProcessHandle.current().pid();
  private static final int QUERY_MILLIS = 500;

  private ShareMap<String, String> cache;

  private Child() {}

  public static void main(String[] args) {
    Child child = new Child();
    Channel parent = Channel.parent().orElseThrow();
    parent.onMessage((message, handle) -> child.receive(message.asText(), handle));
    parent.onDisconnect(() -> System.exit(0));
  }

  private void receive(String what, Handle handle) {
    if (what.equals("cache")) {
      cache = handle.map(Codec.STRING, Codec.STRING);
    } else {
      WebServer.start((ServerSocketChannel) handle.channel(), this::page);
      System.out.println("pid " + PID + " serves");
    }
  }

  /** Of all processes that want it at the same time one computes, and the others wait for that. */
  private String page(String path) {
    return cache.computeIfAbsent(path, Child::compute) + "; answered by pid " + PID;
  }

  /** As slow as a query. */
  private static String compute(String path) {
    System.out.println("pid " + PID + " computes " + path);
    try {
      Thread.sleep(QUERY_MILLIS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return path + " was computed by pid " + PID;
  }
}
