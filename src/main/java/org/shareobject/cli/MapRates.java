package org.shareobject.cli;

import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import org.shareobject.ShareStats;

/**
 * What happened between two looks at a map.
 *
 * @param before the numbers at the first look
 * @param stats the numbers at the second
 * @param seconds the time between them
 */
record MapRates(ShareStats before, ShareStats stats, double seconds) {
  private static final int BAR_WIDTH = 40;
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  /** Returns all in one line. */
  String line() {
    return format(
        "entries %d, fill %.1f %%, gets %.0f/s, hits %.1f %%, sets %.0f/s, removals %.0f/s,"
            + " evictions %.0f/s, expirations %.0f/s, peers %d, recoveries %d, damaged %d",
        stats.entries(),
        100 * fill(),
        rate(s -> s.hits() + s.misses()),
        100 * hitRatio(),
        rate(ShareStats::sets),
        rate(ShareStats::removals),
        rate(ShareStats::evictions),
        rate(ShareStats::expirations),
        stats.peers(),
        stats.recoveries(),
        stats.damaged());
  }

  /** Returns the lines of a screen. */
  List<String> screen() {
    int full = (int) Math.round(fill() * BAR_WIDTH);
    return List.of(
        format("entries      %,15d", stats.entries()),
        format(
            "fill         [%s%s] %.1f %%: %s of %s, %s",
            "#".repeat(full),
            ".".repeat(BAR_WIDTH - full),
            100 * fill(),
            bytes(stats.liveBytes()),
            bytes(stats.capacity()),
            stats.eviction()),
        format("gets         %,15.0f /s", rate(s -> s.hits() + s.misses())),
        format(
            "hits         %15.1f %%    %.1f %% since creation",
            100 * hitRatio(), 100 * stats.hitRatio()),
        format("sets         %,15.0f /s", rate(ShareStats::sets)),
        format("removals     %,15.0f /s", rate(ShareStats::removals)),
        format("evictions    %,15.0f /s   %,d", rate(ShareStats::evictions), stats.evictions()),
        format("expirations  %,15.0f /s   %,d", rate(ShareStats::expirations), stats.expirations()),
        format("peers        %,15d of %d", stats.peers(), stats.peerSlots()),
        format("recoveries   %,15d", stats.recoveries()),
        format("damaged      %,15d", stats.damaged()));
  }

  private double fill() {
    return Math.min(1, (double) stats.liveBytes() / stats.capacity());
  }

  private double rate(ToLongFunction<ShareStats> count) {
    return (count.applyAsLong(stats) - count.applyAsLong(before)) / seconds;
  }

  /** Returns the ratio between the looks; 0 if nobody looked for anything. */
  private double hitRatio() {
    double hits = rate(ShareStats::hits);
    double finds = hits + rate(ShareStats::misses);
    return finds == 0 ? 0 : hits / finds;
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
