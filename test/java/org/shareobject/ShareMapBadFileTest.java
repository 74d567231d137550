package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.shareobject.testing.Failures.fails;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Tmpfs;

/** Files that must be refused or survived, and geometries. */
@Timeout(60)
class ShareMapBadFileTest {
  private static final long MEGABYTE = 1 << 20;

  @TempDir Path folder;

  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("map");
  }

  private static ShareMap.Builder<String, String> builder() {
    return ShareMap.builder(Codec.STRING, Codec.STRING);
  }

  private void make() {
    try (ShareMap<String, String> map = builder().capacity(MEGABYTE).open(file)) {
      map.set("key", "value");
    }
  }

  private void refused(Class<? extends ShareException> type, String code, Object... words) {
    fails(type, code, () -> ShareMap.open(file), words);
    fails(type, code, () -> builder().readOnly().open(file), words);
  }

  // ---- what a file may be

  @Test
  void shouldRefuseFolderAndSymlink() throws IOException {
    make();
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, file);
    fails(ShareAccessException.class, "SHO_EACCESS", () -> ShareMap.open(folder), folder, "folder");
    fails(
        ShareAccessException.class,
        "SHO_EACCESS",
        () -> ShareMap.open(link),
        link,
        "symbolic link");
  }

  @Test
  void shouldRefuseForeignFilesAndLeaveThemUntouched() throws IOException {
    for (int size : new int[] {0, 5, 1024, 100_000}) {
      byte[] foreign = "x".repeat(size).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      Files.write(file, foreign);
      refused(ShareFormatException.class, "SHO_EFORMAT", file, "not a map");
      assertArrayEquals(foreign, Files.readAllBytes(file));
    }
  }

  @Test
  void shouldRefuseACellsFileAndTheOtherWayRound() {
    ShareObject.open(file).close();
    refused(ShareFormatException.class, "SHO_EFORMAT", file);
    file = folder.resolve("map");
    Path other = folder.resolve("other");
    ShareMap.open(other).close();
    fails(ShareFormatException.class, "SHO_EFORMAT", () -> ShareObject.open(other), other);
  }

  @Test
  void shouldNameBothLayoutVersions() throws IOException {
    make();
    overwrite(8, new byte[] {99, 0, 0, 0});
    refused(ShareFormatException.class, "SHO_EVERSION", file, "version 99", "reads 7");
  }

  @Test
  void shouldRefuseDamagedHeader() throws IOException {
    make();
    overwrite(16, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    refused(ShareFormatException.class, "SHO_ECORRUPT", file, "damaged");
  }

  @Test
  void shouldRefuseZeroedFile() throws IOException {
    make();
    Files.write(file, new byte[(int) Files.size(file)]);
    refused(ShareFormatException.class, "SHO_EFORMAT", file, "not a map");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4096, 500_000})
  void shouldRefuseTruncatedFile(int missing) throws IOException {
    make();
    long size = Files.size(file);
    truncate(size - missing);
    refused(ShareFormatException.class, "SHO_ECORRUPT", file, size - missing, size);
  }

  @Test
  void shouldNoticeACutThatRaisesNoFault() throws IOException {
    make();
    long size = Files.size(file);
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      for (int i = 0; i < 20_000; i++) { // compiled, too
        assertEquals("value", map.get("key"));
      }
      truncate(size - 1);
      fails(ShareIoException.class, "SHO_EIO", () -> map.get("key"), file, "truncated");
      truncate(size);
      fails(ShareIoException.class, "SHO_EIO", () -> map.get("key"), file, "truncated");
    }
  }

  /** The value is copied by the JVM itself, to where the file has no pages. */
  @Test
  void shouldNoticeACutWhileAValueIsCopied() throws IOException {
    make();
    long size = Files.size(file);
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      String value = "x".repeat(100_000);
      truncate(size - MEGABYTE + (64 << 10)); // the room for entries ends the file
      fails(ShareIoException.class, "SHO_EIO", () -> map.set("key", value), file, "truncated");
      fails(ShareIoException.class, "SHO_EIO", () -> map.get("key"), file, "truncated");
    }
  }

  @Test
  void shouldSurviveTruncationWhileInUse() throws IOException {
    truncateWhileInUse(0);
  }

  @Test
  void shouldSurviveEmptyingAndGrowingWhileInUse() throws IOException {
    make();
    long size = Files.size(file);
    Files.delete(file);
    truncateWhileInUse(size);
  }

  /** Empties the file, and lets it grow to so many bytes. */
  private void truncateWhileInUse(long size) throws IOException {
    make();
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      assertEquals("value", map.get("key"));
      truncate(0);
      truncate(size);
      for (Executable call :
          List.<Executable>of(
              () -> map.get("key"),
              () -> map.get("key"),
              () -> map.getVersioned("key"),
              () -> map.read("key", bytes -> bytes.get(0)),
              () -> map.set("key", "x"),
              () -> map.put("key", "x"),
              () -> map.remove("key"),
              () -> map.await("key", 0, Duration.ofMinutes(1)),
              map::size,
              map::clear,
              map::stats,
              map::verify,
              () -> map.forEach((key, value) -> {}))) {
        fails(ShareIoException.class, "SHO_EIO", () -> withoutFault(call, map), file, "truncated");
      }
    }
    refused(ShareFormatException.class, "SHO_EFORMAT", file);
  }

  /**
   * With libjsig the JVM's handler for SIGBUS comes first, and makes an error of a fault in
   * compiled Java, which is thrown a little later. C finds the file truncated then as ever.
   */
  private static void withoutFault(Executable call, ShareMap<?, ?> map) throws Throwable {
    try {
      call.execute();
    } catch (InternalError fault) {
      assertTrue(String.valueOf(System.getenv("LD_PRELOAD")).contains("libjsig"), fault.toString());
      map.verify();
    }
  }

  // ---- geometry

  @Test
  void shouldKeepTheGeometryOfTheFile() {
    builder().capacity(MEGABYTE).maxEntry(1000).eviction(Eviction.S3_FIFO).open(file).close();
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      assertEquals(MEGABYTE, map.stats().capacity());
      assertEquals(1000, map.stats().maxEntry());
      assertEquals(Eviction.S3_FIFO, map.stats().eviction());
    }
    builder().capacity(MEGABYTE).maxEntry(1000).eviction(Eviction.S3_FIFO).open(file).close();
    geometry(builder().capacity(2 * MEGABYTE), MEGABYTE, 2 * MEGABYTE);
    geometry(builder().capacity(MEGABYTE / 2), MEGABYTE, MEGABYTE / 2);
    geometry(builder().maxEntry(2000), 1000, 2000);
    geometry(builder().eviction(Eviction.NONE), "S3_FIFO", "NONE");
  }

  private void geometry(ShareMap.Builder<String, String> builder, Object... both) {
    fails(ShareFormatException.class, "SHO_EGEOMETRY", () -> builder.open(file), both);
    fails(ShareFormatException.class, "SHO_EGEOMETRY", () -> builder.readOnly().open(file), both);
  }

  @Test
  void shouldLeaveNoFileIfItsFileSystemHasNoRoom() throws IOException {
    try (Tmpfs tmpfs = new Tmpfs(folder.resolve("tmpfs"), "size=8m")) {
      Path large = tmpfs.folder().resolve("large");
      fails(
          ShareIoException.class,
          "SHO_ENOSPC",
          () -> builder().capacity(16 * MEGABYTE).open(large),
          large,
          "no room");
      assertEquals(0, tmpfs.folder().toFile().list().length);
      try (ShareMap<String, String> map = builder().capacity(4 * MEGABYTE).open(large)) {
        tmpfs.fill();
        for (int i = 0; i < 20_000; i++) {
          map.set("key " + i, "x".repeat(100));
        }
        assertEquals(20_000, map.size());
        map.verify();
      }
    }
  }

  // ---- reading only

  @Test
  void shouldRefuseToCreateForReadingOnly() {
    fails(ShareIoException.class, "SHO_ENOENT", () -> builder().readOnly().open(file), file);
    assertFalse(Files.exists(file));
  }

  @Test
  void shouldReadOnly() throws Exception {
    make();
    try (ShareMap<String, String> map = ShareMap.open(file);
        ShareMap<String, String> reader = builder().readOnly().open(file)) {
      map.set("other", "x", Duration.ofMinutes(1));
      assertEquals("value", reader.get("key"));
      assertNull(reader.get("absent"));
      assertEquals(Map.of("key", "value", "other", "x"), reader);
      assertEquals(2, reader.size());
      assertEquals("value", reader.read("key", Codec.STRING::decode));
      assertTrue(reader.timeToLive("other").isPresent());
      assertEquals(map.getVersioned("key"), reader.getVersioned("key"));
      assertEquals(
          map.getVersioned("key").version(), reader.await("key", 0, Duration.ofSeconds(1)));
      assertEquals("value", reader.computeIfAbsent("key", key -> "never"));
      assertEquals(1, reader.stats().peers());
      long hits = map.stats().hits();
      assertEquals("value", reader.get("key"));
      assertEquals(hits, reader.stats().hits());
      long version = map.getVersioned("key").version();
      for (Executable write :
          List.<Executable>of(
              () -> reader.set("key", "x"),
              () -> reader.put("key", "x"),
              () -> reader.putIfAbsent("new", "x"),
              () -> reader.replace("key", "x"),
              () -> reader.replaceVersion("key", version, "x"),
              () -> reader.remove("key"),
              () -> reader.removeVersion("key", version),
              () -> reader.addAndGet("n", 1),
              () -> reader.expire("key", Duration.ofSeconds(1)),
              () -> reader.computeIfAbsent("new", key -> "x"),
              () -> reader.keySet().remove("key"),
              reader::clear,
              reader::removeExpired)) {
        fails(ShareAccessException.class, "SHO_EREADONLY", write, file);
      }
      assertEquals("value", map.get("key"));
    }
  }

  // ---- many

  @Test
  void shouldRefuseMoreHandlesThanPeerSlots() {
    List<ShareMap<String, String>> handles = new ArrayList<>();
    try {
      for (int i = 0; i < 256; i++) {
        handles.add(builder().open(file));
      }
      fails(ShareIoException.class, "SHO_EPEERS", () -> ShareMap.open(file), file, 256);
      handles.get(7).set("key", "value");
      handles.get(99).close();
      try (ShareMap<String, String> late = ShareMap.open(file)) {
        assertEquals("value", late.get("key"));
        assertEquals(256, late.stats().peers());
      }
    } finally {
      handles.forEach(ShareMap::close);
    }
  }

  @Test
  void shouldGiveUpWhatNobodyCanReach() {
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      for (int i = 0; i < 100; i++) {
        assertEquals(0, ShareMap.open(file).size());
      }
      Futures.await(
          () -> {
            System.gc();
            return map.stats().peers() == 1;
          });
    }
  }

  @Test
  void shouldRefuseFilesOfOtherFileSystems() throws IOException {
    try (java.nio.file.FileSystem zip =
        java.nio.file.FileSystems.newFileSystem(
            folder.resolve("a.zip"), Map.of("create", "true"))) {
      assertThrows(IllegalArgumentException.class, () -> ShareMap.open(zip.getPath("/map")));
    }
  }

  private void overwrite(long offset, byte[] bytes) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(offset);
      raw.write(bytes);
    }
  }

  private void truncate(long bytes) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(bytes);
    }
  }
}
