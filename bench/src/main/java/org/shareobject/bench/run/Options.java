package org.shareobject.bench.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@code bench/run} was asked for.
 *
 * @param quick whether to measure less of everything
 * @param rounds how many forks of each case, one of each in turn; 0: as each suite has it
 * @param only the suites to run; empty: all
 * @param reportOnly whether to measure nothing and make the report of what is there
 * @param root the project's folder
 */
public record Options(boolean quick, int rounds, List<String> only, boolean reportOnly, Path root) {
  /** What {@code --help} says. */
  public static final String USAGE =
      """
      bench/run [--quick] [--rounds=N] [--report] [SUITE...]

      Measures, and writes bench/results/*.json, docs/benchmarks.md and its charts.
        --quick     the most important cases, shorter: less than 10 minutes
        --rounds=N  N forks of each case instead of the suite's own number
        --report    measures nothing, makes the report of the results that are there
        SUITE       only these: %s
      """;

  /** Reads the command line. */
  public static Options of(String[] args) {
    boolean quick = false;
    boolean report = false;
    int rounds = 0;
    List<String> only = new ArrayList<>();
    for (String arg : args) {
      if (arg.equals("--quick")) {
        quick = true;
      } else if (arg.equals("--report")) {
        report = true;
      } else if (arg.startsWith("--rounds=")) {
        rounds = Integer.parseInt(arg.substring(arg.indexOf('=') + 1));
      } else if (arg.startsWith("-")) {
        throw new IllegalArgumentException("no such option: " + arg);
      } else {
        only.add(arg);
      }
    }
    return new Options(quick, rounds, only, report, Path.of(System.getProperty("bench.root")));
  }

  /** Returns the command without the suites, which are a matter of patience. */
  public String command() {
    return "bench/run" + (quick ? " --quick" : "") + (rounds > 0 ? " --rounds=" + rounds : "");
  }

  /** Returns where results are. */
  public Path results() {
    return root.resolve("bench/results");
  }
}
