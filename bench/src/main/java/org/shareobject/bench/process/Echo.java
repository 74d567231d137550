package org.shareobject.bench.process;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Worker;

/**
 * Sends messages that another process sends back: settings {@code partner}, {@code atOnce}, {@code
 * warmMs}, {@code runMs}. Answers {@code rate}, echoes a second. The twin of {@code node/echo.js}.
 */
final class Echo implements Job {
  private static final String TEXT = "x".repeat(100);

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    int atOnce = settings.number("atOnce");
    try (Worker partner = Partner.start(settings.text("partner"), Back.class, "echo.js", "echo")) {
      Channel channel = partner.channel();
      AtomicInteger sent = new AtomicInteger();
      AtomicReference<Load> current = new AtomicReference<>();
      channel.onMessage((message, handle) -> current.get().done());
      Consumer<Load> call =
          load -> {
            current.set(load);
            CompletableFuture<Void> unused =
                channel.send(Map.of("i", sent.getAndIncrement(), "text", TEXT));
          };
      Load.perSecond(call, atOnce, settings.number("warmMs"));
      parent.say("rate " + Load.perSecond(call, atOnce, settings.number("runMs")));
    }
  }

  /** Sends back what comes; ends with the channel. */
  static final class Back {
    private Back() {}

    public static void main(String[] args) {
      Channel parent = Channel.parent().orElseThrow();
      parent.onMessage(
          (message, handle) -> {
            CompletableFuture<Void> unused = parent.send(message);
          });
    }
  }
}
