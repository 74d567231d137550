package org.shareobject.cli;

import org.shareobject.ShareMap;
import org.shareobject.ShareStats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE metrics}. */
@Command(
    name = "metrics",
    description = "Prints the map's statistics as OpenMetrics text, for Prometheus and others.",
    mixinStandardHelpOptions = true)
final class MapMetricsCommand implements Runnable {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  MapMetricsCommand() {}

  @Override
  public void run() {
    ShareStats stats;
    try (ShareMap<String, byte[]> map = parent.openReadOnly()) {
      stats = map.stats();
    }
    spec.commandLine().getOut().print(OpenMetrics.of(parent.file().toString(), stats));
  }
}
