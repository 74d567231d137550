package org.shareobject.jcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.io.Serializable;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.cache.Cache;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One class, loaded twice and in two versions. */
class ClassLoadersTest {
  @TempDir Path temporary;

  private final ShareCachingProvider provider = new ShareCachingProvider();

  @AfterEach
  void close() {
    provider.close();
  }

  /** A class loader's view of the cache. */
  private final class View implements AutoCloseable {
    private final URLClassLoader loader;
    private final Class<?> type;
    private final Cache<String, Object> cache;

    @SuppressWarnings("unchecked") // the type is known to the loader only
    View(Path classes, String serialization) throws Exception {
      loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, null);
      type = loader.loadClass("Price");
      ShareConfiguration<String, Object> configuration =
          new ShareConfiguration<String, Object>()
              .setTypes(String.class, (Class<Object>) type)
              .setSerialization(serialization)
              .setCapacity(1 << 20);
      cache =
          provider
              .getCacheManager(temporary.resolve("caches").toUri(), loader)
              .createCache("prices", configuration);
    }

    Object price(int cents) throws ReflectiveOperationException {
      return type.getConstructors()[0].newInstance(cents);
    }

    @Override
    public void close() throws IOException {
      cache.close();
      loader.close();
    }
  }

  private Path compile(String folder, String source) throws IOException {
    Path classes = Files.createDirectories(temporary.resolve(folder));
    Path file = Files.writeString(classes.resolve("Price.java"), source);
    assertEquals(
        0,
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-d", classes.toString(), file.toString()));
    return classes;
  }

  private static final String RECORD = "public record Price(int cents) {}";

  private static final String SERIALIZABLE =
      "public class Price implements %s {"
          + " private static final long serialVersionUID = %dL;"
          + " private final int cents;"
          + " public Price(int cents) { this.cents = cents; }"
          + " @Override public String toString() { return \"Price[cents=\" + cents + \"]\"; } }";

  @Test
  void shouldLoadValuesByTheManagersLoader() throws Exception {
    Path classes = compile("one", RECORD);
    try (View first = new View(classes, "");
        View second = new View(classes, "")) {
      assertNotSame(first.type, second.type);
      first.cache.put("tea", first.price(450));
      Object read = second.cache.get("tea");
      assertSame(second.type, read.getClass());
      assertEquals("Price[cents=450]", read.toString());
    }
  }

  @Test
  void shouldMissWhatAnotherVersionOfARecordWrote() throws Exception {
    try (View old = new View(compile("one", RECORD), "");
        View other = new View(compile("two", "public record Price(long cents) {}"), "")) {
      old.cache.put("tea", old.price(450));
      assertNull(other.cache.get("tea"));
      assertEquals("Price[cents=450]", old.cache.get("tea").toString());
      other.cache.put("tea", other.price(500));
      assertNull(old.cache.get("tea"));
    }
  }

  @Test
  void shouldMissWhatAnotherVersionSerialized() throws Exception {
    String name = Serializable.class.getName();
    try (View old = new View(compile("one", SERIALIZABLE.formatted(name, 1)), "Price");
        View same = new View(compile("one", SERIALIZABLE.formatted(name, 1)), "Price");
        View other = new View(compile("two", SERIALIZABLE.formatted(name, 2)), "Price")) {
      old.cache.put("tea", old.price(450));
      assertEquals("Price[cents=450]", same.cache.get("tea").toString());
      assertNull(other.cache.get("tea"));
    }
  }
}
