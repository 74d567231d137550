package cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import testing.Clients;
import testing.Program;

/** A cache of several processes behind one port. */
@Timeout(240)
class CacheTest {
  private static final Pattern PAGE =
      Pattern.compile("(/\\S+) was computed by pid (\\d+); answered by pid (\\d+)");
  private static final int CHILDREN = 3;
  private static final int KEYS = 12;

  private Program program;
  private String url;

  private record Page(String path, long computedBy, long answeredBy) {}

  @BeforeEach
  void start() throws Exception {
    program = Program.run("cache", "" + CHILDREN);
    url = program.await("^(http://127.0.0.1:\\d+)$").group(1);
    for (int i = 0; i < CHILDREN; i++) {
      program.await("^pid (\\d+) serves$");
    }
  }

  @AfterEach
  void end() {
    program.close();
  }

  private Page get(String path) throws IOException {
    String text = Clients.get(url + path);
    Matcher page = PAGE.matcher(text);
    assertTrue(page.matches(), text);
    return new Page(page.group(1), Long.parseLong(page.group(2)), Long.parseLong(page.group(3)));
  }

  @Test
  void shouldAnswerByAllWhatOneComputed() throws Exception {
    Set<Long> computedBy = ConcurrentHashMap.newKeySet();
    Set<Long> answeredBy = ConcurrentHashMap.newKeySet();
    Clients.callUntil(
        () -> answeredBy.size() >= CHILDREN,
        () -> {
          Page page = get("/report");
          computedBy.add(page.computedBy());
          return answeredBy.add(page.answeredBy());
        });
    assertEquals(program.workers(), answeredBy);
    assertEquals(1, computedBy.size());
    program.assertCount(1, "computes");
  }

  @Test
  void shouldReplaceAKilledChildAndLoseNothing() throws Exception {
    Map<String, Long> computedBy = new ConcurrentHashMap<>();
    AtomicInteger next = new AtomicInteger();
    Clients.callUntil(
        () -> computedBy.size() == KEYS,
        () -> {
          Page page = get("/" + next.getAndIncrement() % KEYS);
          return computedBy.put(page.path(), page.computedBy());
        });

    long victim = computedBy.get("/0");
    kill(victim);
    long successor = Long.parseLong(program.await("^pid (\\d+) serves$").group(1));
    Set<Page> pages = ConcurrentHashMap.newKeySet();
    Clients.callUntil(
        () ->
            pages.stream().map(Page::path).distinct().count() == KEYS
                && pages.stream().anyMatch(page -> page.answeredBy() == successor),
        () -> pages.add(get("/" + next.getAndIncrement() % KEYS)));
    pages.forEach(page -> assertEquals(computedBy.get(page.path()), page.computedBy()));
    assertTrue(pages.stream().noneMatch(page -> page.answeredBy() == victim));
    program.assertCount(KEYS, "computes");
  }

  /** A machine may be too slow to kill one before it has done. */
  @Test
  void shouldComputeAnewWhatAKilledChildHadBegun() throws Exception {
    for (int i = 0; ; i++) {
      String path = "/begun-" + i;
      CompletableFuture<Page> page = CompletableFuture.supplyAsync(() -> getAgain(path));
      long victim = Long.parseLong(program.await("^pid (\\d+) computes " + path + "$").group(1));
      kill(victim);
      if (page.get().computedBy() != victim) {
        assertNotEquals(victim, page.get().answeredBy());
        program.assertCount(2, "computes " + path + "$");
        return;
      }
    }
  }

  private Page getAgain(String path) {
    while (true) {
      try {
        return get(path);
      } catch (IOException e) {
        // It was the killed one that had accepted.
      }
    }
  }

  private static void kill(long pid) {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().join();
  }
}
