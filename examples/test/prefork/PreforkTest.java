package prefork;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import testing.Clients;
import testing.Program;

/** One port, several processes. */
@Timeout(180)
class PreforkTest {
  private static final Pattern PAGE = Pattern.compile("handled by child, pid is (\\d+)");

  @ParameterizedTest
  @ValueSource(strings = {"prefork", "prefork java java node node", "prefork node"})
  void shouldBeServedByEachChild(String words) throws Exception {
    if (words.contains("node")) {
      Program.assumeNode();
    }
    try (Program program = Program.run(words.split(" ", -1))) {
      String url = program.await("^pid \\d+: (http://127.0.0.1:\\d+)$").group(1);
      Set<Long> children = program.workers();
      Set<Long> seen = ConcurrentHashMap.newKeySet();
      Clients.callUntil(
          () -> seen.size() >= children.size(),
          () -> {
            String page = Clients.get(url);
            Matcher matcher = PAGE.matcher(page);
            assertTrue(matcher.matches(), page);
            return seen.add(Long.valueOf(matcher.group(1)));
          });
      assertEquals(children, seen);
    }
  }
}
