package org.shareobject.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.shareobject.ShareStats;

/**
 * What happened between two looks at a map.
 *
 * @param before the numbers at the first look
 * @param stats the numbers at the second
 * @param seconds the time between them
 */
record MapRates(ShareStats before, ShareStats stats, double seconds) {
  private static final int MOST_BAR = 40;
  private static final int LEAST_BAR = 10;
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  /** Returns all in one line. */
  String line() {
    return format(
        "entries %d, fill %.1f %%, gets %.0f/s, hits %s, sets %.0f/s, removals %.0f/s,"
            + " evictions %.0f/s, expirations %.0f/s, peers %d, recoveries %d, damaged %d",
        stats.entries(),
        100 * fill(),
        rate(MapRates::gets),
        percent(hitsSince(before)),
        rate(ShareStats::sets),
        rate(ShareStats::removals),
        rate(ShareStats::evictions),
        rate(ShareStats::expirations),
        stats.peers(),
        stats.recoveries(),
        stats.damaged());
  }

  /** Returns all for JSON; what happens is in times per second. */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("seconds", seconds);
    values.put("entries", stats.entries());
    values.put("fill", fill());
    values.put("gets", rate(MapRates::gets));
    values.put("hitRatio", JsonOption.orNull(hitsSince(before)));
    values.put("sets", rate(ShareStats::sets));
    values.put("removals", rate(ShareStats::removals));
    values.put("evictions", rate(ShareStats::evictions));
    values.put("expirations", rate(ShareStats::expirations));
    values.put("peers", stats.peers());
    values.put("recoveries", stats.recoveries());
    values.put("damaged", stats.damaged());
    return values;
  }

  /**
   * Returns the lines of a screen, the most important first.
   *
   * @param columns how long they may be
   */
  List<String> screen(int columns) {
    return Stream.of(
            format("entries     %,15d", stats.entries()),
            fillLine(columns),
            format("gets        %,15.0f /s", rate(MapRates::gets)),
            longest(
                columns,
                format("hits        %15s", percent(hitsSince(before))),
                format("   %s since creation", percent(hitsSince(null)))),
            format("sets        %,15.0f /s", rate(ShareStats::sets)),
            format("removals    %,15.0f /s", rate(ShareStats::removals)),
            longest(
                columns,
                format("evictions   %,15.0f /s", rate(ShareStats::evictions)),
                format("   %,d since creation", stats.evictions())),
            longest(
                columns,
                format("expirations %,15.0f /s", rate(ShareStats::expirations)),
                format("   %,d since creation", stats.expirations())),
            format("peers       %,15d of %d", stats.peers(), stats.peerSlots()),
            format("recoveries  %,15d", stats.recoveries()),
            format("damaged     %,15d", stats.damaged()))
        .map(line -> line.substring(0, Math.min(line.length(), columns)))
        .toList();
  }

  /** With a bar and the sizes, where there is room for them. */
  private String fillLine(int columns) {
    String percent = format("%.1f %%", 100 * fill());
    String used = ": " + bytes(stats.liveBytes());
    String sizes = used + " of " + bytes(stats.capacity()) + ", " + stats.eviction();
    String label = "fill        ";
    int bar = Math.min(MOST_BAR, columns - (label + "[] " + percent + sizes).length());
    if (bar >= LEAST_BAR) {
      int full = (int) Math.round(fill() * bar);
      return label + "[" + "#".repeat(full) + ".".repeat(bar - full) + "] " + percent + sizes;
    }
    String most = label + percent + sizes;
    return most.length() <= columns ? most : longest(columns, label + percent, used);
  }

  private static String longest(int columns, String line, String more) {
    return line.length() + more.length() <= columns ? line + more : line;
  }

  private double fill() {
    return Math.min(1, (double) stats.liveBytes() / stats.capacity());
  }

  private static long gets(ShareStats stats) {
    return stats.hits() + stats.misses();
  }

  private double rate(ToLongFunction<ShareStats> count) {
    return (count.applyAsLong(stats) - count.applyAsLong(before)) / seconds;
  }

  /** Returns the part of the gets that found something; NaN if there were none. */
  private double hitsSince(ShareStats begin) {
    long hits = stats.hits() - (begin == null ? 0 : begin.hits());
    long gets = gets(stats) - (begin == null ? 0 : gets(begin));
    return gets <= 0 ? Double.NaN : (double) hits / gets;
  }

  private static String percent(double ratio) {
    return Double.isNaN(ratio) ? "-" : format("%.1f %%", 100 * ratio);
  }

  private static String bytes(long bytes) {
    double number = bytes;
    int unit = 0;
    for (; number >= 1024 && unit < UNITS.length - 1; unit++) {
      number /= 1024;
    }
    return format(unit == 0 ? "%.0f %s" : "%.1f %s", number, UNITS[unit]);
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
