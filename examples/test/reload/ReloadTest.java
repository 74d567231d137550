package reload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import testing.Clients;
import testing.Program;

/** Copies of a server are replaced under load. */
@Timeout(180)
class ReloadTest {
  private static final int RELOADS = 3;

  @Test
  void shouldCutNoRequest() throws Exception {
    try (Program program = Program.run("reload")) {
      String url = program.await("^pid \\d+: (http://127.0.0.1:\\d+)$").group(1);
      Set<String> seen = ConcurrentHashMap.newKeySet();
      Thread reloader = new Thread(() -> reload(program));
      reloader.start();
      // A request that fails ends the test.
      Clients.callUntil(
          () -> !reloader.isAlive() && seen.size() > RELOADS,
          () -> {
            String page = Clients.get(url);
            assertTrue(page.startsWith("answered by pid "), page);
            return seen.add(page);
          });
      reloader.join();
      program.assertCount(RELOADS, "^ended: 0$");
      assertEquals(RELOADS + 1, seen.size());
    }
  }

  private static void reload(Program program) {
    try {
      for (int i = 0; i < RELOADS; i++) {
        program.send("");
        program.await("^ended: (\\d+)$");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
