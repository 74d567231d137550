package org.shareobject.internal.nativelib;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import org.shareobject.ShareIoException;

/**
 * The library of the jar as a file of its own, which all JVMs of a user share. Its name tells
 * version and content, so that jars of other versions lie beside it.
 */
final class ExtractedLibrary {
  private static final int HASH_BYTES = 8;
  private static final String COPY = "copy";
  private static final Duration LOADING_AT_MOST = Duration.ofHours(1);
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

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

  /**
   * Loads a copy of the library, with variables of its own, for a class loader that is not the
   * first. The copy has no name any more when it is loaded, so none stays behind.
   */
  static void loadCopy(Path folder, Path library) throws IOException {
    removeLeftCopies(folder);
    Path copy = Files.createTempFile(folder, COPY, ".so", OWNER_ONLY);
    try {
      Files.write(copy, Files.readAllBytes(library));
      System.load(copy.toString());
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  /** Removes the copies of JVMs that were killed while they loaded them. */
  private static void removeLeftCopies(Path folder) throws IOException {
    Instant old = Instant.now().minus(LOADING_AT_MOST);
    try (DirectoryStream<Path> copies = Files.newDirectoryStream(folder, COPY + "*.so")) {
      for (Path copy : copies) {
        if (isBefore(copy, old)) {
          Files.deleteIfExists(copy);
        }
      }
    }
  }

  private static boolean isBefore(Path copy, Instant time) throws IOException {
    try {
      return Files.getLastModifiedTime(copy, LinkOption.NOFOLLOW_LINKS).toInstant().isBefore(time);
    } catch (NoSuchFileException e) {
      return false; // another loader has loaded it by now
    }
  }

  private static boolean holds(Path file, byte[] library) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) == library.length
        && Arrays.equals(Files.readAllBytes(file), library);
  }

  /** Writes under another name and renames, so that no JVM ever loads half a library. */
  private static void write(Path file, byte[] library) throws IOException {
    Path part = Files.createTempFile(file.getParent(), "part", null, OWNER_ONLY);
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
