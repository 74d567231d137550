package prices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three JVMs behind one port, with one cache. */
@Timeout(240)
class MainTest {
  private static final int COPIES = 3;
  private static final int KEYS = 1_000;
  private static final int REQUESTS = 10_000;
  private static final int CLIENTS = 12;
  private static final int KILLS = 5;
  private static final int SHOWN = 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  /** One for the tests that kill nothing. */
  private static Program shared;

  @BeforeAll
  static void start() throws Exception {
    shared = Program.start(Files.createDirectory(folder.resolve("shared")), COPIES);
  }

  @AfterAll
  static void end() {
    shared.close();
  }

  /** The answers of all requests. */
  private final Map<Integer, Set<String>> values = new ConcurrentHashMap<>();

  private final Set<Long> answeredBy = ConcurrentHashMap.newKeySet();

  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger kills = new AtomicInteger();

  /** Several clients ask for a new key at the same time, and later once more for all keys. */
  private void ask(Program program, int wantedKills) throws Exception {
    AtomicInteger next = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(
            threads.submit(
                () -> {
                  for (int n = next.getAndIncrement();
                      n < REQUESTS || kills.get() < wantedKills;
                      n = next.getAndIncrement()) {
                    get(program, n < REQUESTS / 2 ? n / (REQUESTS / 2 / KEYS) : n % KEYS);
                  }
                  return null;
                }));
      }
      long nextKill = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      while (!clients.stream().allMatch(Future::isDone)) {
        if (kills.get() < wantedKills && System.nanoTime() >= nextKill && program.kill()) {
          kills.incrementAndGet();
          nextKill = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
      for (Future<?> client : clients) {
        client.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private void get(Program program, int item) throws Exception {
    JsonNode answer = JSON.readTree(program.get("/price/" + item));
    JsonNode price = answer.path("price");
    assertEquals(item, price.path("item").asInt(-1));
    values.computeIfAbsent(item, any -> ConcurrentHashMap.newKeySet()).add(price.toString());
    answeredBy.add(answer.path("answeredBy").asLong());
    requests.incrementAndGet();
  }

  private static long sum(Program program, String what) throws Exception {
    long sum = 0;
    for (JsonNode copy : JSON.readTree(program.get("/state")).path("copies")) {
      sum += copy.path(what).asLong();
    }
    return sum;
  }

  private static int cached(Program program) throws Exception {
    return JSON.readTree(program.get("/state")).path("items").size();
  }

  private void assertOneValueForEachKey() {
    assertEquals(KEYS, values.size());
    values.forEach((item, all) -> assertEquals(1, all.size(), item + ": " + all));
  }

  private void tell(Program program) throws Exception {
    System.out.println(
        requests
            + " requests for "
            + values.size()
            + " keys, answered by "
            + answeredBy.size()
            + " JVMs, "
            + kills
            + " kills: "
            + sum(program, "computed")
            + " values computed");
  }

  @Test
  void shouldComputeEachValueOnce() throws Exception {
    long before = sum(shared, "answered");
    ask(shared, 0);
    tell(shared);
    assertOneValueForEachKey();
    assertEquals(KEYS, sum(shared, "computed"));
    assertEquals(REQUESTS, sum(shared, "answered") - before);
    assertEquals(KEYS, cached(shared));
    assertEquals(COPIES, answeredBy.size());
  }

  /** Only what a killed JVM had computed and not yet stored is computed again; nobody saw it. */
  @Test
  void shouldComputeEachValueOnceWhileJvmsAreKilled() throws Exception {
    try (Program program =
        Program.start(
            Files.createDirectory(folder.resolve("killed")),
            COPIES,
            "--min-uptime=1ms",
            "--backoff=1ms",
            "--grace=1s")) {
      ask(program, KILLS);
      tell(program);
      assertOneValueForEachKey();
      assertEquals(KEYS, cached(program));
      long computed = sum(program, "computed");
      assertTrue(computed >= KEYS && computed <= KEYS + kills.get() * CLIENTS, computed + "");
    }
  }

  @Test
  void shouldShowInABrowserWhoComputed() throws Exception {
    assumeChromium();
    for (int item = 0; item < SHOWN; item++) {
      get(shared, item);
      get(shared, item);
    }
    long computed = sum(shared, "computed");
    long hits = sum(shared, "answered") - computed;
    String page = browse(shared.url() + "/");
    assertTrue(page.contains("data-shown=\"" + cached(shared) + "\""), page);
    assertTrue(
        page.contains(String.format(Locale.ROOT, "<td>%,d</td><td>%,d</td>", hits, computed)),
        page);
    assertTrue(page.contains("price 0: computed by pid "), page);
  }

  private static void assumeChromium() throws Exception {
    try {
      Process chromium =
          new ProcessBuilder("chromium", "--version").redirectErrorStream(true).start();
      chromium.getInputStream().readAllBytes();
      assumeTrue(chromium.waitFor() == 0, "needs that chromium works");
    } catch (IOException e) {
      assumeTrue(false, "needs chromium: " + e.getMessage());
    }
  }

  /** Returns the page as it is after its script has run. */
  private static String browse(String url) throws Exception {
    Path errors = folder.resolve("chromium.log");
    Process chromium =
        new ProcessBuilder(
                "chromium",
                "--headless",
                "--no-sandbox", // root has none
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + folder.resolve("chromium"),
                "--virtual-time-budget=5000",
                "--dump-dom",
                url)
            .redirectError(errors.toFile())
            .start();
    String page = new String(chromium.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, chromium.waitFor(), () -> read(errors));
    return page;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
