package org.shareobject.cli;

import java.nio.file.Path;
import org.shareobject.internal.Addon;
import picocli.CommandLine.Option;

/** The option {@code --file}. */
final class FileOption {
  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      defaultValue = "share-data",
      description = "The shared file (default: ${DEFAULT-VALUE} in the working directory).")
  private Path file;

  FileOption() {}

  Path file() {
    return file;
  }

  /** Makes the file the one that the static methods of ShareObject use. */
  void use() {
    System.setProperty(Addon.PATH_PROPERTY, file.toString());
  }
}
