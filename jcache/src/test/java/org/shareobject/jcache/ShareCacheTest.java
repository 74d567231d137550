package org.shareobject.jcache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;

class ShareCacheTest {
  /** Stored as JSON. */
  record Book(String title, int year, List<String> authors) {}

  /** Can be written as JSON, but not read. */
  static final class WriteOnly {
    private final String text;

    WriteOnly(String text, int ignored) {
      this.text = text + ignored;
    }

    public String getText() {
      return text;
    }
  }

  /** Serializable, if the configuration names it. */
  static final class Note implements Serializable {
    private static final long serialVersionUID = 1L;
    final String text;
    final Object extra;

    Note(String text, Object extra) {
      this.text = text;
      this.extra = extra;
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

  private CacheManager manager() {
    return provider.getCacheManager(folder().toUri(), null);
  }

  private static <K, V> ShareConfiguration<K, V> types(Class<K> key, Class<V> value) {
    return new ShareConfiguration<K, V>().setTypes(key, value).setCapacity(1 << 20);
  }

  private <K, V> Cache<K, V> create(ShareConfiguration<K, V> configuration) {
    return manager().createCache("books", configuration);
  }

  // ---- objects

  @Test
  void shouldStoreValuesOfEachKind() {
    Cache<Object, Object> cache = create(types(Object.class, Object.class));
    UUID id = UUID.randomUUID();
    for (Object each : new Object[] {"text", 1L, 2, 3.5, true, id}) {
      cache.put(each, each);
      assertEquals(each, cache.get(each));
    }
    cache.put("bytes", new byte[] {1, 2});
    assertArrayEquals(new byte[] {1, 2}, (byte[]) cache.get("bytes"));
    assertNull(cache.get(1), "a Long is another key than an Integer");
  }

  @Test
  void shouldStoreRecordsAsJson() {
    Cache<String, Book> cache = create(types(String.class, Book.class));
    Book book = new Book("Emma", 1815, List.of("Austen"));
    cache.put("emma", book);
    assertEquals(book, cache.get("emma"));
    assertTrue(cache.replace("emma", book, new Book("Emma", 1816, List.of())));
    assertEquals(1816, cache.get("emma").year());
  }

  @Test
  void shouldFindEqualRecordsAsKeys() {
    Cache<Book, Long> cache = create(types(Book.class, Long.class));
    cache.put(new Book("Emma", 1815, List.of("Austen")), 1L);
    assertEquals(1L, cache.get(new Book("Emma", 1815, new ArrayList<>(List.of("Austen")))));
  }

  @Test
  void shouldRefuseAtPutWhatCannotBeStored() {
    Cache<Object, Object> cache = create(types(Object.class, Object.class));
    CacheException unknown =
        assertThrows(CacheException.class, () -> cache.put("key", new Note("a", null)));
    assertTrue(unknown.getMessage().contains(Note.class.getName()), unknown.getMessage());
    assertTrue(unknown.getMessage().contains("serialization"), unknown.getMessage());
    assertFalse(cache.containsKey("key"));
  }

  @Test
  void shouldRefuseAtPutWhatJsonCannotReadBack() {
    Cache<String, WriteOnly> cache = create(types(String.class, WriteOnly.class));
    CacheException refused =
        assertThrows(CacheException.class, () -> cache.put("key", new WriteOnly("a", 1)));
    assertTrue(refused.getMessage().contains(WriteOnly.class.getName()), refused.getMessage());
    assertFalse(cache.containsKey("key"));
  }

  @Test
  void shouldSerializeOnlyWhatIsNamed() {
    Cache<String, Object> cache =
        create(types(String.class, Object.class).setSerialization(Note.class.getName()));
    cache.put("key", new Note("a", 7));
    assertEquals("a", ((Note) cache.get("key")).text);
    CacheException refused =
        assertThrows(
            CacheException.class, () -> cache.put("other", new Note("b", new ArrayList<>())));
    assertTrue(refused.getMessage().contains("java.util.ArrayList"), refused.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> new ShareConfiguration<>().setSerialization("**"));
  }

  @Test
  void shouldTakeCodecs() {
    Codec<Integer> decimal =
        new Codec<>() {
          @Override
          public byte[] encode(Integer value) {
            return Codec.STRING.encode(value.toString());
          }

          @Override
          public Integer decode(byte[] bytes) {
            return Integer.valueOf(Codec.STRING.decode(bytes));
          }
        };
    Cache<String, Integer> cache =
        create(types(String.class, Integer.class).setCodecs(Codec.STRING, decimal));
    cache.put("key", 4711);
    assertEquals(4711, cache.get("key"));
  }

  @Test
  void shouldMissWhatAnotherTypeWrote() {
    Cache<String, Object> writer =
        create(types(String.class, Object.class).setSerialization(Note.class.getName()));
    writer.put("key", new Note("a", null));
    ShareConfiguration<String, Object> same = types(String.class, Object.class);
    try (ShareCachingProvider other = new ShareCachingProvider()) {
      Cache<String, Object> reader =
          other.getCacheManager(folder().toUri(), null).createCache("books", same);
      assertNull(reader.get("key"), "its class may not be read here");
      assertTrue(reader.putIfAbsent("key", "text"));
      assertEquals("text", writer.get("key"));
    }
  }

  @Test
  void shouldThrowForTheUnreadableIfToldSo() {
    Cache<String, Object> writer =
        create(types(String.class, Object.class).setSerialization(Note.class.getName()));
    writer.put("key", new Note("a", null));
    try (ShareCachingProvider other = new ShareCachingProvider()) {
      Cache<String, Object> reader =
          other
              .getCacheManager(folder().toUri(), null)
              .createCache(
                  "books",
                  types(String.class, Object.class)
                      .setUnreadable(ShareConfiguration.Unreadable.THROW));
      assertThrows(CacheException.class, () -> reader.get("key"));
      reader.put("key", "text");
      assertEquals("text", reader.get("key"));
    }
  }

  // ---- files

  @Test
  void shouldKeepEntriesWhenAllHaveClosed() {
    create(types(String.class, String.class)).put("key", "value");
    provider.close();
    assertEquals("value", create(types(String.class, String.class)).get("key"));
  }

  @Test
  void shouldBeginAnewWithAnotherDefinition() {
    create(types(String.class, String.class)).put("key", "value");
    provider.close();
    assertNull(create(types(String.class, Long.class)).get("key"));
  }

  @Test
  void shouldRefuseAnotherDefinitionOfWhatIsInUse() {
    create(types(String.class, String.class));
    try (ShareCachingProvider other = new ShareCachingProvider()) {
      CacheManager theirs = other.getCacheManager(folder().toUri(), null);
      CacheException types =
          assertThrows(
              CacheException.class,
              () -> theirs.createCache("books", types(String.class, Long.class)));
      assertTrue(types.getMessage().contains("value-type"), types.getMessage());
      CacheException expiry =
          assertThrows(
              CacheException.class,
              () ->
                  theirs.createCache(
                      "books",
                      types(String.class, String.class)
                          .setExpiryPolicyFactory(
                              TouchedExpiryPolicy.factoryOf(Duration.ONE_DAY))));
      assertTrue(expiry.getMessage().contains("eternal"), expiry.getMessage());
      theirs.createCache("books", types(String.class, String.class).setCapacity(2 << 20)).close();
    }
  }

  @Test
  void shouldKeepNamesInsideTheFolder() throws IOException {
    String name = "../../etc/" + "ä".repeat(200);
    manager().createCache(name, types(String.class, String.class)).put("key", "value");
    try (var files = Files.list(temporary)) {
      assertEquals(List.of(folder()), files.toList());
    }
    manager().destroyCache(name);
    try (var files = Files.list(folder())) {
      assertEquals(List.of(folder().toRealPath().resolve(".lock")), files.toList());
    }
  }

  @Test
  void shouldRefuseFolderThatOthersCanWrite() throws IOException {
    Files.createDirectory(folder());
    Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString("rwxrwxrwx"));
    CacheException refused = assertThrows(CacheException.class, this::manager);
    assertTrue(refused.getMessage().contains("chmod"), refused.getMessage());
  }

