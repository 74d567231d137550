package org.shareobject.internal.nativelib;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.shareobject.ShareIoException;

/**
 * The library of the jar as a file of its own, which all JVMs of a user share. Its name tells
 * version and content, so that jars of other versions lie beside it.
 */
final class ExtractedLibrary {
  private static final int HASH_BYTES = 8;

  private ExtractedLibrary() {}

  /** Returns the file in the folder; written if it is not there or not the same. */
  static Path in(Path folder, byte[] library) throws IOException {
    Path file = folder.resolve(fileName(library));
    if (!holds(file, library)) {
      write(file, library);
      if (!holds(file, library)) {
        throw new ShareIoException(
            "SHO_EIO", file + " was changed while it was extracted; try again");
      }
    }
    return file;
  }

  private static boolean holds(Path file, byte[] library) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) == library.length
        && Arrays.equals(Files.readAllBytes(file), library);
  }

  /** Writes under another name and renames, so that no JVM ever loads half a library. */
  private static void write(Path file, byte[] library) throws IOException {
    Path part =
        Files.createTempFile(
            file.getParent(),
            "part",
            null,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      Files.write(part, library);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static String fileName(byte[] library) {
    String name = Platform.libraryName();
    int dot = name.lastIndexOf('.');
    return name.substring(0, dot) + "-" + Version.get() + "-" + hash(library) + name.substring(dot);
  }

  private static String hash(byte[] library) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(library);
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
