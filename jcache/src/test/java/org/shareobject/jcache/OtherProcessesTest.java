package org.shareobject.jcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.event.EventType;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/** What listeners hear of other processes. */
@Timeout(120)
class OtherProcessesTest {
  /** Writes down what it hears. */
  private static final class Heard
      implements CacheEntryCreatedListener<String, String>,
          CacheEntryUpdatedListener<String, String>,
          CacheEntryRemovedListener<String, String>,
          CacheEntryExpiredListener<String, String>,
          ShareCacheListener<String, String> {
    private final BlockingQueue<CacheEntryEvent<? extends String, ? extends String>> events =
        new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> gaps = new LinkedBlockingQueue<>();

    private void add(
        Iterable<CacheEntryEvent<? extends String, ? extends String>> heard, EventType type) {
      for (CacheEntryEvent<? extends String, ? extends String> event : heard) {
        assertEquals(type, event.getEventType());
        events.add(event);
      }
    }

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends String>> heard) {
      add(heard, EventType.CREATED);
    }

    @Override
    public void onUpdated(Iterable<CacheEntryEvent<? extends String, ? extends String>> heard) {
      add(heard, EventType.UPDATED);
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends String>> heard) {
      add(heard, EventType.REMOVED);
    }

    @Override
    public void onExpired(Iterable<CacheEntryEvent<? extends String, ? extends String>> heard) {
      add(heard, EventType.EXPIRED);
    }

    @Override
    public void onMissed(Cache<String, String> cache, long most) {
      gaps.add(most);
    }