  @Test
  void shouldCreatePrivateFolder() throws IOException {
    manager();
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder())));
  }

  @Test
  void shouldSkipWhatIsNoEntry() {
    Cache<String, String> cache = create(types(String.class, String.class));
    cache.put("key", "value");
    try (ShareMap<byte[], byte[]> map =
        ShareMap.builder(Codec.BYTES, Codec.BYTES).open(folder().resolve("books.map"))) {
      byte[] endless = ByteBuffer.allocate(12).putLong(Long.MAX_VALUE).put((byte) 'S').array();
      map.set(new byte[] {0}, new byte[3]);
      map.set(new byte[] {'T', 'x'}, new byte[3]);
      map.set(new byte[] {'T', 'y'}, endless);
      map.set(new byte[] {'S', 1, 2}, endless);
    }
    assertNull(cache.get("x"));
    assertNull(cache.get("y"));
    List<String> keys = new ArrayList<>();
    cache.forEach(entry -> keys.add(entry.getKey()));
    assertEquals(List.of("key"), keys);
    cache.put("x", "1");
    assertTrue(cache.putIfAbsent("y", "2"));
    assertEquals(Map.of("x", "1", "y", "2"), cache.getAll(Set.of("x", "y", "z")));
    cache.removeAll();
    assertFalse(cache.iterator().hasNext());
  }

  // ---- listeners

  private static <K, V> MutableCacheEntryListenerConfiguration<K, V> listener(
      CacheEntryListener<K, V> listener, boolean synchronous) {
    return new MutableCacheEntryListenerConfiguration<>(() -> listener, null, true, synchronous);
  }

  @Test
  void shouldTellTheValueThatExpired() throws InterruptedException {
    List<String> expired = new ArrayList<>();
    CacheEntryExpiredListener<String, String> listener =
        events ->
            events.forEach(
                event -> expired.add(String.join("", event.getKey(), event.getOldValue())));
    Cache<String, String> cache =
        create(
            types(String.class, String.class)
                .setExpiryPolicyFactory(
                    CreatedExpiryPolicy.factoryOf(new Duration(TimeUnit.MILLISECONDS, 1)))
                .addCacheEntryListenerConfiguration(listener(listener, true)));
    cache.put("key", "value");
    while (cache.containsKey("key")) {
      Thread.sleep(1);
    }
    assertNull(cache.get("key"));
    assertEquals(List.of("keyvalue"), expired);
  }

  @Test
  void shouldTellAsynchronousListenersInOrder() throws Exception {
    List<Long> values = new ArrayList<>();
    CompletableFuture<List<Long>> all = new CompletableFuture<>();
    CacheEntryUpdatedListener<String, Long> listener =
        events ->
            events.forEach(
                event -> {
                  values.add(event.getValue());
                  if (event.getValue() == 100) {
                    all.complete(values);
                  }
                });
    Cache<String, Long> cache = create(types(String.class, Long.class));
    cache.registerCacheEntryListener(listener(listener, false));
    LongStream.rangeClosed(0, 100).forEach(i -> cache.put("key", i));
    assertEquals(LongStream.rangeClosed(1, 100).boxed().toList(), all.get(60, TimeUnit.SECONDS));
  }

  // ---- settings

  private void settings(String... lines) throws IOException {
    manager();
    provider.close();
    Files.write(folder().resolve("jcache.properties"), List.of(lines));
  }

  @Test
  @SuppressWarnings("unchecked") // JCache takes raw classes
  void shouldReadSettingsOfTheFolder() throws IOException {
    settings(
        "default.capacity = 1m",
        "default.statistics = true",
        "cache.books.value-type = " + Book.class.getName(),
        "cache.books.expiry = created 1h30m",
        "cache.books.eviction = none",
        "cache.books.max-entry = 10k");
    Cache<Object, Object> cache = manager().createCache("books", new MutableConfiguration<>());
    var configuration = cache.getConfiguration(ShareConfiguration.class);
    assertEquals(Book.class, configuration.getValueType());
    assertEquals(1 << 20, configuration.getCapacity());
    assertEquals(10 << 10, configuration.getMaxEntry());
    assertEquals(Eviction.NONE, configuration.getEviction());
    assertTrue(configuration.isStatisticsEnabled());
    assertEquals(
        CreatedExpiryPolicy.factoryOf(new Duration(TimeUnit.MILLISECONDS, 5_400_000)).create(),
        ((CompleteConfiguration<?, ?>) configuration).getExpiryPolicyFactory().create());
    cache.put("emma", new Book("Emma", 1815, List.of()));
    assertEquals(new Book("Emma", 1815, List.of()), cache.get("emma"));
  }

  @Test
  void shouldOpenCachesThatOnlyTheSettingsName() throws IOException {
    settings("cache.books.key-type = java.lang.String", "cache.books.capacity = 1m");
    assertEquals(List.of("books"), List.copyOf((java.util.Collection<String>) names()));
    manager().getCache("books").put("key", 1L);
    assertEquals(1L, manager().getCache("books").get("key"));
    assertNull(manager().getCache("others"));
  }

  private Iterable<String> names() {
    return manager().getCacheNames();
  }

  @Test
  void shouldNameWhatIsWrongInTheSettings() throws IOException {
    for (Map.Entry<String, String> wrong :
        Map.of(
                "cache.books.capacity = much", "much",
                "cache.books.expiry = sometimes 5m", "sometimes",
                "cache.books.value-type = com.example.Missing", "com.example.Missing",
                "cache.books.serialization = **", "packages",
                "cache.books.statistics = yes", "true or false")
            .entrySet()) {
      settings(wrong.getKey());
      CacheException thrown =
          assertThrows(
              CacheException.class,
              () -> manager().createCache("books", new MutableConfiguration<>()));
      assertTrue(thrown.getMessage().contains(wrong.getValue()), thrown.getMessage());
      assertTrue(thrown.getMessage().contains("jcache.properties"), thrown.getMessage());
      provider.close();
    }
    settings("cache.books.colour = red");
    CacheException unknown = assertThrows(CacheException.class, this::manager);
    assertTrue(unknown.getMessage().contains("colour"), unknown.getMessage());
  }
}
