package org.shareobject.testing;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.shareobject.ShareObject;

/** Copies of what the tests run, for users who may not read the originals. */
public final class Copies {
  private Copies() {}

  /** Copies the classes of the library and of the tests; returns the class path of both. */
  public static String classes(Path to) throws IOException {
    List<String> path = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path from = Path.of(entry);
      if (Files.isDirectory(from)) {
        Path copy = to.resolve(String.valueOf(path.size()));
        copyAll(from, copy);
        path.add(copy.toString());
      }
    }
    return String.join(File.pathSeparator, path);
  }

  /** Copies this host's native library into a folder; returns the copy. */
  public static Path library(Path folder) throws IOException {
    Files.createDirectories(folder);
    Host.chmod(folder, "rwxr-xr-x");
    Path copy = folder.resolve(System.mapLibraryName("shareobject_jni"));
    Files.write(copy, libraryBytes());
    Host.chmod(copy, "rwxr-xr-x");
    return copy;
  }

  /** Returns the bytes of this host's native library. */
  public static byte[] libraryBytes() throws IOException {
    for (String platform : Arrays.asList("linux_64", "linux_arm64", "osx_64", "osx_arm64")) {
      String name = "/META-INF/lib/" + platform + "/" + System.mapLibraryName("shareobject_jni");
      try (InputStream in = ShareObject.class.getResourceAsStream(name)) {
        if (in != null
            && platform.endsWith("arm64") == System.getProperty("os.arch").equals("aarch64")) {
          return in.readAllBytes();
        }
      }
    }
    throw new IOException("no native library in the class path");
  }

  private static void copyAll(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Path copy = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(copy);
          Host.chmod(copy, "rwxr-xr-x");
        } else {
          Files.copy(path, copy);
          Host.chmod(copy, "rw-r--r--");
        }
      }
    }
  }
}
