package org.shareobject.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE stats}. */
@Command(
    name = "stats",
    description = "Prints the map's statistics: all processes since it was created.",
    mixinStandardHelpOptions = true)
final class MapStatsCommand implements Runnable {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  MapStatsCommand() {}

  @Override
  public void run() {
    ShareStats stats;
    try (ShareMap<String, byte[]> map = parent.openReadOnly()) {
      stats = map.stats();
    }
    if (json.isWanted()) {
      spec.commandLine().getOut().println(JsonOption.line(values(stats)));
    } else {
      print(stats);
    }
  }

  private static Map<String, Object> values(ShareStats stats) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("entries", stats.entries());
    values.put("liveBytes", stats.liveBytes());
    values.put("usedBytes", stats.usedBytes());
    values.put("capacity", stats.capacity());
    values.put("maxEntry", stats.maxEntry());
    values.put("fileBytes", stats.fileBytes());
    values.put("shards", stats.shards());
    values.put("eviction", stats.eviction());
    values.put("hits", stats.hits());
    values.put("misses", stats.misses());
    values.put("hitRatio", hasGets(stats) ? stats.hitRatio() : null);
    values.put("sets", stats.sets());
    values.put("removals", stats.removals());
    values.put("evictions", stats.evictions());
    values.put("expirations", stats.expirations());
    values.put("recoveries", stats.recoveries());
    values.put("damaged", stats.damaged());
    values.put("peers", stats.peers());
    values.put("peerSlots", stats.peerSlots());
    return values;
  }

  private static boolean hasGets(ShareStats stats) {
    return stats.hits() + stats.misses() > 0;
  }

  private void print(ShareStats stats) {
    print("entries", stats.entries());
    print("live bytes", stats.liveBytes());
    print("used bytes", stats.usedBytes());
    print("capacity", stats.capacity());
    print("max entry", stats.maxEntry());
    print("file bytes", stats.fileBytes());
    print("shards", stats.shards());
    print("eviction", stats.eviction());
    print("hits", stats.hits());
    print("misses", stats.misses());
    print("hit ratio", hasGets(stats) ? String.format(Locale.ROOT, "%.4f", stats.hitRatio()) : "-");
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
