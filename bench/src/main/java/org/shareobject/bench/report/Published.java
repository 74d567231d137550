package org.shareobject.bench.report;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.shareobject.bench.run.Results;

/**
 * The figures of all suites that {@code docs/benchmarks.md} has, from which charts are drawn. A
 * suite that is measured again replaces its own.
 */
final class Published {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, List<Figure>> suites;

  private Published(Map<String, List<Figure>> suites) {
    this.suites = suites;
  }

  static Published read(Path file) throws IOException {
    return new Published(
        JSON.readValue(file.toFile(), new TypeReference<LinkedHashMap<String, List<Figure>>>() {}));
  }

  void replace(Results results) {
    suites.put(results.suite(), results.rows().stream().map(Figure::of).toList());
  }

  /** Writes a line for each figure. */
  void write(Path file) throws IOException {
    List<String> parts = new ArrayList<>();
    for (Map.Entry<String, List<Figure>> suite : suites.entrySet()) {
      List<String> lines = new ArrayList<>();
      for (Figure figure : suite.getValue()) {
        lines.add(JSON.writeValueAsString(figure));
      }
      parts.add(
          JSON.writeValueAsString(suite.getKey()) + ": [\n" + String.join(",\n", lines) + "\n]");
    }
    Files.writeString(file, "{\n" + String.join(",\n", parts) + "\n}\n");
  }

  List<Figure> of(String suite) {
    return suites.getOrDefault(suite, List.of());
  }

  List<Figure> of(String suite, String metric) {
    return of(suite).stream().filter(figure -> figure.metric().equals(metric)).toList();
  }
}
