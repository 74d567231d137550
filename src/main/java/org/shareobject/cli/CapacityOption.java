package org.shareobject.cli;

import org.shareobject.ShareFormatException;
import org.shareobject.ShareObject;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option {@code --capacity} of the commands that may make a text's file. */
final class CapacityOption {
  /** As {@link SizeConverter}, in the range of a text. */
  static final class Converter implements picocli.CommandLine.ITypeConverter<Integer> {
    Converter() {}

    @Override
    public Integer convert(String text) {
      long bytes = new SizeConverter().convert(text);
      if (bytes < 2 || bytes > 1 << 30) {
        throw new TypeConversionException("'" + text + "' is not a capacity from 2 bytes to 1g");
      }
      return (int) bytes;
    }
  }

  @Option(
      names = "--capacity",
      paramLabel = "SIZE",
      converter = Converter.class,
      description =
          "The room for the text and a NUL, such as 4096, 64k or 1m (default: what the file has, or "
              + ShareObject.WINDOW_BYTES
              + ").")
  private Integer bytes;

  CapacityOption() {}

  /** Returns the room of a file that is to be made. */
  int bytes() {
    return bytes == null ? ShareObject.WINDOW_BYTES : bytes;
  }

  /** Refuses a cell of another capacity than was asked for. */
  ShareObject checked(ShareObject cell) {
    if (bytes != null && cell.capacity() != bytes) {
      cell.close();
      throw new ShareFormatException(
          "SHO_EGEOMETRY",
          cell.file() + " has a capacity of " + cell.capacity() + " bytes, not " + bytes);
    }
    return cell;
  }
}
