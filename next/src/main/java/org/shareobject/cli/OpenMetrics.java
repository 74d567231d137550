package org.shareobject.cli;

import org.shareobject.ShareStats;

/** A map's numbers as OpenMetrics text. */
final class OpenMetrics {
  private static final String PREFIX = "shareobject_map";

  private final StringBuilder text = new StringBuilder();
  private final String label;

  private OpenMetrics(String file) {
    label = "file=\"" + escaped(file) + "\"";
  }

  /**
   * Returns all numbers.
   *
   * @param file the value of the label {@code file}
   */
  static String of(String file, ShareStats stats) {
    OpenMetrics all = new OpenMetrics(file);
    all.info(stats);
    all.gauge("entries", "", "Entries in the map.", stats.entries());
    all.gauge("live_bytes", "bytes", "Size of all entries and tables.", stats.liveBytes());
    all.gauge(
        "used_bytes",
        "bytes",
        "Size of all entries and tables, replaced ones too.",
        stats.usedBytes());
    all.gauge("capacity_bytes", "bytes", "Room for entries.", stats.capacity());
    all.gauge("max_entry_bytes", "bytes", "Size of the largest entry.", stats.maxEntry());
    all.gauge("file_bytes", "bytes", "Size of the file.", stats.fileBytes());
    all.gauge("shards", "", "Parts with a lock of their own.", stats.shards());
    all.gauge("peers", "", "Handles that are open.", stats.peers());
    all.gauge("peer_slots", "", "Handles that can be open.", stats.peerSlots());
    all.counter("hits", "Gets that found an entry.", stats.hits());
    all.counter("misses", "Gets that found none.", stats.misses());
    all.counter("sets", "Values stored.", stats.sets());
    all.counter("removals", "Entries removed.", stats.removals());
    all.counter("evictions", "Entries dropped to make room.", stats.evictions());
    all.counter("expirations", "Entries dropped after their time.", stats.expirations());
    all.counter("recoveries", "Repairs after the death of a writer.", stats.recoveries());
    all.counter("damaged_entries", "Entries dropped because of damage.", stats.damaged());
    return all.text.append("# EOF\n").toString();
  }

  private void info(ShareStats stats) {
    head("", "info", "", "How the map was made.");
    sample("_info", ",eviction=\"" + stats.eviction() + "\"", 1);
  }

  private void gauge(String name, String unit, String help, long value) {
    head("_" + name, "gauge", unit, help);
    sample("_" + name, "", value);
  }

  private void counter(String name, String help, long value) {
    head("_" + name, "counter", "", help);
    sample("_" + name + "_total", "", value);
  }

  private void head(String name, String type, String unit, String help) {
    text.append("# TYPE " + PREFIX + name + " " + type + "\n");
    if (!unit.isEmpty()) {
      text.append("# UNIT " + PREFIX + name + " " + unit + "\n");
    }
    text.append("# HELP " + PREFIX + name + " " + help + "\n");
  }

  private void sample(String name, String labels, long value) {
    text.append(PREFIX + name + "{" + label + labels + "} " + value + "\n");
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }
}
