package org.shareobject.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a file; an empty one would be the working directory. */
final class PathConverter implements ITypeConverter<Path> {
  PathConverter() {}

  @Override
  public Path convert(String text) {
    if (text.isEmpty()) {
      throw new TypeConversionException("the name of a file must not be empty");
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException(
          "'" + text + "' is not a valid file name here: " + e.getReason());
    }
  }
}
