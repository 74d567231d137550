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
 * @param out the folder that all is written to; null: where the project has it
 * @param traces the folder of recorded traces for the suite {@code eviction}; null: there are none
 * @param root the project's folder
 */
public record Options(
    boolean quick,
    int rounds,
    List<String> only,
    boolean reportOnly,
    Path out,
    Path traces,
    Path root) {
  /** What {@code --help} says. */
  public static final String USAGE =
      """
      bench/run [--quick] [--rounds=N] [--report] [--out=DIR] [--traces=DIR] [SUITE...]

      Measures, and writes bench/results/*.json, the tables of docs/benchmarks.md,
      its figures as docs/benchmarks.json, and its charts.
        --quick     the most important cases, shorter: less than 10 minutes
        --rounds=N  N forks of each case instead of the suite's own number
        --report    measures nothing; makes the tables of the results that are there, and
                    the charts of the figures in docs/benchmarks.json
        --out=DIR   writes all to that folder, and leaves the project's results and page alone
        --traces=DIR
                    plays the traces of that folder, too, in the suite eviction: *.u32 and *.u64
                    have big-endian numbers, other files a number in each line
        SUITE       only these: %s
      """;

  /** Reads the command line. */
  public static Options of(String[] args) {
    boolean quick = false;
    boolean report = false;
    int rounds = 0;
    Path out = null;
    Path traces = null;
    List<String> only = new ArrayList<>();
    for (String arg : args) {
      if (arg.equals("--quick")) {
        quick = true;
      } else if (arg.equals("--report")) {
        report = true;
      } else if (arg.startsWith("--rounds=")) {
        rounds = Integer.parseInt(arg.substring(arg.indexOf('=') + 1));
      } else if (arg.startsWith("--out=")) {
        out = Path.of(arg.substring(arg.indexOf('=') + 1)).toAbsolutePath();
      } else if (arg.startsWith("--traces=")) {
        traces = Path.of(arg.substring(arg.indexOf('=') + 1)).toAbsolutePath();
      } else if (arg.startsWith("-")) {
        throw new IllegalArgumentException("no such option: " + arg);
      } else {
        only.add(arg);
      }
    }
    return new Options(
        quick, rounds, only, report, out, traces, Path.of(System.getProperty("bench.root")));
  }

  /** Returns the command without the suites, which are a matter of patience. */
  public String command() {
    return "bench/run" + (quick ? " --quick" : "") + (rounds > 0 ? " --rounds=" + rounds : "");
  }

  /** Returns where results are. */
  public Path results() {
    return out != null ? out : root.resolve("bench/results");
  }

  /** Returns the page with the tables and the text between them, as it is before the run. */
  public Path template() {
    return root.resolve("docs/benchmarks.md");
  }

  /** Returns where that page is written. */
  public Path page() {
    return out != null ? out.resolve("docs/benchmarks.md") : template();
  }

  /** Returns the figures of the page, as they are before the run. */
  public Path published() {
    return root.resolve("docs/benchmarks.json");
  }

  /** Returns where those figures are written. */
  public Path data() {
    return page().resolveSibling("benchmarks.json");
  }

  /** Returns where charts are. */
  public Path images() {
    return page().resolveSibling("images");
  }
}
