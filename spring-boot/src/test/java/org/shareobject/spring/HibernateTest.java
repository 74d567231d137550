package org.shareobject.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.persistence.Cacheable;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Properties;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.Cache;
import org.hibernate.annotations.CacheConcurrencyStrategy;
import org.hibernate.cfg.Configuration;
import org.hibernate.stat.Statistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two JVMs with Hibernate on one database, which share its second-level cache. */
@Timeout(240)
class HibernateTest {
  private static final long COUNTRIES = 100;

  @TempDir Path folder;

  /** Changes seldom. */
  @Entity(name = "Country")
  @Cacheable
  @Cache(usage = CacheConcurrencyStrategy.NONSTRICT_READ_WRITE)
  static class Country {
    @Id Long id;
    String name;

    Country() {}

    Country(Long id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  private static SessionFactory open(Path folder, String schema) {
    Properties settings = new Properties();
    settings.put("hibernate.connection.url", "jdbc:h2:file:" + folder + "/db;AUTO_SERVER=TRUE");
    settings.put("hibernate.connection.username", "sa");
    settings.put("hibernate.hbm2ddl.auto", schema);
    settings.put("hibernate.generate_statistics", "true");
    settings.put("hibernate.cache.region.factory_class", "jcache");
    settings.put("hibernate.javax.cache.provider", "org.shareobject.jcache.ShareCachingProvider");
    settings.put("hibernate.javax.cache.uri", folder.resolve("caches.properties").toUri() + "");
    settings.put("hibernate.javax.cache.missing_cache_strategy", "create");
    return new Configuration()
        .addAnnotatedClass(Country.class)
        .addProperties(settings)
        .buildSessionFactory();
  }

  /** Reads all countries by their ids; returns what that took. */
  private static String read(SessionFactory factory) {
    Statistics statistics = factory.getStatistics();
    statistics.clear();
    StringBuilder names = new StringBuilder();
    try (Session session = factory.openSession()) {
      for (long id = 1; id <= COUNTRIES; id++) {
        names.append(session.find(Country.class, id).name).append(' ');
      }
    }
    return statistics.getSecondLevelCacheHitCount()
        + " hits, "
        + statistics.getSecondLevelCacheMissCount()
        + " misses, "
        + statistics.getPrepareStatementCount()
        + " statements, "
        + Objects.hash(names.toString());
  }

  private static String read(String counts, String changed) {
    StringBuilder names = new StringBuilder();
    for (long id = 1; id <= COUNTRIES; id++) {
      names.append(id == 7 ? changed : "country" + id).append(' ');
    }
    return counts + ", " + Objects.hash(names.toString());
  }

  /** The other JVM: reads whenever it gets a line. */
  static final class Other {
    private Other() {}

    public static void main(String[] args) throws IOException {
      try (SessionFactory factory = open(Path.of(args[0]), "none");
          BufferedReader in =
              new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
        while (in.readLine() != null) {
          System.out.println("read: " + read(factory));
        }
      }
    }
  }

  @Test
  void shouldReadWhatAnotherJvmLoaded() throws Exception {
    Files.writeString(
        folder.resolve("caches.properties"),
        "folder="
            + folder.resolve("caches")
            + "\ndefault.serialization=org.hibernate.cache.**;java.io.Serializable\n");
    try (SessionFactory factory = open(folder, "create")) {
      factory.inTransaction(
          session -> {
            for (long id = 1; id <= COUNTRIES; id++) {
              session.persist(new Country(id, "country" + id));
            }
          });
      assertEquals(read("0 hits, 100 misses, 100 statements", "country7"), read(factory));

      Process other =
          new ProcessBuilder(
                  System.getProperty("java.home") + "/bin/java",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Other.class.getName(),
                  folder.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader out =
              new BufferedReader(
                  new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8));
          var in = other.outputWriter(StandardCharsets.UTF_8)) {
        assertEquals(read("100 hits, 0 misses, 0 statements", "country7"), ask(in, out));

        factory.inTransaction(session -> session.find(Country.class, 7L).name = "changed");
        assertEquals(read("99 hits, 1 misses, 1 statements", "changed"), ask(in, out));
        assertEquals(read("100 hits, 0 misses, 0 statements", "changed"), read(factory));
      } finally {
        other.destroyForcibly();
      }
    }
  }

  private static String ask(java.io.BufferedWriter in, BufferedReader out) throws IOException {
    in.write("read\n");
    in.flush();
    String line = out.readLine();
    while (line != null && !line.startsWith("read: ")) {
      line = out.readLine();
    }
    System.out.println("the other JVM's " + line);
    return String.valueOf(line).replace("read: ", "");
  }
}
