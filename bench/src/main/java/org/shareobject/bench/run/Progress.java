package org.shareobject.bench.run;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Tells on standard error how far the run is. */
final class Progress {
  private final int total;
  private final long begin = System.nanoTime();
  private int done;

  Progress(List<Suite> suites) {
    total = suites.stream().mapToInt(suite -> suite.rounds() * suite.cases().size()).sum();
  }

  void begin(Suite suite, int round, Case next) {
    System.err.printf(
        Locale.ROOT,
        "[%3d %%%s] %s %d/%d: %s ",
        100 * done / Math.max(1, total),
        done < 5 ? "" : ", " + left(),
        suite.name(),
        round + 1,
        suite.rounds(),
        next.label());
  }

  void end(List<Measure> measures) {
    done++;
    Measure first = measures.get(0);
    System.err.println("-> " + Numbers.withUnit(first.values().get(0), first.unit()));
  }

  void failed(Exception e) {
    done++;
    System.err.println("-> FAILED: " + e);
  }

  private String left() {
    Duration spent = Duration.ofNanos(System.nanoTime() - begin);
    Duration left = spent.multipliedBy(total - done).dividedBy(done);
    return String.format(Locale.ROOT, "%d:%02d left", left.toMinutes(), left.toSecondsPart());
  }
}
