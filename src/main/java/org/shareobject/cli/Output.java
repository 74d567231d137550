package org.shareobject.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.shareobject.ShareException;
import org.shareobject.internal.process.TerminalNative;

/**
 * Standard output, which remembers why it could not be written; a {@link PrintWriter} tells only
 * that it could not. Texts are UTF-8, whatever the locale says.
 */
final class Output extends PrintWriter {
  private static final int DESCRIPTOR = 1;

  private final Stream stream;

  private Output(Stream stream) {
    super(stream, true, StandardCharsets.UTF_8);
    this.stream = stream;
  }

  static Output standard() {
    return new Output(new Stream(new FileOutputStream(FileDescriptor.out)));
  }

  /** Returns why something that was printed is lost; null if nothing is known to be lost. */
  IOException failure() {
    return stream.failure;
  }

  /** Returns whether it is lost because the reader has left, as {@code head} does. */
  boolean isBroken() {
    try {
      return stream.failure != null && TerminalNative.isBroken(DESCRIPTOR);
    } catch (LinkageError | ShareException e) {
      return false; // the native library does not load here
    }
  }

  private static final class Stream extends FilterOutputStream {
    private volatile IOException failure;

    Stream(FileOutputStream file) {
      super(file);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
