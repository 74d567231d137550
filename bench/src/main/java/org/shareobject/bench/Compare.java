package org.shareobject.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.statistics.inference.MannWhitneyUTest;
import org.shareobject.bench.run.Numbers;
import org.shareobject.bench.run.Results;
import org.shareobject.bench.run.Row;

/**
 * Tells a change from noise: {@code bench/compare A.json B.json}.
 *
 * <p>A difference counts if by the test of Mann and Whitney one of twenty such differences or fewer
 * would come by chance, and the medians differ by 3 % or more. With fewer than four forks on a side
 * no difference is that sure; then nothing is said but the numbers.
 */
public final class Compare {
  private static final double LEAST_CHANGE = 0.03;
  private static final double CHANCE = 0.05;
  private static final int FEWEST = 4;
  private static final Set<String> MORE_IS_BETTER = Set.of("1/s", "%");

  private Compare() {}

  /** Compares two results of one suite; ends with 1 if something became worse. */
  public static void main(String[] args) throws Exception {
    if (args.length != 2) {
      System.err.println("bench/compare A.json B.json: what changed from A to B, beyond noise");
      System.exit(2);
      return;
    }
    Results before = Results.read(Path.of(args[0]));
    Results after = Results.read(Path.of(args[1]));
    int worse = 0;
    for (Row row : after.rows()) {
      Optional<Row> old =
          before.rows().stream()
              .filter(r -> r.metric().equals(row.metric()) && r.params().equals(row.params()))
              .findFirst();
      if (old.isPresent() && !row.metric().contains(" of each ")) {
        String verdict = verdict(old.get(), row);
        worse += verdict.equals("WORSE") ? 1 : 0;
        print(old.get(), row, verdict);
      }
    }
    System.out.println(worse == 0 ? "nothing became worse" : worse + " became worse");
    System.exit(worse == 0 ? 0 : 1);
  }

  private static void print(Row before, Row after, String verdict) {
    System.out.printf(
        Locale.ROOT,
        "%-7s %+6.1f %%  %s -> %s  %s %s%n",
        verdict,
        100 * (after.median() / before.median() - 1),
        Numbers.withUnit(before.median(), before.unit()),
        Numbers.withUnit(after.median(), after.unit()),
        String.join(", ", after.params().values()),
        after.metric());
  }

  /** Returns "better", "WORSE", "same", or "few" if there are too few forks to tell. */
  static String verdict(Row before, Row after) {
    if (Math.min(before.values().size(), after.values().size()) < FEWEST) {
      return "few";
    }
    double change = after.median() / before.median() - 1;
    if (Math.abs(change) < LEAST_CHANGE || chance(before.values(), after.values()) > CHANCE) {
      return "same";
    }
    return change > 0 == MORE_IS_BETTER.contains(after.unit()) ? "better" : "WORSE";
  }

  /** Returns how often a difference as large as this comes by chance, both ways. */
  private static double chance(List<Double> a, List<Double> b) {
    return MannWhitneyUTest.withDefaults().test(numbers(a), numbers(b)).getPValue();
  }

  private static double[] numbers(List<Double> values) {
    return values.stream().mapToDouble(value -> value).toArray();
  }
}
