package web;

import java.nio.channels.ServerSocketChannel;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/** Jetty on a socket that listens already, as one that came from another process. */
public final class WebServer {
  private WebServer() {}

  /**
   * Answers each request on the socket with a page; returns at once.
   *
   * @param socket listens; other processes may accept on it too
   * @param page what a path, as {@code /a}, is answered with; called by many threads
   */
  public static void start(ServerSocketChannel socket, UnaryOperator<String> page) {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    server.addConnector(connector);
    server.setHandler(new Pages(page));
    try {
      connector.open(socket);
      server.start();
    } catch (Exception e) {
      throw new IllegalStateException("Jetty does not start", e);
    }
  }

  private static final class Pages extends Handler.Abstract {
    private final UnaryOperator<String> page;

    Pages(UnaryOperator<String> page) {
      this.page = page;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
      String text = page.apply(Request.getPathInContext(request));
      Content.Sink.write(response, true, text + "\n", callback);
      return true;
    }
  }
}
