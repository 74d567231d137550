package org.shareobject.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE stats}. */
@Command(
    name = "stats",
    description = "Prints the map's numbers, of all processes since it was created.",
    mixinStandardHelpOptions = true)
final class MapStatsCommand implements Runnable {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  MapStatsCommand() {}

  @Override
  public void run() {
    ShareStats stats;
    try (ShareMap<String, byte[]> map = parent.openReadOnly()) {
      stats = map.stats();
    }
    print("entries", stats.entries());
    print("live bytes", stats.liveBytes());
    print("used bytes", stats.usedBytes());
    print("capacity", stats.capacity());
    print("max entry", stats.maxEntry());
    print("file bytes", stats.fileBytes());
    print("segments", stats.segments());
    print("eviction", stats.eviction());
    print("hits", stats.hits());
    print("misses", stats.misses());
    print("hit ratio", String.format(Locale.ROOT, "%.4f", stats.hitRatio()));
    print("sets", stats.sets());
    print("removals", stats.removals());
    print("evictions", stats.evictions());
    print("expirations", stats.expirations());
    print("recoveries", stats.recoveries());
    print("damaged", stats.damaged());
    print("peers", stats.peers() + " of " + stats.peerSlots());
  }

  private void print(String name, Object value) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%-12s %s%n", name, value);
  }
}
