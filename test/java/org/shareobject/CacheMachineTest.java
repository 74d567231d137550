package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.MapShell;

/**
 * The cache machine: processes that nobody forked together set values, get one, and get all,
 * through one file; and so do their threads.
 */
@Timeout(120)
class CacheMachineTest {
  private static final int THREADS = 4;
  private static final int TURNS = 2_000;

  @TempDir Path folder;

  @Test
  void shouldServeUnrelatedProcesses() {
    String file = folder.resolve("cache").toString();
    try (ChildJvm one = start(file);
        ChildJvm two = start(file)) {
      assertEquals("{}", ask(one, "all"));
      assertEquals("done", ask(one, "set name value"));
      assertEquals("value", ask(two, "get name"));
      assertEquals("done", ask(two, "set other 2"));
      assertEquals("done", ask(two, "set name new"));
      assertEquals("new", ask(one, "get name"));
      assertEquals("{name=new, other=2}", ask(one, "all"));
      assertEquals("new", ask(one, "remove name"));
      assertEquals("null", ask(two, "get name"));
      assertEquals("{other=2}", ask(two, "all"));

      two.send("await wanted 0");
      assertEquals("done", ask(one, "set wanted x"));
      assertTrue(Long.parseLong(two.nextLine()) > 0);

      one.kill();
      assertEquals("{other=2, wanted=x}", ask(two, "all"));
      assertEquals("done", ask(two, "set after death"));
    }
    try (ShareMap<String, String> map = ShareMap.open(Path.of(file))) {
      assertEquals(Map.of("other", "2", "wanted", "x", "after", "death"), map);
    }
  }

  @Test
  void shouldLoseNoUpdateOfThreadsAndProcesses() throws Exception {
    Path file = folder.resolve("cache");
    List<ChildJvm> children = new ArrayList<>();
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      for (int i = 0; i < 2; i++) {
        children.add(new JvmLauncher().start(Counter.class, file.toString()));
      }
      children.forEach(child -> assertEquals("ready", child.nextLine()));
      children.forEach(child -> child.send("go"));
      Counter.count(map);
      children.forEach(child -> assertEquals(0, child.await().code()));
      assertEquals(String.valueOf(3 * THREADS * TURNS), map.get("sum"));
    } finally {
      children.forEach(ChildJvm::close);
    }
  }

  private static ChildJvm start(String file) {
    ChildJvm child = new JvmLauncher().start(MapShell.class, file);
    assertEquals("ready", child.nextLine());
    return child;
  }

  private static String ask(ChildJvm child, String line) {
    child.send(line);
    return child.nextLine();
  }

  /** A child whose threads add to one text. */
  static final class Counter {
    /** Takes the file; waits for a line. */
    public static void main(String[] args) throws Exception {
      try (ShareMap<String, String> map = ShareMap.open(Path.of(args[0]))) {
        System.out.println("ready");
        System.in.read();
        count(map);
      }
    }

    static void count(ShareMap<String, String> map) throws InterruptedException {
      CountDownLatch end = new CountDownLatch(THREADS);
      for (int t = 0; t < THREADS; t++) {
        new Thread(
                () -> {
                  for (int i = 0; i < TURNS; i++) {
                    map.merge("sum", "1", Counter::add);
                  }
                  end.countDown();
                })
            .start();
      }
      end.await();
    }

    private static String add(String a, String b) {
      return String.valueOf(Integer.parseInt(a) + Integer.parseInt(b));
    }
  }
}
