package org.shareobject.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.shareobject.bench.run.Options;
import org.shareobject.bench.run.Results;

/**
 * Writes the tables into {@code docs/benchmarks.md}, each between its marks {@code <!-- begin name
 * -->} and {@code <!-- end name -->}; what is written between the tables stays. The figures go into
 * {@code docs/benchmarks.json} too, and charts are drawn from there, so that suites which were not
 * measured this time stay.
 */
public final class Report {
  private Report() {}

  /** Writes the tables of the results that are there, and all charts. */
  public static void write(Options options) throws IOException {
    List<Results> all = Results.readAll(options.results());
    Published published = Published.read(options.published());
    if (!all.isEmpty()) {
      writeTables(options, all);
      all.forEach(published::replace);
    }
    published.write(options.data());
    new Charts(published, options.images()).draw();
    System.err.println("bench/run: wrote " + options.page().getParent());
  }

  private static void writeTables(Options options, List<Results> all) throws IOException {
    Rows rows = new Rows(all);
    Map<String, String> parts = new LinkedHashMap<>(new Tables(rows).all());
    parts.put("goals", new Goals(rows).table());
    parts.put("machine", machine(all));
    Path page = options.page();
    Files.createDirectories(page.getParent());
    Files.writeString(page, fill(Files.readString(options.template()), parts));
    Files.writeString(options.results().resolve("tables.md"), String.join("\n", parts.values()));
  }

  /** Puts the parts between their marks. */
  static String fill(String page, Map<String, String> parts) {
    String filled = page;
    for (Map.Entry<String, String> part : parts.entrySet()) {
      Pattern marked =
          Pattern.compile(
              "(<!-- begin "
                  + Pattern.quote(part.getKey())
                  + " -->\n).*?(<!-- end "
                  + Pattern.quote(part.getKey())
                  + " -->)",
              Pattern.DOTALL);
      filled =
          marked
              .matcher(filled)
              .replaceAll("$1" + Matcher.quoteReplacement(part.getValue()) + "$2");
    }
    return filled;
  }

  private static String machine(List<Results> all) {
    Map<String, String> machine = new LinkedHashMap<>();
    for (Results results : all) {
      results.machine().forEach((name, value) -> machine.merge(name, value, Report::both));
    }
    StringBuilder table = new StringBuilder("| | |\n|-|-|\n");
    machine.forEach(
        (name, value) ->
            table.append("| ").append(name).append(" | ").append(value).append(" |\n"));
    if (all.stream().anyMatch(Results::quick)) {
      table.append("\nSome of these figures are of a quick run: fewer and shorter forks.\n");
    }
    return table.toString();
  }

  /** Joins what suites that were measured apart say. */
  private static String both(String one, String other) {
    return List.of(one.split("; ")).contains(other) ? one : one + "; " + other;
  }
}
