package org.shareobject.jcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import javax.cache.Cache;
import javax.cache.CacheManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Caches that two and three processes share. */
@Timeout(120)
class ProcessesTest {
  @TempDir Path temporary;

  private final ShareCachingProvider provider = new ShareCachingProvider();

  @AfterEach
  void close() {
    provider.close();
  }

  private Path folder() {
    return temporary.resolve("caches");
  }

  private CacheManager manager() {
    return provider.getCacheManager(folder().toUri(), null);
  }

  private Cache<String, String> create(ShareConfiguration<String, String> configuration) {
    return manager().createCache("shared", configuration);
  }

  @Test
  void shouldShareEntries() throws Exception {
    Cache<String, String> cache = create(Peer.configuration());
    cache.put("a", "1");
    try (Peer second = new Peer(folder());
        Peer third = new Peer(folder())) {
      assertEquals("done", second.ask("create"));
      assertEquals("done", third.ask("create"));
      assertEquals("1", second.ask("get a"));
      assertEquals("done", third.ask("put b 2"));
      assertEquals("2", cache.get("b"));
      assertEquals("2", second.ask("get b"));
      assertEquals("done", second.ask("increment a 1"));
      assertEquals("2", third.ask("get a"));
      assertEquals("done", second.ask("remove-all"));
      assertFalse(cache.iterator().hasNext());
      assertEquals("null", third.ask("get a"));
    }
  }

  @Test
  void shouldLoseNoStepOfAnEntryProcessor() throws Exception {
    Cache<String, String> cache = create(Peer.configuration());
    try (Peer second = new Peer(folder());
        Peer third = new Peer(folder())) {
      assertEquals("done", second.ask("create"));
      assertEquals("done", third.ask("create"));
      second.tell("increment sum 500");
      third.tell("increment sum 500");
      for (int i = 0; i < 500; i++) {
        Peer.increment(cache, "sum");
      }
      assertEquals("done", second.answer());
      assertEquals("done", third.answer());
      assertEquals("1500", cache.get("sum"));
    }
  }

  @Test
  void shouldLoadEachKeyOnce() throws Exception {
    Path calls = temporary.resolve("calls");
    Cache<String, String> cache = create(Peer.loading(calls));
    try (Peer second = new Peer(folder());
        Peer third = new Peer(folder())) {
      assertEquals("done", second.ask("create-loading " + calls));
      assertEquals("done", third.ask("create-loading " + calls));
      second.tell("get-all 100");
      third.tell("get-all 100");
      for (int i = 0; i < 100; i++) {
        assertEquals("loaded key" + i, cache.get("key" + i));
      }
      assertEquals("done", second.answer());
      assertEquals("done", third.answer());
      List<String> loaded = Files.readAllLines(calls);
      assertEquals(100, loaded.size());
      assertEquals(100, new HashSet<>(loaded).size());
    }
  }

  @Test
  void shouldExpireInAllProcesses() throws Exception {
    Cache<String, String> cache = create(Peer.expiring(3_600_000));
    try (Peer second = new Peer(folder())) {
      assertEquals("done", second.ask("create-expiring 1"));
      assertEquals("done", cache.containsKey("a") ? "there" : second.ask("put a 1"));
      while (cache.containsKey("a")) {
        Thread.sleep(1);
      }
      assertNull(cache.get("a"));
      cache.put("b", "2");
      assertEquals("2", second.ask("get b"));
    }
  }

  @Test
  void shouldGoOnWhenPeersAreKilled() throws Exception {
    Cache<String, String> cache = create(Peer.configuration());
    for (int round = 0; round < 5; round++) {
      try (Peer second = new Peer(folder());
          Peer third = new Peer(folder())) {
        assertEquals("done", second.ask("create"));
        assertEquals("done", third.ask("create"));
        assertEquals("storming", second.ask("storm"));
        assertEquals("storming", third.ask("storm"));
        long before = Long.parseLong(cache.get("counter"));
        while (Long.parseLong(cache.get("counter")) < before + 100) {
          Thread.sleep(1);
        }
        second.kill();
        long after = Long.parseLong(Peer.increment(cache, "counter"));
        while (Long.parseLong(cache.get("counter")) < after + 100) {
          Thread.sleep(1); // the third one goes on
        }
      }
      long last = Long.parseLong(cache.get("counter"));
      assertEquals(last + 1, Long.parseLong(Peer.increment(cache, "counter")));
      int values = 0;
      for (Cache.Entry<String, String> entry : cache) {
        if (!entry.getKey().equals("counter")) {
          assertTrue(Peer.isWhole(entry.getValue()), entry.getKey());
          values++;
        }
      }
      assertEquals(50, values);
    }
  }

  @Test
  void shouldCloseWhatAnotherProcessDestroyed() throws Exception {
    Cache<String, String> cache = create(Peer.configuration());
    cache.put("a", "1");
    try (Peer second = new Peer(folder())) {
      assertEquals("done", second.ask("create"));
      assertEquals("1", second.ask("get a"));
      assertEquals("done", second.ask("destroy"));
      assertThrows(
          IllegalStateException.class,
          () -> {
            while (true) {
              assertNull(cache.get("a"));
              Thread.sleep(1);
            }
          });
      assertTrue(cache.isClosed());
      Cache<String, String> anew = create(Peer.configuration());
      assertEquals("done", second.ask("create"));
      anew.put("a", "2");
      assertEquals("2", second.ask("get a"));
    }
  }

  @Test
  void shouldNameTheDifferenceToAnotherProcess() throws IOException {
    create(Peer.configuration());
    try (Peer second = new Peer(folder())) {
      String refused = second.ask("create-expiring 1000");
      assertTrue(refused.contains("expiry is eternal there and created here"), refused);
    }
  }
}
