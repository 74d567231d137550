package org.shareobject.bench;

import java.util.List;
import java.util.stream.Collectors;
import org.shareobject.bench.report.Report;
import org.shareobject.bench.run.Bench;
import org.shareobject.bench.run.Options;

/** Measures and reports; started by {@code bench/run}. */
public final class Main {
  private Main() {}

  /** Runs with the command line of {@code bench/run}. */
  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(usage());
      return;
    }
    Options options;
    try {
      options = Options.of(args);
      for (String name : options.only()) {
        if (!Bench.names().contains(name)) {
          throw new IllegalArgumentException("no such suite: " + name);
        }
      }
    } catch (IllegalArgumentException e) {
      System.err.println("bench/run: " + e.getMessage() + "\n" + usage());
      System.exit(2);
      return;
    }
    boolean whole = options.reportOnly() || Bench.run(options);
    Report.write(options);
    System.exit(whole ? 0 : 1);
  }

  private static String usage() {
    return Options.USAGE.formatted(Bench.names().stream().collect(Collectors.joining(" ")));
  }
}
