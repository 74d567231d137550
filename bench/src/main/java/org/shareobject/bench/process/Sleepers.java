package org.shareobject.bench.process;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/**
 * Threads that each await a key of their own that nobody sets: setting {@code sleepers}. Says
 * {@code ready} when all are about to sleep, and ends at a line.
 */
final class Sleepers implements Job {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final long NEVER_SET = 0;

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    int sleepers = settings.number("sleepers");
    CountDownLatch awake = new CountDownLatch(sleepers);
    // The map that ShareMapPeer fills; it stays open until this process ends.
    ShareMap<byte[], byte[]> map =
        ShareMap.builder(Codec.BYTES, Codec.BYTES)
            .open(settings.spec().folder().resolve("shareobject"));
    for (int i = 0; i < sleepers; i++) {
      byte[] key = ("sleeper " + i).getBytes(StandardCharsets.UTF_8);
      Thread thread = new Thread(() -> sleep(map, key, awake));
      thread.setDaemon(true);
      thread.start();
    }
    awake.await();
    parent.say("ready");
    parent.listen();
  }

  private static void sleep(ShareMap<byte[], byte[]> map, byte[] key, CountDownLatch awake) {
    awake.countDown();
    try {
      map.await(key, NEVER_SET, PATIENCE);
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }
}
