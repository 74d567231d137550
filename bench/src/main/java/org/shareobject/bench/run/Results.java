package org.shareobject.bench.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A suite's results as they are in its file.
 *
 * @param suite its name
 * @param quick whether they are of a quick run
 * @param machine where and with what they were measured
 * @param rows the numbers
 */
public record Results(String suite, boolean quick, Map<String, String> machine, List<Row> rows) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** Reads a file. */
  public static Results read(Path file) throws IOException {
    return JSON.readValue(file.toFile(), Results.class);
  }

  /** Reads all files of a folder, in the order of their names. */
  public static List<Results> readAll(Path folder) throws IOException {
    List<Results> all = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (var files = Files.list(folder)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
          all.add(read(file));
        }
      }
    }
    return all;
  }

  /** Writes the file {@code suite.json}. */
  public void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    JSON.writeValue(folder.resolve(suite + ".json").toFile(), this);
  }

  /** Adds what a round of a case measured. */
  public void add(Map<String, String> params, Measure measure) {
    for (Row row : rows) {
      if (row.metric().equals(measure.metric()) && row.params().equals(params)) {
        row.values().addAll(measure.values());
        return;
      }
    }
    rows.add(
        new Row(
            suite,
            new LinkedHashMap<>(params),
            measure.metric(),
            measure.unit(),
            new ArrayList<>(measure.values())));
  }
}