    /** Returns the next event: its type and key. */
    String next() throws InterruptedException {
      var event = events.take();
      assertFalse(event.isOldValueAvailable());
      return event.getEventType() + " " + event.getKey();
    }
  }

  @TempDir Path temporary;

  private final ShareCachingProvider provider = new ShareCachingProvider();

  @AfterEach
  void close() {
    provider.close();
  }

  private Path folder() {
    return temporary.resolve("caches");
  }

  private Cache<String, String> create(ShareConfiguration<String, String> configuration) {
    return provider.getCacheManager(folder().toUri(), null).createCache("shared", configuration);
  }

  private static CacheEntryListenerConfiguration<String, String> listening(
      Heard heard, boolean synchronously) {
    return new MutableCacheEntryListenerConfiguration<>(() -> heard, null, true, synchronously);
  }

  /** A cache that keeps more changes for listeners than the test makes. */
  private static ShareConfiguration<String, String> keepingMany() {
    return Peer.configuration().setCapacity(64 << 20);
  }

  @Test
  void shouldHearAnotherProcess() throws Exception {
    Heard soon = new Heard();
    Heard later = new Heard();
    Cache<String, String> cache =
        create(Peer.configuration().addCacheEntryListenerConfiguration(listening(later, false)));
    cache.registerCacheEntryListener(listening(soon, true));
    try (Peer peer = new Peer(folder())) {
      assertEquals("done", peer.ask("create"));
      for (Heard heard : List.of(soon, later)) {
        assertEquals("done", peer.ask("put a 1"));
        assertEquals("1", soon.events.take().getValue());
        assertEquals("CREATED a", later.next());
        assertEquals("done", peer.ask("put a 2"));
        assertEquals("2", later.events.take().getValue());
        assertEquals("UPDATED a", soon.next());
        assertEquals("done", peer.ask("remove-all"));
        assertEquals("REMOVED a", soon.next());
        assertEquals("REMOVED a", later.next());
        assertTrue(heard.gaps.isEmpty());
      }
      cache.put("b", "1");
      assertEquals("done", peer.ask("clear"));
      cache.put("b", "2");
      assertEquals("CREATED b", soon.next());
      assertEquals("CREATED b", soon.next());
      assertNull(soon.events.poll());
    }
  }

  @Test
  void shouldHearThatAnotherProcessNoticedAnExpiry() throws Exception {
    Heard heard = new Heard();
    Cache<String, String> cache =
        create(
            Peer.expiring(3_600_000).addCacheEntryListenerConfiguration(listening(heard, false)));
    try (Peer peer = new Peer(folder())) {
      assertEquals("done", peer.ask("create-expiring 1"));
      assertEquals("done", peer.ask("put a 1"));
      assertEquals("CREATED a", heard.next());
      while (cache.containsKey("a")) {
        Thread.onSpinWait();
      }
      assertEquals("done", peer.ask("put a 2"));
      assertEquals("EXPIRED a", heard.next());
      assertEquals("CREATED a", heard.next());
    }
  }

  /** Here the listener's process keeps the expired entry, and the other one removes it. */
  @Test
  void shouldHearThatAnotherProcessRemovedWhatHadExpired() throws Exception {
    Heard heard = new Heard();
    Cache<String, String> cache =
        create(Peer.expiring(1).addCacheEntryListenerConfiguration(listening(heard, true)));
    try (Peer peer = new Peer(folder())) {
      assertEquals("done", peer.ask("create-expiring 1"));
      cache.put("a", "1");
      while (cache.containsKey("a")) {
        Thread.onSpinWait();
      }
      assertEquals("null", peer.ask("get a"));
      assertEquals("CREATED a", heard.next());
      assertEquals("EXPIRED a", heard.next());
    }
  }

  @Test
  void shouldNotHearThatAnotherObjectOnlyRead() throws Exception {
    ShareConfiguration<String, String> configuration =
        Peer.configuration()
            .setExpiryPolicyFactory(AccessedExpiryPolicy.factoryOf(Duration.ONE_HOUR));
    Heard heard = new Heard();
    Cache<String, String> cache = create(new ShareConfiguration<>(configuration));
    cache.registerCacheEntryListener(listening(heard, false));
    try (ShareCachingProvider second = new ShareCachingProvider()) {
      Cache<String, String> other =
          second.getCacheManager(folder().toUri(), null).createCache("shared", configuration);
      other.put("a", "1");
      assertEquals("CREATED a", heard.next());
      for (int i = 0; i < 3; i++) {
        Thread.sleep(2); // another deadline
        assertEquals("1", other.get("a"));
        other.put("b" + i, "1");
        assertEquals("CREATED b" + i, heard.next());
      }
      other.put("a", "2");
      assertEquals("UPDATED a", heard.next());
    }
  }

  @Test
  void shouldTellEachChangeOnceAndInOrder() throws Exception {
    int rounds = 2000;
    Heard heard = new Heard();
    Cache<String, String> cache = create(keepingMany());
    cache.registerCacheEntryListener(listening(heard, false));
    try (Peer second = new Peer(folder());
        Peer third = new Peer(folder())) {
      assertEquals("done", second.ask("create"));
      assertEquals("done", third.ask("create"));
      second.tell("cycle own 2 " + rounds);
      third.tell("increment sum " + rounds);
      for (int i = 0; i < rounds; i++) {
        Peer.increment(cache, "sum");
      }
      assertEquals("done", second.answer());
      assertEquals("done", third.answer());
    }
    assertEquals(2L * rounds, Long.parseLong(cache.get("sum")));
    cache.put("end", "here");
    Map<String, List<EventType>> types = new HashMap<>();
    int sums = 0;
    int expected = 2 * 3 * rounds;
    int cycles = 0;
    while (sums < 2 * rounds || cycles < expected) {
      var event = heard.events.take();
      if (event.getKey().equals("sum")) {
        sums++;
      } else if (event.getKey().startsWith("own")) {
        cycles++;
        types.computeIfAbsent(event.getKey(), key -> new ArrayList<>()).add(event.getEventType());
      }
    }
    assertEquals(2, types.size());
    types.forEach(
        (key, all) -> {
          for (int i = 0; i < all.size(); i++) {
            EventType wanted =
                List.of(EventType.CREATED, EventType.UPDATED, EventType.REMOVED).get(i % 3);
            assertEquals(wanted, all.get(i), key + " " + i);
          }
        });
    try (Peer fourth = new Peer(folder())) {
      assertEquals("done", fourth.ask("create"));
      assertEquals("done", fourth.ask("put last 1"));
    }
    var next = heard.events.take();
    if (next.getKey().equals("end")) {
      next = heard.events.take();
    }
    assertEquals("last", next.getKey()); // and nothing twice
    assertTrue(heard.gaps.isEmpty());
  }

  @Test
  void shouldHearOnWhenTheWriterIsKilled() throws Exception {
    Heard heard = new Heard();
    Cache<String, String> cache = create(keepingMany());
    cache.registerCacheEntryListener(listening(heard, false));
    for (int round = 0; round < 3; round++) {
      try (Peer peer = new Peer(folder())) {
        assertEquals("done", peer.ask("create"));
        assertEquals("storming", peer.ask("storm"));
        for (int i = 0; i < 200; i++) {
          heard.next();
        }
        peer.kill();
      }
      try (Peer peer = new Peer(folder())) {
        assertEquals("done", peer.ask("create"));
        assertEquals("done", peer.ask("put round" + round + " 1"));
      }
      while (!heard.next().equals("CREATED round" + round)) {
        // what the killed one did
      }
    }
  }

  @Test
  void shouldTellThatChangesWereMissed() throws Exception {
    Heard heard = new Heard();
    BlockingQueue<String> go = new LinkedBlockingQueue<>();
    Cache<String, String> cache = create(Peer.configuration());
    CacheEntryCreatedListener<String, String> slow =
        events -> {
          if (events.iterator().next().getKey().equals("stop")) {
            try {
              go.take();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        };
    cache.registerCacheEntryListener(
        new MutableCacheEntryListenerConfiguration<>(() -> slow, null, false, false));
    cache.registerCacheEntryListener(listening(heard, false));
    try (Peer peer = new Peer(folder())) {
      assertEquals("done", peer.ask("create"));
      assertEquals("done", peer.ask("put stop 1"));
      assertEquals("done", peer.ask("cycle key 50 1000"));
      go.add("on");
      assertTrue(heard.gaps.take() > 0);
      assertEquals("done", peer.ask("put last 1"));
      while (!heard.next().equals("CREATED last")) {
        // what is kept
      }
    }
  }

  @Test
  void shouldUseRoomOnlyWhileThereAreListeners() throws Exception {
    Heard heard = new Heard();
    Cache<String, String> cache = create(Peer.configuration());
    try (ShareMap<byte[], byte[]> map =
        ShareMap.builder(Codec.BYTES, Codec.BYTES).open(folder().resolve("shared.map"))) {
      long before = map.stats().usedBytes();
      CacheEntryListenerConfiguration<String, String> first = listening(heard, false);
      CacheEntryListenerConfiguration<String, String> second = listening(heard, true);
      cache.registerCacheEntryListener(first);
      assertTrue(map.stats().usedBytes() > before);
      cache.registerCacheEntryListener(second);
      cache.deregisterCacheEntryListener(first);
      map.set(new byte[] {'T', 'a'}, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 'T', 'v'});
      assertEquals("CREATED a", heard.next());
      cache.deregisterCacheEntryListener(second);
      while (map.stats().usedBytes() > before + 1024) {
        Thread.sleep(1);
      }
      cache.registerCacheEntryListener(first);
      assertTrue(map.stats().usedBytes() > before + 1024);
      cache.close();
      while (map.stats().usedBytes() > before + 1024) {
        Thread.sleep(1);
      }
    }
  }

  @Test
  void shouldRefuseAListenerIfThereIsNoRoom() {
    Cache<String, String> cache =
        create(Peer.configuration().setEviction(org.shareobject.Eviction.NONE));
    String value = "x".repeat(1000);
    assertThrows(
        CacheException.class,
        () -> {
          for (int i = 0; ; i++) {
            cache.put("key" + i, value);
          }
        });
    Heard heard = new Heard();
    CacheException refused =
        assertThrows(
            CacheException.class, () -> cache.registerCacheEntryListener(listening(heard, false)));
    assertTrue(refused.getMessage().contains("SHO_EFULL"), refused.getMessage());
    cache.removeAll();
    assertTrue(heard.events.isEmpty());
  }
}
