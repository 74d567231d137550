package org.shareobject.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import picocli.CommandLine.Option;

/** The option {@code --json}. */
final class JsonOption {
  @Option(names = "--json", description = "Prints one line of JSON; sizes are in bytes.")
  private boolean isWanted;

  JsonOption() {}

  boolean isWanted() {
    return isWanted;
  }

  /** Returns an object with these values, in their order. */
  static String line(Map<String, Object> values) {
    // A class of Jackson to catch would be loaded with this one, with or without --json.
    return new ObjectMapper().valueToTree(values).toString();
  }

  /** Returns what JSON has for a ratio of nothing. */
  static Double orNull(double ratio) {
    return Double.isNaN(ratio) ? null : ratio;
  }
}
