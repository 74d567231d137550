package org.shareobject.bench.process;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.shareobject.bench.peer.KeyKind;
import org.shareobject.bench.peer.Keys;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.Session;
import org.shareobject.bench.peer.Spec;

/**
 * Many threads want one absent key at once: settings {@code threads}, {@code workMs}. For each
 * line, which is the number of a key, it answers {@code all <ns> <runs>}: when its last thread had
 * the value, and how often it computed it.
 */
final class Stampede implements Job {
  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    Spec spec = settings.spec();
    int threads = settings.number("threads");
    int workMs = settings.number("workMs");
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (Peer peer = settings.peer().open(spec)) {
      parent.say("ready");
      for (String line; (line = parent.listen()) != null; ) {
        int index = Integer.parseInt(line);
        Object key = spec.keys() == KeyKind.BYTES ? Keys.bytes(index) : Keys.text(index);
        AtomicInteger runs = new AtomicInteger();
        Callable<byte[]> call =
            () -> {
              try (Session session = peer.session()) {
                return session.getOrCompute(key, () -> work(spec, workMs, runs));
              }
            };
        long begin = System.nanoTime();
        pool.invokeAll(
            IntStream.range(0, threads).mapToObj(i -> call).collect(Collectors.toList()));
        parent.say("all " + (System.nanoTime() - begin) + " " + runs.get());
      }
    } finally {
      pool.shutdown();
    }
  }

  private static byte[] work(Spec spec, int workMs, AtomicInteger runs) {
    runs.incrementAndGet();
    try {
      Thread.sleep(workMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new byte[spec.valueBytes()];
  }
}
