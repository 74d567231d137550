package manager;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import testing.Program;

/** A manager, and users in Java and Node. */
@Timeout(180)
class ManagerTest {
  @Test
  void shouldKeepWhatUsersSet() throws Exception {
    Program.assumeNode();
    try (Program program = Program.run("manager")) {
      List<String> lines = new ArrayList<>(program.awaitEnd());
      Collections.sort(lines);
      assertEquals(
          List.of(
              "user 1: remove: OK, get: null",
              "user 1: set: OK, get: {\"in\":\"Java\"}",
              "user 2: remove: OK, get: null",
              "user 2: set: OK, get: {\"in\":\"Java\"}",
              "user 3: remove: OK, get: undefined",
              "user 3: set: OK, get: {\"in\":\"Node\"}",
              "visits = 300",
              "worker 1 = {\"in\":\"Java\"}",
              "worker 2 = {\"in\":\"Java\"}",
              "worker 3 = {\"in\":\"Node\"}"),
          lines);
    }
  }
}
