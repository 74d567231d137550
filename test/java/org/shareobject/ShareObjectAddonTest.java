package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.testing.Act;
import org.shareobject.testing.JvmLauncher;

/** The window as the Node addon knows it. */
class ShareObjectAddonTest {
  private static final String TAIL = "\0".repeat(1024);

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
  void shouldReadWholeWindowWithItsNuls() {
    assertEquals(12, ShareObject.write("Hello World!"));
    assertEquals("Hello World!", ShareObject.read());
    assertEquals("Hello World!" + "\0".repeat(1012), ShareObject.readWindow());
  }

  @Test
  void shouldLeaveStaleTail() throws IOException {
    ShareObject.write("Hello World!");
    assertEquals(2, ShareObject.write("Hi"));
    assertEquals("Hi", ShareObject.read());
    assertEquals("Hi\0lo World!" + "\0".repeat(1012), ShareObject.readWindow());
    assertEquals("486900" + "6c6f20576f726c642100", hex(13));
  }

  @ParameterizedTest
  @CsvSource({"2000,1023", "1024,1023", "1023,1023", "1022,1022", "0,0"})
  void shouldCutAtLastByte(int length, int stored) throws IOException {
    fill('-');
    assertEquals(stored, ShareObject.write("x".repeat(length)));
    assertEquals("x".repeat(stored), ShareObject.read());
    assertEquals(0, window()[stored]);
    assertEquals(1024, ShareObject.readWindow().length());
  }

  @ParameterizedTest
  @CsvSource({
    "1022,é,1022",
    "1021,€,1021",
    "1022,€,1022",
    "1020,😀,1020",
    "1021,😀,1021",
    "1022,😀,1022",
    "1021,é,1023",
    "1020,€,1023",
    "1019,😀,1023"
  })
  void shouldCutAtWholeCharacter(int fill, String last, int stored) throws IOException {
    fill('-');
    assertEquals(stored, ShareObject.write("x".repeat(fill) + last));
    byte[] window = window();
    assertEquals(0, window[stored]);
    for (int i = stored + 1; i < window.length; i++) {
      assertEquals('-', window[i], "later bytes are untouched");
    }
    assertFalse(ShareObject.readWindow().contains("\uFFFD"));
  }

  @Test
  void shouldCountCharactersNotBytesInWindow() {
    ShareObject.write("é€😀");
    assertEquals(1019, ShareObject.readWindow().length());
    ShareObject.write("x".repeat(1021) + "é");
    assertEquals(1023, ShareObject.readWindow().length());
    ShareObject.write("x".repeat(1019) + "😀");
    assertEquals(1022, ShareObject.readWindow().length());
  }

  @Test
  void shouldStoreNul() throws IOException {
    assertEquals(3, ShareObject.write("a\0b"));
    assertEquals("61006200", hex(4));
    assertEquals("a", ShareObject.read());
    assertEquals(("a\0b" + TAIL).substring(0, 1024), ShareObject.readWindow());
  }

  @Test
  void shouldStoreLoneSurrogateAsReplacement() throws IOException {
    assertEquals(5, ShareObject.write("a\uD800b"));
    assertEquals("61efbfbd6200", hex(6));
    assertEquals("a\uFFFDb", ShareObject.read());
    assertEquals(10, ShareObject.write("\uDC00\uD83D\uDE00\uD83D"));
    assertEquals("\uFFFD😀\uFFFD", ShareObject.read());
  }

  @Test
  void shouldChangeOnlyFirstByteForEmptyText() {
    ShareObject.write("Hello World!");
    assertEquals(0, ShareObject.write(""));
    assertEquals("", ShareObject.read());
    assertEquals(("\0ello World!" + TAIL).substring(0, 1024), ShareObject.readWindow());
  }

  @Test
  void shouldRefuseNullAndChangeNothing() {
    ShareObject.write("before");
    assertThrows(NullPointerException.class, () -> ShareObject.write(null));
    assertEquals("before", ShareObject.read());
  }

