package org.shareobject.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareObject;
import org.shareobject.internal.text.Utf8;
import picocli.CommandLine.Option;

/** The option {@code --file}, and how that file is opened: what is not ours is not written to. */
final class FileOption {
  private static final String MISSING = "SHO_ENOENT";
  private static final String FOREIGN = "SHO_EFORMAT";

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

  /** Returns whether the file was not made by this library and is no larger than its window. */
  boolean isBare(ShareFormatException refusal) throws IOException {
    return refusal.code().equals(FOREIGN)
        && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) <= ShareObject.WINDOW_BYTES;
  }

  /**
   * Reads the text up to its first NUL and changes nothing. In a file that nobody has adopted it is
   * what the addon reads there.
   */
  String text() throws IOException {
    try (ShareObject cell = ShareObject.openExisting(file)) {
      return cell.get();
    } catch (ShareFormatException e) {
      if (!isBare(e)) {
        throw e;
      }
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] window = in.readNBytes(ShareObject.WINDOW_BYTES);
      int length = 0;
      while (length < window.length && window[length] != 0) {
        length++;
      }
      return Utf8.decode(window, length);
    }
  }

  /** Opens a cell that only its creation may write to: foreign files are refused. */
  ShareObject openToRead(CapacityOption capacity) throws IOException {
    try {
      return capacity.checked(ShareObject.openExisting(file));
    } catch (ShareIoException e) {
      if (!e.code().equals(MISSING)) {
        throw e;
      }
      return ShareObject.open(file, capacity.bytes());
    } catch (ShareFormatException e) {
      throw isBare(e)
          ? refusal("'shareobject poll -f " + file + "' shows it, 'write --adopt' takes it over", e)
          : e;
    }
  }

  /** Opens a cell, in a file of the addon's size too, and in any short file if that is wanted. */
  ShareObject openToWrite(CapacityOption capacity, boolean adopts) throws IOException {
    try {
      return capacity.checked(ShareObject.openExisting(file));
    } catch (ShareIoException | ShareFormatException e) {
      if (!e.code().equals(MISSING) && !e.code().equals(FOREIGN)) {
        throw e;
      }
    }
    if (adopts) {
      return ShareObject.adopt(file, capacity.bytes());
    }
    try {
      return ShareObject.open(file, capacity.bytes());
    } catch (ShareFormatException e) {
      throw isBare(e) ? refusal("name another file, or take this one over by --adopt", e) : e;
    }
  }

  private ShareFormatException refusal(String advice, ShareFormatException cause)
      throws IOException {
    return new ShareFormatException(
        cause.code(),
        file + " is not a ShareObject file (" + Files.size(file) + " bytes); " + advice,
        cause);
  }
}
