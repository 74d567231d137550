package org.shareobject.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.cache.CacheManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.ShareMap;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.jcache.JCacheCacheManager;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Applications, as they are configured by their users; each has handles of its own. */
class ShareAutoConfigurationTest {
  @TempDir Path temporary;

  /** Stored as JSON. */
  record Note(String text, int stars) {}

  /** Computes. */
  static class Service {
    static final AtomicInteger CALLS = new AtomicInteger();

    @Cacheable(cacheNames = "shop", sync = true)
    public String one(String key) {
      return key + CALLS.incrementAndGet();
    }

    @Cacheable(cacheNames = "shop", sync = true)
    public String two(String key, int number) {
      return key + number + CALLS.incrementAndGet();
    }

    @Cacheable("shop")
    public String nothing() {
      CALLS.incrementAndGet();
      return null;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @EnableCaching
  @Import(Service.class)
  static class Application {}

  /** Wants its maps by type. */
  static class Wanting {
    final ShareMap<String, Long> visits;
    final ShareMap<Long, Note> notes;

    Wanting(ShareMap<String, Long> visits, ShareMap<Long, Note> notes) {
      this.visits = visits;
      this.notes = notes;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Wanting.class)
  static class WithMaps {}

  private ConfigurableApplicationContext run(Class<?> application, String... lines) {
    SpringApplication spring = new SpringApplication(application);
    spring.setWebApplicationType(WebApplicationType.NONE);
    spring.setLogStartupInfo(false);
    spring.setBannerMode(Banner.Mode.OFF);
    spring.setRegisterShutdownHook(false);
    return spring.run(
        Stream.concat(Stream.of("logging.level.root=off"), Stream.of(lines))
            .map(line -> "--" + line)
            .toArray(String[]::new));
  }

  private String folder() {
    return "shareobject.folder=" + temporary.resolve("shop");
  }

  @Test
  void shouldRunWithTheSpringBootThatIsMeant() {
    assertEquals(System.getProperty("test.spring.boot"), SpringBootVersion.getVersion());
  }

  @Test
  void shouldShareACacheByTwoLines() {
    Service.CALLS.set(0);
    try (var first = run(Application.class, folder(), "spring.cache.cache-names=shop");
        var second = run(Application.class, folder(), "spring.cache.cache-names=shop")) {
      assertInstanceOf(
          JCacheCacheManager.class, second.getBean(org.springframework.cache.CacheManager.class));
      assertEquals("a1", first.getBean(Service.class).one("a"));
      assertEquals("a1", second.getBean(Service.class).one("a"));
      assertEquals("a12", second.getBean(Service.class).two("a", 1));
      assertEquals("a12", first.getBean(Service.class).two("a", 1));
      assertNull(first.getBean(Service.class).nothing());
      assertNull(second.getBean(Service.class).nothing());
      assertEquals(3, Service.CALLS.get());
    }
    try (var third = run(Application.class, folder(), "spring.cache.cache-names=shop")) {
      assertEquals("a1", third.getBean(Service.class).one("a"));
    }
  }

  @Test
  void shouldHaveTheCachesThatTheSettingsFileNames() throws Exception {
    try (var unused = run(Application.class, folder())) {
      assertFalse(unused.getBean(CacheManager.class).getCacheNames().iterator().hasNext());
    }
    Files.writeString(
        temporary.resolve("shop/jcache.properties"),
        "cache.notes.value-type=" + Note.class.getName());
    try (var context = run(Application.class, folder())) {
      var cache = context.getBean(org.springframework.cache.CacheManager.class).getCache("notes");
      cache.put("k", new Note("good", 5));
      assertEquals(new Note("good", 5), cache.get("k").get());
    }
  }

  @Test
  void shouldOpenMapsAsBeans() {
    String[] lines = {
      folder(),
      "shareobject.maps.visits.value-type=long",
      "shareobject.maps.notes.key-type=long",
      "shareobject.maps.notes.value-type=" + Note.class.getName(),
      "shareobject.maps.notes.capacity=1MB",
      "shareobject.maps.notes.eviction=s3-fifo",
      "shareobject.maps.notes.time-to-live=1h"
    };
    try (var first = run(WithMaps.class, lines);
        var second = run(WithMaps.class, lines)) {
      first.getBean(Wanting.class).visits.addAndGet("/", 2);
      assertEquals(Map.of("/", 2L), second.getBean(Wanting.class).visits);
      first.getBean(Wanting.class).notes.set(1L, new Note("good", 5));
      assertEquals(new Note("good", 5), second.getBean(Wanting.class).notes.get(1L));
      assertTrue(second.getBean(Wanting.class).notes.timeToLive(1L).isPresent());
      assertEquals(2, second.getBeansOfType(ShareMap.class).size());
    }
  }

  @Test
  void shouldRefuseSettingsOfMapsThatItDoesNotUnderstand() {
    for (String line :
        new String[] {
          "shareobject.maps.visits.capcity=1MB",
          "shareobject.maps.visits.value-type=com.example.Missing",
          "shareobject.maps[a.b].value-type=long"
        }) {
      Throwable error =
          assertThrows(RuntimeException.class, () -> run(WithMaps.class, folder(), line).close());
      StringBuilder messages = new StringBuilder();
      for (Throwable each = error; each != null; each = each.getCause()) {
        messages.append(each).append('\n');
      }
      assertTrue(messages.toString().contains("shareobject.maps"), messages.toString());
    }
  }

  @Test
  void shouldLeaveOtherApplicationsAlone() {
    try (var simple = run(Application.class, folder(), "spring.cache.type=simple")) {
      assertEquals(0, simple.getBeansOfType(CacheManager.class).size());
    }
    try (var without = run(Application.class, "spring.cache.type=simple")) {
      assertEquals(0, without.getBeansOfType(CacheManager.class).size());
    }
    assertFalse(Files.exists(temporary.resolve("shop")));
  }
}
