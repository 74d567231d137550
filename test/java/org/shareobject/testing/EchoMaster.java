package org.shareobject.testing;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.shareobject.ipc.Channel;
import org.shareobject.ipc.Worker;

/** Forks a worker that sends back what comes, and prints that. Uses what is public only. */
public final class EchoMaster {
  private EchoMaster() {}

  /** Sends a word. */
  public static void main(String[] args) throws InterruptedException {
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    try (Worker worker = Worker.fork(Echo.class)) {
      worker.channel().onMessage((message, handle) -> answers.add(message.asText()));
      CompletableFuture<Void> unused = worker.channel().send("hello");
      System.out.println(answers.take() + " in " + Channel.class.getModule());
    }
  }

  /** The worker. */
  public static final class Echo {
    private Echo() {}

    /** Sends back. */
    public static void main(String[] args) {
      Channel parent = Channel.parent().orElseThrow();
      parent.onMessage(
          (message, handle) -> {
            CompletableFuture<Void> unused = parent.send(message);
          });
    }
  }
}
