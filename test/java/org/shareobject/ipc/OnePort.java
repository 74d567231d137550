package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.Node;

/** A port on which several workers accept, Java's and Node's. */
final class OnePort implements AutoCloseable {
  private static final int BACKLOG = 511;
  private static final long PATIENCE_S = 60;

  private final ServerSocketChannel server;
  private final List<Member> members = new ArrayList<>();

  /**
   * Which worker accepted the connection from a port, by process id. More than one if the port was
   * used again: the kernel gives it away as soon as a connection is reset.
   */
  private final Map<Integer, Set<Long>> acceptors = new ConcurrentHashMap<>();

  private final AtomicInteger accepted = new AtomicInteger();

  /** A worker. */
  static final class Member {
    private final String kind;
    private final Worker worker;

    /** Completes when it serves. */
    private final CompletableFuture<Void> serving = new CompletableFuture<>();

    /** Completes when it has told of all that it accepted before it was asked. */
    private final CompletableFuture<Void> told = new CompletableFuture<>();

    Member(String kind, Worker worker) {
      this.kind = kind;
      this.worker = worker;
    }

    String kind() {
      return kind;
    }

    long pid() {
      return worker.process().pid();
    }

    @Override
    public String toString() {
      return kind + " " + pid();
    }
  }

  /** Opens a port with workers, which serve. */
  static OnePort open(String... kinds) throws IOException {
    OnePort port = new OnePort();
    for (String kind : kinds) {
      port.start(kind);
    }
    port.awaitServing();
    return port;
  }

  private OnePort() throws IOException {
    server = ServerSocketChannel.open().bind(Loopback.port(0), BACKLOG);
  }

  SocketAddress address() throws IOException {
    return server.getLocalAddress();
  }

  List<Member> members() {
    return members;
  }

  /** Starts one more. */
  Member start(String kind) {
    Worker worker = kind.equals("java") ? Worker.fork(PortWorker.class) : Node.fork("ipc/port.js");
    Member member = new Member(kind, worker);
    members.add(member);
    worker.channel().onMessage((message, handle) -> receive(member, message));
    CompletableFuture<Void> unused = worker.channel().send("serving", server);
    return member;
  }

  private void receive(Member member, JsonNode message) {
    if (message.has("accepted")) {
      acceptors
          .computeIfAbsent(
              message.get("accepted").intValue(), from -> ConcurrentHashMap.newKeySet())
          .add(member.pid());
      accepted.incrementAndGet();
    } else if (message.asText().equals("serving")) {
      member.serving.complete(null);
    } else {
      member.told.complete(null);
    }
  }

  /** Waits until all of them serve. */
  void awaitServing() {
    members.forEach(member -> get(member.serving));
  }

  /** Returns whether the process accepted it, or one that had the same port. */
  boolean isAcceptedBy(long pid, Caller caller) {
    return acceptors.getOrDefault(caller.port(), Set.of()).contains(pid);
  }

  /** Returns how many connections were accepted. */
  long accepted() {
    return accepted.get();
  }

  /** Returns how many of them one worker accepted. */
  long acceptedBy(Member member) {
    return acceptors.values().stream().filter(pids -> pids.contains(member.pid())).count();
  }

  /** Kills one by SIGKILL; what it told before it died is known then. */
  void kill(Member member) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    member.worker.channel().onDisconnect(() -> end.complete(null));
    member.worker.process().destroyForcibly();
    get(end);
    members.remove(member);
  }

  /** Waits until the living have told of all that they accepted. */
  void awaitTold() {
    for (Member member : members) {
      CompletableFuture<Void> unused = member.worker.channel().send("told?");
      get(member.told);
    }
  }

  private static void get(CompletableFuture<Void> future) {
    try {
      future.get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    members.forEach(member -> member.worker.close());
    server.close();
  }
}
