package org.shareobject.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.testing.Node;

/** JVMs as workers of Node's cluster. */
@Timeout(180)
class NodeClusterTest {
  @TempDir Path folder;

  /** The checks are in {@code primary.js}. */
  @ParameterizedTest
  @ValueSource(strings = {"rr", "none"})
  void shouldShareAPortWithNodesWorkers(String policy) throws Exception {
    List<String> words = new ArrayList<>(List.of(folder.toString(), policy));
    words.addAll(Node.javaCommand());
    String out = Node.run(folder, "cluster/primary.js", words.toArray(String[]::new));
    assertTrue(out.endsWith("all\n"), out);
  }

  @Test
  void shouldBeNoWorkerWithoutAPrimary() {
    assertEquals(Optional.empty(), ClusterWorker.join());
  }
}
