package web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/**
 * Jetty on a socket that listens already, as one that came from another process, or with
 * connections that another one accepts for it.
 */
public final class WebServer {
  /** How long a kept-alive connection may still bring a request after {@link #finish} began. */
  private static final int LAST_REQUEST_MILLIS = 500;

  private static final int POLL_MILLIS = 10;

  private final Server server;
  private final ServerConnector connector;
  private final Pages pages;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();

  private WebServer(Server server, ServerConnector connector, Pages pages) {
    this.server = server;
    this.connector = connector;
    this.pages = pages;
  }

  /**
   * Answers each request on the socket with a page; returns at once.
   *
   * @param socket listens; other processes may accept on it too
   * @param page what a path, as {@code /a}, is answered with; called by many threads
   */
  public static void start(ServerSocketChannel socket, UnaryOperator<String> page) {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    try {
      connector.open(socket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start(server, connector, new Pages(page));
  }

  /**
   * Returns a server that answers each request on the connections that it is given.
   *
   * @param page as for the other
   */
  public static WebServer start(UnaryOperator<String> page) {
    Server server = new Server();
    ServerConnector connector = new Fed(server);
    connector.setAccepting(false);
    Pages pages = new Pages(page);
    start(server, connector, pages);
    return new WebServer(server, connector, pages);
  }

  private static void start(Server server, ServerConnector connector, Pages pages) {
    server.addConnector(connector);
    server.setHandler(pages);
    try {
      server.start();
    } catch (Exception e) {
      throw new IllegalStateException("Jetty does not start", e);
    }
  }

  /** Serves a connection; returns at once. */
  public void serve(SocketChannel connection) {
    try {
      connection.configureBlocking(false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.removeIf(each -> !each.isOpen());
    open.add(connection);
    connector.getSelectorManager().accept(connection);
  }

  /**
   * Answers what comes on the connections that are open, and closes each after its answer, or when
   * nothing comes; then stops.
   */
  public void finish() {
    pages.isLast = true;
    try {
      while (open.stream().anyMatch(SocketChannel::isOpen)) {
        connector.getConnectedEndPoints().forEach(each -> each.setIdleTimeout(LAST_REQUEST_MILLIS));
        Thread.sleep(POLL_MILLIS);
      }
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("Jetty does not stop", e);
    }
  }

  /** Does not listen itself. */
  private static final class Fed extends ServerConnector {
    Fed(Server server) {
      super(server);
    }

    @Override
    public void open() {
      // Connections are brought.
    }
  }

  private static final class Pages extends Handler.Abstract {
    private final UnaryOperator<String> page;
    private volatile boolean isLast;

    Pages(UnaryOperator<String> page) {
      this.page = page;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
      if (isLast) {
        response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
      }
      String text = page.apply(Request.getPathInContext(request));
      Content.Sink.write(response, true, text + "\n", callback);
      return true;
    }
  }
}
