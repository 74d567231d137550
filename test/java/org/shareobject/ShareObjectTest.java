package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.internal.cell.CellInfo;

class ShareObjectTest {
  @TempDir Path folder;

  private Path file;
  private ShareObject cell;

  @BeforeEach
  void open() {
    file = folder.resolve("share-data");
    cell = ShareObject.open(file);
  }

  @AfterEach
  void close() {
    cell.close();
  }

  @Test
  void shouldHoldEmptyTextAtVersionZeroWhenNew() {
    assertEquals("", cell.get());
    assertEquals(0, cell.version());
    assertEquals(1024, cell.capacity());
    assertEquals(file, cell.file());
    assertTrue(cell.toString().contains("share-data"));
  }

  @Test
  void shouldCreateFileForOwnerOnly() throws IOException {
    assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
  }

  @Test
  void shouldReadWhatWasSet() {
    assertEquals(1, cell.set("Hello World!"));
    assertEquals("Hello World!", cell.get());
    assertEquals(2, cell.set("Hi"));
    assertEquals("Hi", cell.get());
    assertEquals(2, cell.version());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "é€😀",
        "\u0001\u007f\u0080\u07ff\u0800\uffff",
        "\ufffd",
        "\ufeffBOM",
        "a\r\nb"
      })
  void shouldReadAnyTextBack(String text) {
    cell.set(text);
    assertEquals(text, cell.get());
  }

  @Test
  void shouldPutTextWhereTheAddonLooksForIt() throws IOException {
    cell.set("Hello World!");
    cell.set("Hi");
    byte[] bytes = Files.readAllBytes(file);
    assertEquals("Hi\0lo World!\0", new String(bytes, 0, 13, StandardCharsets.UTF_8));
  }

  @Test
  void shouldHoldTextOfCapacityMinusOneBytes() {
    String longest = "x".repeat(1023);
    cell.set(longest);
    assertEquals(longest, cell.get());
    cell.set("x".repeat(1021) + "é");
    assertEquals("x".repeat(1021) + "é", cell.get());
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "é", "€", "😀"})
  void shouldRefuseTextOneByteTooLong(String last) {
    cell.set("before");
    int length = last.getBytes(StandardCharsets.UTF_8).length;
    String text = "x".repeat(1024 - length) + last;
    ShareValueTooLargeException e =
        assertThrows(ShareValueTooLargeException.class, () -> cell.set(text));
    assertEquals("SHO_ETOOBIG", e.code());
    assertTrue(e.getMessage().contains("at most 1023 bytes"), e.getMessage());
    assertTrue(e.getMessage().contains("1024"), e.getMessage());
    assertThrows(ShareValueTooLargeException.class, () -> cell.compareAndSet(1, text));
    assertEquals("before", cell.get());
    assertEquals(1, cell.version());
  }

  @Test
  void shouldRefuseNull() {
    assertThrows(NullPointerException.class, () -> cell.set(null));
    assertThrows(NullPointerException.class, () -> cell.compareAndSet(0, null));
    assertThrows(NullPointerException.class, () -> cell.await(0, null));
    assertThrows(NullPointerException.class, () -> ShareObject.open(null));
    assertEquals(0, cell.version());
  }

  @Test
  void shouldRefuseTextWithNul() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> cell.set("a\0b"));
    assertTrue(e.getMessage().contains("NUL"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> cell.compareAndSet(0, "\0"));
    assertEquals(0, cell.version());
  }

  @ParameterizedTest
  @ValueSource(ints = {0xD800, 0xDBFF, 0xDC00, 0xDFFF})
  void shouldRefuseLoneSurrogate(int surrogate) {
    String text = "ab" + (char) surrogate + "c";
    Exception e = assertThrows(IllegalArgumentException.class, () -> cell.set(text));
    assertTrue(
        e.getMessage().contains(String.format("lone surrogate U+%04X at index 2", surrogate)),
        e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> cell.compareAndSet(0, text));
    assertEquals(0, cell.version());
  }

  @Test
  void shouldSetOnlyAtExpectedVersion() {
    assertTrue(cell.compareAndSet(0, "one"));
    assertFalse(cell.compareAndSet(0, "other"));
    assertFalse(cell.compareAndSet(2, "other"));
    assertFalse(cell.compareAndSet(-1, "other"));
    assertEquals("one", cell.get());
    assertTrue(cell.compareAndSet(cell.version(), "two"));
    assertEquals("two", cell.get());
    assertEquals(2, cell.version());
  }

  @Test
  void shouldCountExactlyWhenThreadsCompareAndSet() throws InterruptedException {
    cell.set("0");
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(new Thread(() -> increment(500)));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals("2000", cell.get());
    assertEquals(2001, cell.version());
  }

  private void increment(int times) {
    for (int i = 0; i < times; ) {
      long version = cell.version();
      if (cell.compareAndSet(version, String.valueOf(Integer.parseInt(cell.get()) + 1))) {
        i++;
      }
    }
  }

  @Test
  void shouldShareBetweenObjects() {
    try (ShareObject other = ShareObject.open(file)) {
      cell.set("one");
      assertEquals("one", other.get());
      other.set("two");
      assertEquals("two", cell.get());
      assertEquals(2, cell.version());
    }
  }

  @Test
  void shouldKeepTextAndVersionAfterAllClosed() {
    cell.set("kept");
    cell.close();
    try (ShareObject again = ShareObject.open(file)) {
      assertEquals("kept", again.get());
      assertEquals(1, again.version());
    }
  }

  @Test
  void shouldHoldLargeText() {
    Path large = folder.resolve("large");
    String text = "é".repeat(500_000);
    try (ShareObject wide = ShareObject.open(large, 1_000_001)) {
      wide.set(text);
      assertEquals(text, wide.get());
      wide.set("short");
      assertEquals("short", wide.get());
      assertThrows(ShareValueTooLargeException.class, () -> wide.set(text + "x"));
      assertEquals("short", wide.get());
    }
  }

  @Test
  void shouldHoldOneByteInSmallestCapacity() {
    try (ShareObject tiny = ShareObject.open(folder.resolve("tiny"), 2)) {
      tiny.set("x");
      assertEquals("x", tiny.get());
      assertThrows(ShareValueTooLargeException.class, () -> tiny.set("é"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1, (1 << 30) + 1, Integer.MAX_VALUE})
  void shouldRefuseCapacityOutOfRange(int capacity) {
    Path wrong = folder.resolve("wrong");
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> ShareObject.open(wrong, capacity));
    assertTrue(e.getMessage().contains("capacity"), e.getMessage());
    assertTrue(e.getMessage().contains(String.valueOf(capacity)), e.getMessage());
    assertFalse(Files.exists(wrong));
  }

  @Test
  void shouldNameBothCapacitiesWhenTheyDiffer() {
    ShareFormatException e =
        assertThrows(ShareFormatException.class, () -> ShareObject.open(file, 4096));
    assertEquals("SHO_EGEOMETRY", e.code());
    assertTrue(e.getMessage().contains("1024"), e.getMessage());
    assertTrue(e.getMessage().contains("4096"), e.getMessage());
  }

  @Test
  void shouldOpenFileWithSpacesAndAccents() throws IOException {
    Path odd = folder.resolve("a b é %20");
    try (ShareObject there = ShareObject.open(odd)) {
      there.set("x");
      assertTrue(Files.exists(odd));
    }
  }

  @Test
  void shouldRefusePathOfAnotherFileSystem() throws IOException {
    URI zip = URI.create("jar:" + folder.resolve("a.zip").toUri());
    try (FileSystem other = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class, () -> ShareObject.open(other.getPath("/share-data")));
      assertTrue(e.getMessage().contains("file system"), e.getMessage());
    }
  }

  @Test
  void shouldRefuseOneHandleTooMany() {
    List<ShareObject> open = new ArrayList<>();
    try {
      for (int i = 1; i < 128; i++) {
        open.add(ShareObject.open(file));
      }
      ShareIoException e = assertThrows(ShareIoException.class, () -> ShareObject.open(file));
      assertEquals("SHO_EPEERS", e.code());
      assertTrue(e.getMessage().contains("128"), e.getMessage());
      open.remove(0).close();
      open.add(ShareObject.open(file));
    } finally {
      open.forEach(ShareObject::close);
    }
  }

  @Test
  void shouldCloseUnreachableObjects() throws InterruptedException {
    for (int i = 0; i < 50; i++) {
      ShareObject.open(file).get();
    }
    long end = System.nanoTime() + 20_000_000_000L;
    // This object's handle, and that of the question itself.
    while (CellInfo.of(file).peers() > 2) {
      assertTrue(System.nanoTime() < end, "handles are left");
      System.gc();
      Thread.sleep(10);
    }
  }

  @Test
  void shouldReadBareTextThatNobodyEnded() throws IOException {
    byte[] full = new byte[1024];
    Arrays.fill(full, (byte) 'x');
    Path bare = Files.write(folder.resolve("bare"), full);
    try (ShareObject adopted = ShareObject.open(bare)) {
      assertEquals("x".repeat(1024), adopted.get());
    }
  }
}
