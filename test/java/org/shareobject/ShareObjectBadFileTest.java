package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.internal.cell.CellInfo;
import org.shareobject.testing.Host;
import org.shareobject.testing.Tmpfs;

/** Files that must be refused, mended or survived. */
class ShareObjectBadFileTest {
  @TempDir Path folder;

  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("share-data");
    System.setProperty("shareobject.path", file.toString());
  }

  @AfterEach
  void forgetFile() {
    System.clearProperty("shareobject.path");
  }

  @Test
  void shouldRefuseFolder() throws IOException {
    Files.createDirectory(file);
    refusesAll(ShareAccessException.class, "SHO_EACCESS", file + " is a folder");
  }

  @Test
  void shouldRefuseSymlink() throws IOException {
    Path target = Files.writeString(folder.resolve("target"), "secret");
    Files.createSymbolicLink(file, target);
    refusesAll(ShareAccessException.class, "SHO_EACCESS", file + " is a symbolic link");
    assertEquals("secret", Files.readString(target));
  }

  @Test
  void shouldRefuseSymlinkToNothing() throws IOException {
    Files.createSymbolicLink(file, folder.resolve("target"));
    refusesAll(ShareAccessException.class, "SHO_EACCESS", file + " is a symbolic link");
    assertFalse(Files.exists(folder.resolve("target")));
  }

  @Test
  void shouldRefusePipe() {
    Host.run("mkfifo", file.toString());
    refusesAll(ShareAccessException.class, "SHO_EACCESS", file + " is not a regular file");
  }

  @Test
  void shouldRefuseMissingFolder() {
    file = folder.resolve("nowhere/share-data");
    System.setProperty("shareobject.path", file.toString());
    fails(ShareIoException.class, "SHO_ENOENT", file.toString(), () -> ShareObject.open(file));
    fails(ShareIoException.class, "SHO_ENOENT", file.toString(), () -> ShareObject.write("x"));
  }

  @Test
  void shouldRefuseForeignFileAndLeaveItUntouched() throws IOException {
    byte[] foreign = new byte[5000];
    new Random(1).nextBytes(foreign);
    Files.write(file, foreign);
    refusesAll(ShareFormatException.class, "SHO_EFORMAT", "is not a ShareObject file: 5000 bytes");
    assertArrayEquals(foreign, Files.readAllBytes(file));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1024})
  void shouldAdoptBareFile(int size) throws IOException {
    Files.write(file, "x".repeat(size).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    try (ShareObject cell = ShareObject.open(file)) {
      assertEquals("x".repeat(size), cell.get());
      cell.set("y");
      assertEquals("y", cell.get());
    }
    assertEquals("y", ShareObject.read());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 1023})
  void shouldAdoptOtherShortFilesOnlyWhenAsked(int size) throws IOException {
    String foreign = "x".repeat(size);
    Files.writeString(file, foreign);
    fails(
        ShareFormatException.class,
        "SHO_EFORMAT",
        size + " bytes without a control block; name another file, or adopt this one",
        () -> ShareObject.open(file));
    fails(
        ShareFormatException.class,
        "SHO_EFORMAT",
        file.toString(),
        () -> ShareObject.openExisting(file));
    assertEquals(foreign, Files.readString(file));
    try (ShareObject cell = ShareObject.adopt(file, 4096)) {
      assertEquals(foreign, cell.get());
    }
    try (ShareObject cell = ShareObject.openExisting(file)) {
      assertEquals(4096, cell.capacity());
    }
  }

  @Test
  void shouldOpenOnlyWhatExists() throws IOException {
    fails(
        ShareIoException.class,
        "SHO_ENOENT",
        file.toString(),
        () -> ShareObject.openExisting(file));
    assertFalse(Files.exists(file));
    Files.write(file, new byte[1024]);
    fails(
        ShareFormatException.class,
        "SHO_EFORMAT",
        file.toString(),
        () -> ShareObject.openExisting(file));
    assertEquals(1024, Files.size(file));
  }

  @Test
  void shouldRefuseBareFileOneByteTooLong() throws IOException {
    byte[] bare = new byte[1025];
    Files.write(file, bare);
    refusesAll(ShareFormatException.class, "SHO_EFORMAT", "1025 bytes");
    assertArrayEquals(bare, Files.readAllBytes(file));
  }

  @Test
  void shouldRefuseDamagedControlBlock() throws IOException {
    CellInfo info = make();
    // Behind magic, version and capacity: the creation id, which the checksum covers.
    damage(info.controlOffset() + 24);
    byte[] before = Files.readAllBytes(file);
    refusesAll(ShareFormatException.class, "SHO_ECORRUPT", "is damaged");
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  @Test
  void shouldRefuseOtherLayoutVersion() throws IOException {
    CellInfo info = make();
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(info.controlOffset() + 8);
      bytes.write(new byte[] {99, 0, 0, 0});
    }
    byte[] before = Files.readAllBytes(file);
    refusesAll(
        ShareFormatException.class,
        "SHO_EVERSION",
        "has layout version 99 and this library reads 3");
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  @Test
  void shouldSurviveAnyByteDamagedWhileOpen() throws Exception {
    try (ShareObject cell = ShareObject.open(file)) {
      cell.set("some text");
      byte[] whole = Files.readAllBytes(file);
      Random random = new Random(2);
      for (int i = 0; i < 300; i++) {
        // Not the lock word at 64: a made-up owner that lives is waited for, by contract for 10 s.
        int at = 1024 + random.nextInt(1280);
        if (at - 1024 < 64 || at - 1024 >= 68) {
          try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(at);
            bytes.write(random.nextInt(256));
          }
        }
        lives(cell::get);
        lives(() -> cell.set("x"));
        lives(cell::version);
        if (i % 20 == 19) {
          Files.write(file, whole);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1023, 1024, 4096})
  void shouldReportTruncationAndLive(int left) throws Exception {
    int capacity = 1 << 16;
    try (ShareObject cell = ShareObject.open(file, capacity)) {
      cell.set("z".repeat(60_000));
      cut(left);
      truncated(cell::get);
      truncated(() -> cell.set("x".repeat(60_000)));
      truncated(() -> cell.compareAndSet(1, "x"));
      truncated(cell::version);
      truncated(() -> cell.await(1, java.time.Duration.ofSeconds(10)));
    }
    Files.delete(file);
    try (ShareObject again = ShareObject.open(file, capacity)) {
      again.set("fresh");
      assertEquals("fresh", again.get());
    }
  }

  @Test
  void shouldGoOnWithRemovedFile() throws IOException {
    try (ShareObject cell = ShareObject.open(file);
        ShareObject other = ShareObject.open(file)) {
      cell.set("one");
      Files.delete(file);
      assertEquals("one", other.get());
      cell.set("two");
      assertEquals("two", other.get());
      assertFalse(Files.exists(file));
      try (ShareObject fresh = ShareObject.open(file)) {
        assertEquals("", fresh.get());
      }
    }
  }

  @Test
  void shouldGoOnWithReplacedFile() throws IOException {
    try (ShareObject cell = ShareObject.open(file)) {
      cell.set("one");
      Path other = Files.writeString(folder.resolve("other"), "replaced");
      Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
      assertEquals("one", cell.get());
      try (ShareObject fresh = ShareObject.adopt(file, 1024)) {
        assertEquals("replaced", fresh.get());
      }
    }
  }

  @Test
  void shouldReportFullDiskAtOpen() throws IOException {
    try (Tmpfs small = new Tmpfs(folder.resolve("small"), "size=64k")) {
      file = small.folder().resolve("share-data");
      System.setProperty("shareobject.path", file.toString());
      Path bare = Files.writeString(small.folder().resolve("bare"), "hello");
      small.fill();
      fails(
          ShareIoException.class,
          "SHO_ENOSPC",
          "No space left on device",
          () -> ShareObject.open(file));
      fails(ShareIoException.class, "SHO_ENOSPC", "no room for", () -> ShareObject.write("x"));
      assertFalse(Files.exists(file));
      fails(
          ShareIoException.class,
          "SHO_ENOSPC",
          "no room for",
          () -> ShareObject.adopt(bare, 1 << 16));
      assertEquals("hello", Files.readString(bare));
      Files.delete(small.folder().resolve("filler"));
      try (ShareObject cell = ShareObject.open(file)) {
        cell.set("room again");
        small.fill();
        cell.set("no page is missing: " + "x".repeat(900));
        assertEquals("no page is missing: " + "x".repeat(900), cell.get());
      }
    }
  }

  @Test
  void shouldRefuseFileLargerThanDisk() throws IOException {
    try (Tmpfs small = new Tmpfs(folder.resolve("small"), "size=64k")) {
      Path large = small.folder().resolve("large");
      fails(
          ShareIoException.class,
          "SHO_ENOSPC",
          "no room for",
          () -> ShareObject.open(large, 1 << 20));
      assertFalse(Files.exists(large));
    }
  }

  @Test
  void shouldRefuseReadOnlyFileSystem() throws IOException {
    try (Tmpfs small = new Tmpfs(folder.resolve("small"), "size=64k")) {
      file = small.folder().resolve("share-data");
      System.setProperty("shareobject.path", file.toString());
      make();
      Host.run("mount", "-o", "remount,ro", small.folder().toString());
      refusesAll(ShareAccessException.class, "SHO_EACCESS", "Read-only file system");
    }
  }

  private void refusesAll(Class<? extends ShareException> type, String code, String words) {
    fails(type, code, words, () -> ShareObject.open(file));
    fails(type, code, words, ShareObject::read);
    fails(type, code, words, ShareObject::readWindow);
    fails(type, code, words, () -> ShareObject.write("x"));
  }

  private static void fails(
      Class<? extends ShareException> type, String code, String words, Executable call) {
    ShareException e = assertThrows(ShareException.class, call);
    assertEquals(type, e.getClass(), e.toString());
    assertEquals(code, e.code(), e.toString());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  private static void truncated(Executable call) {
    fails(ShareIoException.class, "SHO_EIO", "was truncated", call);
  }

  /** Anything but a dead JVM, a hang, or an exception of another kind. */
  private static void lives(Executable call) throws Exception {
    try {
      call.execute();
    } catch (ShareException e) {
      assertFalse(e.getMessage().isEmpty());
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private CellInfo make() {
    try (ShareObject cell = ShareObject.open(file)) {
      cell.set("text");
    }
    return CellInfo.of(file);
  }

  private void damage(long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 0xFF);
    }
  }

  private void cut(long left) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.setLength(left);
    }
  }
}
