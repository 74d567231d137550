package org.shareobject.cli;

import org.shareobject.ShareObject;
import picocli.CommandLine.Option;

/** The option {@code --capacity}. */
final class CapacityOption {
  @Option(
      names = "--capacity",
      paramLabel = "BYTES",
      description =
          "The room for text that the file was made with (default: "
              + ShareObject.WINDOW_BYTES
              + ").")
  private int capacity = ShareObject.WINDOW_BYTES;

  CapacityOption() {}

  int bytes() {
    return capacity;
  }
}
