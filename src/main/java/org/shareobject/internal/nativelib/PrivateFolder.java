package org.shareobject.internal.nativelib;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import org.shareobject.ShareAccessException;

/**
 * The folder that native libraries are extracted to. What lies in it gets loaded, so nobody else
 * may write to it or put another one in its place.
 */
final class PrivateFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  // Bits of st_mode.
  private static final int TYPE = 0170000;
  private static final int FOLDER = 0040000;
  private static final int SYMLINK = 0120000;
  private static final int STICKY = 01000;
  private static final int GROUP_AND_OTHERS = 0077;
  private static final int GROUP_WRITES = 0020;
  private static final int OTHERS_WRITE = 0002;

  private PrivateFolder() {}

  /**
   * Returns the folder that the property names, else this user's below {@code java.io.tmpdir}; made
   * if missing.
   */
  static Path open() throws IOException {
    String wanted = System.getProperty(NativeLibrary.FOLDER_PROPERTY);
    if (wanted != null) {
      return open(Path.of(wanted));
    }
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    return open(temporary.resolve("shareobject-" + uidIn(temporary)));
  }

  /** Returns the folder without symlinks; made if missing, refused if it is not private. */
  static Path open(Path folder) throws IOException {
    Path absolute = folder.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw refused(folder, "is the root folder");
    }
    Path real = parent.toRealPath().resolve(absolute.getFileName());
    try {
      Files.createDirectory(real, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    } catch (FileAlreadyExistsException e) {
      // Whose it is, and who may write to it, comes next.
    }
    checkFolder(real);
    for (Path above = real.getParent(); above != null; above = above.getParent()) {
      checkAbove(real, above);
    }
    return real;
  }

  private static void checkFolder(Path folder) throws IOException {
    int mode = mode(folder);
    if ((mode & TYPE) == SYMLINK) {
      throw refused(folder, "is a symlink");
    }
    if ((mode & TYPE) != FOLDER) {
      throw refused(folder, "is not a folder");
    }
    if ((mode & GROUP_AND_OTHERS) != 0) {
      throw refused(folder, String.format("has mode %04o, not 0700", mode & 07777));
    }
    int owner = uid(folder);
    int self = uidIn(folder);
    if (owner != self) {
      throw refused(folder, "belongs to user " + owner + ", not to this one, " + self);
    }
  }

  private static void checkAbove(Path folder, Path above) throws IOException {
    int mode = mode(above);
    if ((mode & STICKY) != 0) {
      return; // only the owners of what lies in it may rename it
    }
    if ((mode & OTHERS_WRITE) != 0) {
      throw refused(folder, "can be replaced by anybody, because all may write to " + above);
    }
    if ((mode & GROUP_WRITES) != 0) {
      throw refused(folder, "can be replaced by others, because its group may write to " + above);
    }
  }

  private static ShareAccessException refused(Path folder, String reason) {
    return new ShareAccessException(
        "SHO_EACCESS",
        "native libraries are not extracted to "
            + folder
            + ": it "
            + reason
            + "; name a private folder (yours, mode 0700) with -D"
            + NativeLibrary.FOLDER_PROPERTY);
  }

  /** Returns the effective user of this process: the owner of a file that it makes. */
  private static int uidIn(Path folder) throws IOException {
    Path probe = Files.createTempFile(folder, "shareobject", null);
    try {
      return uid(probe);
    } finally {
      Files.deleteIfExists(probe);
    }
  }

  private static int uid(Path file) throws IOException {
    return (int) attributes(file).get("uid");
  }

  private static int mode(Path file) throws IOException {
    return (int) attributes(file).get("mode");
  }

  private static Map<String, Object> attributes(Path file) throws IOException {
    return Files.readAttributes(file, "unix:mode,uid", LinkOption.NOFOLLOW_LINKS);
  }
}
