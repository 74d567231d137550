package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.Node;

/** Real Node that forks a JVM. */
@Timeout(180)
class NodeParentTest {
  @TempDir Path folder;

  /** The checks are in {@code parent.js}. */
  @Test
  void shouldBeAChildOfNodeAsNodeIs() throws Exception {
    List<String> words = new ArrayList<>();
    words.add(folder.toString());
    words.addAll(Node.javaCommand());
    String out = Node.run(folder, "ipc/parent.js", words.toArray(String[]::new));
    assertTrue(out.endsWith("all\n"), out);
  }
}
