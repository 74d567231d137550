package org.shareobject.bench.process;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Worker;
import org.shareobject.store.Manager;
import org.shareobject.store.User;

/**
 * A user in another process gets or sets what a manager in this one keeps: settings {@code op},
 * {@code atOnce}, {@code warmMs}, {@code runMs}. Answers {@code rate}, calls a second. The twin of
 * {@code node/user.js}.
 */
final class UserCalls implements Job {
  private static final String KEY = "key";
  private static final String TEXT = "x".repeat(100);

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    Manager manager = new Manager(new ConcurrentHashMap<>());
    try (Worker worker =
        Worker.fork(
            Measured.class,
            settings.text("op"),
            settings.text("atOnce"),
            settings.text("warmMs"),
            settings.text("runMs"))) {
      CompletableFuture<JsonNode> rate = new CompletableFuture<>();
      worker.channel().onMessage(JsonNode::isNumber, (message, handle) -> rate.complete(message));
      worker.channel().onDisconnect(() -> rate.cancel(false));
      manager.attach(1, worker.channel());
      parent.say("rate " + rate.get());
    }
  }

  /** The user's process; sends the rate. */
  static final class Measured {
    private Measured() {}

    public static void main(String[] args) throws Exception {
      Channel parent = Channel.parent().orElseThrow();
      User user = new User(1, parent);
      user.set(KEY, TEXT).get();
      Consumer<Load> call =
          args[0].equals("get")
              ? load -> user.get(KEY).thenRun(load::done)
              : load -> user.set(KEY, TEXT).thenRun(load::done);
      int atOnce = Integer.parseInt(args[1]);
      Load.perSecond(call, atOnce, Long.parseLong(args[2]));
      parent.send(Load.perSecond(call, atOnce, Long.parseLong(args[3]))).get();
      parent.disconnect();
    }
  }
}
