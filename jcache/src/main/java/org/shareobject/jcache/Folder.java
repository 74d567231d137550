package org.shareobject.jcache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.cache.CacheException;

/**
 * The folder of a manager: who may use it, the names of its files, and a lock for those who create
 * or destroy caches. A cache is two files, {@code NAME.map} and {@code NAME.definition}.
 */
final class Folder {
  private static final int GROUP_OR_OTHERS_WRITE = 0022;
  private static final String PLAIN =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  private static final int LONGEST_NAME = 120;
  private static final long LOCK_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Path path;

  private Folder(Path path) {
    this.path = path;
  }

  /** Returns this user's folder below {@code java.io.tmpdir}; it need not exist. */
  static Path defaultPath() {
    String user = encoded(System.getProperty("user.name", ""));
    return Path.of(System.getProperty("java.io.tmpdir"), "shareobject-jcache-" + user + "/");
  }

  /** Opens a folder; makes it if it is missing, refuses it if others can write to it. */
  static Folder open(Path wanted) {
    Path absolute = wanted.toAbsolutePath().normalize();
    try {
      Path parent = absolute.getParent();
      if (parent == null) {
        throw new CacheException("the folder of caches must not be the root folder");
      }
      Files.createDirectories(parent);
      Path folder = parent.toRealPath().resolve(absolute.getFileName());
      try {
        Files.createDirectory(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (FileAlreadyExistsException e) {
        // Whose it is, and who may write to it, comes next.
      }
      check(folder);
      return new Folder(folder);
    } catch (IOException e) {
      throw new CacheException("the folder of caches " + absolute + " cannot be used: " + e, e);
    }
  }

  private static void check(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw refused(folder, "is not a folder, or is a symlink");
    }
    Map<String, Object> attributes =
        Files.readAttributes(folder, "unix:mode,uid", LinkOption.NOFOLLOW_LINKS);
    if (((int) attributes.get("mode") & GROUP_OR_OTHERS_WRITE) != 0) {
      throw refused(folder, "can be written by others; chmod 700 mends that");
    }
    Path probe = Files.createTempFile(folder, ".probe", null);
    try {
      if (!attributes.get("uid").equals(Files.getAttribute(probe, "unix:uid"))) {
        throw refused(folder, "belongs to another user");
      }
    } finally {
      Files.deleteIfExists(probe);
    }
  }

  private static CacheException refused(Path folder, String reason) {
    return new CacheException(
        "caches are not kept in "
            + folder
            + ", because it "
            + reason
            + "; name another folder by the manager's URI or by -D"
            + ShareCachingProvider.URI_PROPERTY);
  }

  Path path() {
    return path;
  }

  Path map(String cacheName) {
    return path.resolve(encoded(cacheName) + ".map");
  }

  Path definition(String cacheName) {
    return path.resolve(encoded(cacheName) + ".definition");
  }

  /** Returns a file name for any name: percent-encoded, and with a hash if it is long. */
  private static String encoded(String name) {
    StringBuilder file = new StringBuilder();
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      boolean plain = PLAIN.indexOf(b) >= 0 || ((b == '.' || b == '_') && file.length() > 0);
      file.append(plain ? String.valueOf((char) b) : String.format("%%%02X", b));
    }
    if (file.length() > LONGEST_NAME) {
      file.setLength(LONGEST_NAME);
      file.append('~').append(hash(bytes));
    }
    return file.toString();
  }

  private static String hash(byte[] bytes) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(bytes);
      return HexFormat.of().formatHex(sum, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  /**
   * Runs an action while no other process creates or destroys a cache of the folder. A process that
   * dies gives its lock back.
   */
  <T> T locked(Supplier<T> action) {
    Path file = path.resolve(".lock");
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = lock(channel, file)) {
      if (!lock.isValid()) {
        throw new CacheException("the lock of " + file + " was lost");
      }
      return action.get();
    } catch (IOException e) {
      throw new CacheException("the folder of caches " + path + " cannot be locked: " + e, e);
    }
  }

  private static FileLock lock(FileChannel channel, Path file) throws IOException {
    long start = System.nanoTime();
    while (System.nanoTime() - start < LOCK_NANOS) {
      try {
        FileLock lock = channel.tryLock();
        if (lock != null) {
          return lock;
        }
      } catch (OverlappingFileLockException e) {
        // Another manager of this JVM has it.
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CacheException("interrupted while another process creates a cache", e);
      }
    }
    throw new CacheException(
        "another process holds the lock of " + file + " for 10 s; is it stopped?");
  }
}
