package org.shareobject.internal.text;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/** File names as the bytes that the system's calls take. */
public final class FileNames {
  private static final Charset CHARSET = charset();

  private FileNames() {}

  /** Returns the bytes by which the JDK itself would name the file. */
  public static byte[] bytes(Path file) {
    if (file.getFileSystem() != FileSystems.getDefault()) {
      throw new IllegalArgumentException(
          "not a file of this host's file system: " + file.toUri() + "; shared memory needs one");
    }
    return bytes(file.toString());
  }

  /** Returns the bytes by which the JDK itself would pass the text to the system. */
  public static byte[] bytes(String text) {
    return text.getBytes(CHARSET);
  }

  /** Returns the name that the bytes are. */
  public static String text(byte[] name) {
    return new String(name, CHARSET);
  }

  private static Charset charset() {
    String name = System.getProperty("sun.jnu.encoding");
    return name != null && Charset.isSupported(name)
        ? Charset.forName(name)
        : StandardCharsets.UTF_8;
  }
}
