package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.History;
import org.shareobject.testing.History.Kind;
import org.shareobject.testing.History.Operation;
import org.shareobject.testing.HistoryWorker;
import org.shareobject.testing.JvmLauncher;

/** What threads and processes do to few keys is linearizable. */
@Timeout(300)
class ShareMapHistoryTest {
  private static final int OPERATIONS = Boolean.getBoolean("shareobject.long") ? 20_000 : 3_000;
  private static final int THREADS = 3;
  private static final int PROCESSES = 3;

  @TempDir Path folder;

  @Test
  void shouldKnowAHistoryThatIsNone() {
    assertTrue(History.isLinearizable(List.of()));
    assertTrue(isOne("0 1 2 SET 7 0 0", "0 3 4 GET 0 0 7"));
    // Two that overlap may come in either order, but in one.
    assertTrue(isOne("0 1 9 SET 7 0 0", "0 2 3 GET 0 0 0", "0 4 5 GET 0 0 7"));
    assertFalse(isOne("0 1 9 SET 7 0 0", "0 2 3 GET 0 0 7", "0 4 5 GET 0 0 0"));
    // A write that is lost, one that was never done, one that comes back.
    assertFalse(isOne("0 1 2 SET 7 0 0", "0 3 4 GET 0 0 0"));
    assertFalse(isOne("0 1 2 SET 7 0 0", "0 3 4 GET 0 0 8"));
    assertFalse(isOne("0 1 2 SET 7 0 0", "0 3 4 SET 8 0 0", "0 5 6 GET 0 0 7"));
    // Two that both won.
    assertFalse(isOne("0 1 4 CAS 7 0 1", "0 2 3 CAS 8 0 1"));
    assertTrue(isOne("0 1 4 CAS 7 0 1", "0 2 3 CAS 8 0 0"));
    assertFalse(isOne("0 1 4 CAS 7 0 0", "0 2 3 CAS 8 0 0"));
    assertFalse(isOne("0 1 2 SET 7 0 0", "0 3 9 REMOVE 0 0 7", "0 4 8 REMOVE 0 0 7"));
    assertTrue(isOne("0 1 2 SET 7 0 0", "0 3 9 REMOVE_IF 0 7 1", "0 4 8 REMOVE_IF 0 7 0"));
    assertTrue(isOne("0 1 9 PUT 7 0 8", "0 1 9 PUT 8 0 9", "0 1 9 PUT 9 0 0"));
  }

  private static boolean isOne(String... lines) {
    return History.isLinearizable(List.of(lines).stream().map(Operation::parse).toList());
  }

  @Test
  void shouldBeLinearizable() throws IOException, InterruptedException {
    Path file = folder.resolve("map");
    List<ChildJvm> children = new ArrayList<>();
    List<Operation> all = new ArrayList<>();
    try (ShareMap<Long, Long> map = HistoryWorker.open(file)) {
      for (int p = 0; p < PROCESSES; p++) {
        children.add(
            new JvmLauncher()
                .start(
                    HistoryWorker.class,
                    file.toString(),
                    folder.resolve("log " + p).toString(),
                    String.valueOf((p + 1) * THREADS),
                    String.valueOf(THREADS),
                    String.valueOf(OPERATIONS)));
      }
      children.forEach(child -> assertEquals("ready", child.nextLine()));
      children.forEach(child -> child.send("go"));
      all.addAll(HistoryWorker.run(map, 0, THREADS, OPERATIONS));
      for (int p = 0; p < PROCESSES; p++) {
        assertEquals(0, children.get(p).await().code());
        Files.readAllLines(folder.resolve("log " + p)).forEach(l -> all.add(Operation.parse(l)));
      }
      map.verify();
    } finally {
      children.forEach(ChildJvm::close);
    }
    assertTrue(all.size() >= (PROCESSES + 1) * THREADS * OPERATIONS);
    for (int key = 0; key < HistoryWorker.KEYS; key++) {
      int k = key;
      List<Operation> ofKey = all.stream().filter(operation -> operation.key() == k).toList();
      System.out.printf(
          "key %d: %d operations, %d compare-and-set done, %d refused%n",
          key, ofKey.size(), swaps(ofKey, 1), swaps(ofKey, 0));
      assertTrue(swaps(ofKey, 0) > 0, "nobody raced");
      assertTrue(History.isLinearizable(ofKey), "the history of key " + key);
    }
  }

  private static long swaps(List<Operation> operations, long result) {
    return operations.stream()
        .filter(operation -> operation.kind() == Kind.CAS && operation.result() == result)
        .count();
  }
}