  @Test
  void shouldReadMalformedBytesAsReplacement() throws IOException {
    byte[] bytes = new byte[1024];
    Arrays.fill(bytes, (byte) 0xFF);
    Files.write(file, bytes);
    assertEquals("\uFFFD".repeat(1024), ShareObject.readWindow());
    assertEquals("\uFFFD".repeat(1024), ShareObject.read());
  }

  @Test
  void shouldCreateMissingFileOnWriteForOwnerOnly() throws IOException {
    ShareObject.write("x");
    assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
  }

  @Test
  void shouldFailToReadMissingFileAndNotCreateIt() {
    ShareIoException e = assertThrows(ShareIoException.class, ShareObject::read);
    assertEquals("SHO_ENOENT", e.code());
    assertTrue(e.getMessage().contains(file + ": no such file"), e.getMessage());
    assertThrows(ShareIoException.class, ShareObject::readWindow);
    assertFalse(Files.exists(file));
  }

  @Test
  void shouldFollowProperty() {
    Path other = folder.resolve("other");
    ShareObject.write("one");
    System.setProperty("shareobject.path", other.toString());
    ShareObject.write("two");
    assertEquals("two", ShareObject.read());
    System.setProperty("shareobject.path", file.toString());
    assertEquals("one", ShareObject.read());
  }

  @Test
  void shouldUseShareDataInWorkingDirectoryByDefault() {
    var launcher = new JvmLauncher().folder(folder);
    // An empty name is the default's.
    assertEquals("3\n", launcher.run(Act.class, "write", "", "abc").out());
    assertTrue(Files.exists(file));
    assertEquals("abc\n", launcher.run(Act.class, "read", "").out());
  }

  @Test
  void shouldShareWithCellOnSameFile() {
    try (ShareObject cell = ShareObject.open(file)) {
      ShareObject.write("from the window");
      assertEquals("from the window", cell.get());
      assertEquals(1, cell.version());
      cell.set("from the cell");
      assertEquals("from the cell", ShareObject.read());
    }
  }

  @Test
  void shouldReadFirstBytesOfLargerCell() {
    try (ShareObject cell = ShareObject.open(file, 1 << 16)) {
      cell.set("y".repeat(5000));
      assertEquals("y".repeat(1024), ShareObject.readWindow());
    }
  }

  @ParameterizedTest
  @CsvSource({"0,''", "5,hello"})
  void shouldAdoptShortFile(int size, String text) throws IOException {
    Files.writeString(file, text);
    assertEquals(size, Files.size(file));
    assertEquals(text, ShareObject.read());
    assertEquals((text + TAIL).substring(0, 1024), ShareObject.readWindow());
    assertTrue(Files.size(file) >= 1024);
    ShareObject.write("mine");
    assertEquals("mine", ShareObject.read());
  }

  @Test
  void shouldOpenRemovedFileAnew() throws IOException {
    ShareObject.write("old");
    Files.delete(file);
    assertEquals("SHO_ENOENT", assertThrows(ShareIoException.class, ShareObject::read).code());
    ShareObject.write("new");
    assertEquals("new", ShareObject.read());
    assertTrue(Files.exists(file));
  }

  @Test
  void shouldSeeReplacedFile() throws IOException {
    ShareObject.write("old");
    Path other = Files.writeString(folder.resolve("other"), "replaced");
    Files.move(other, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertEquals("replaced", ShareObject.read());
  }

  @Test
  void shouldMendTruncatedFile() throws IOException {
    ShareObject.write("old");
    try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      cut.setLength(0);
    }
    assertEquals("", ShareObject.read());
    ShareObject.write("new");
    assertEquals("new", ShareObject.read());
  }

  private byte[] window() throws IOException {
    return Arrays.copyOf(Files.readAllBytes(file), 1024);
  }

  private String hex(int length) throws IOException {
    return HexFormat.of().formatHex(window(), 0, length);
  }

  /** Makes the file as a foreign program would. */
  private void fill(char with) throws IOException {
    Files.write(file, String.valueOf(with).repeat(1024).getBytes(StandardCharsets.US_ASCII));
  }
}
