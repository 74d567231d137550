package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.ShareObject;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Version;
import org.shareobject.testing.Host;

/** The command within this JVM. */
class MainTest {
  @TempDir Path folder;

  private String file;
  private StringWriter out;
  private StringWriter err;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("share-data").toString();
  }

  @AfterEach
  void forgetFile() {
    System.clearProperty("shareobject.path");
  }

  @Test
  void shouldReadWhatWasWritten() {
    assertEquals(0, run("write", "Hello World!", "--file", file));
    assertEquals("", out.toString());
    assertEquals(0, run("read", "--file", file));
    assertEquals(String.format("Hello World!%n"), out.toString());
    assertEquals("", err.toString());
  }

  @Test
  void shouldPrintAnyText() {
    ShareObject.open(Path.of(file)).set("é€😀\n2");
    assertEquals(0, run("read", "-f", file));
    assertEquals(String.format("é€😀\n2%n"), out.toString());
  }

  @Test
  void shouldWriteTextThatLooksLikeAnOption() {
    assertEquals(0, run("write", "-f", file, "--", "--file"));
    assertEquals("--file", read());
  }

  @Test
  void shouldFailWhenTextIsCut() {
    assertEquals(1, run("write", "x".repeat(1022) + "é", "-f", file));
    assertEquals(
        String.format(
            "shareobject: the text was cut: 1022 of 1024 bytes are stored in %s; a new file has"
                + " room for more with --capacity%n",
            file),
        err.toString());
    assertEquals("x".repeat(1022), read());
  }

  @Test
  void shouldFailInOneLineWhenFileIsMissing() {
    assertEquals(1, run("read", "--file", file));
    assertEquals("", out.toString());
    assertEquals(1, err.toString().lines().count());
    assertTrue(
        err.toString().startsWith("shareobject: " + file + ": no such file"), err.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "write x", "watch", "info", "poll"})
  void shouldFailInOneLineForFolder(String command) throws IOException {
    Files.createDirectory(Path.of(file));
    assertEquals(1, run((command + " --file " + file).split(" ", -1)));
    assertEquals(1, err.toString().lines().count());
    assertTrue(err.toString().startsWith("shareobject: " + file + " is a folder"), err.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo ",
        "read ",
        "write ",
        "poll ",
        "watch ",
        "info ",
        "fork ",
        "map ",
        "completion ",
        "help "
      })
  void shouldHelpAtEveryLevel(String command) {
    assertEquals(0, run((command + "--help").split(" ", -1)));
    assertTrue(out.toString().startsWith("Usage: shareobject " + command), out.toString());
    assertEquals("", err.toString());
    assertEquals(0, run((command + "--version").split(" ", -1)));
    assertEquals(String.format("shareobject %s%n", Version.get()), out.toString());
  }

  @Test
  void shouldNameTheFileInTheHelpOfEachMapCommand() {
    assertEquals(0, run("map", file, "get", "--help"));
    assertTrue(out.toString().startsWith("Usage: shareobject map FILE get ["), out.toString());
    assertFalse(Files.exists(Path.of(file)));
  }

  @ParameterizedTest
  @CsvSource({
    "'', a command is missing",
    "fetch, Unmatched argument",
    "write, Missing required parameter: 'TEXT'",
    "write a b, Unmatched argument",
    "read --file, Missing required parameter",
    "poll --interval soon, 'soon' is not a time",
    "poll --interval 0s, '0s' is not a time",
    "poll --interval 5x, '5x' is not a time",
    "demo --seconds 0, --seconds must be 1 or more",
    "watch --capacity many, 'many' is not a size",
    "write x --capacity 1, '1' is not a capacity"
  })
  void shouldExitWithTwoOnWrongUsage(String line, String words) {
    assertEquals(2, line.isEmpty() ? run() : run(line.split(" ", -1)));
    assertEquals("", out.toString());
    assertTrue(err.toString().startsWith("shareobject: "), err.toString());
    assertTrue(err.toString().contains(words), err.toString());
    Matcher hint = Pattern.compile("Try 'shareobject (.*)'\\.").matcher(err.toString());
    assertTrue(hint.find(), err.toString());
    assertEquals(0, run(hint.group(1).split(" ", -1)));
    assertTrue(out.toString().startsWith("Usage: shareobject "), out.toString());
  }

  @Test
  void shouldHintAtTheHelpOfAMapCommand() {
    assertEquals(2, run("map", file, "get"));
    assertTrue(err.toString().contains("Try 'shareobject help map get'."), err.toString());
    assertEquals(0, run("help", "map", "get"));
    assertTrue(out.toString().startsWith("Usage: shareobject map FILE get ["), out.toString());
    assertEquals(0, run("help"));
    assertTrue(out.toString().startsWith("Usage: shareobject ["), out.toString());
    assertEquals(2, run("help", "map", "fetch"));
    assertTrue(err.toString().contains("'shareobject map' has no command 'fetch'"), err.toString());
  }

  @Test
  void shouldCompleteInBash() throws IOException {
    assertEquals(0, run("completion"));
    Path script = Files.writeString(folder.resolve("completion"), out.toString());
    Host.assumeRuns("bash works", "bash", "-c", "true");
    completes(script, "map", "m");
    completes(script, "write", "wr");
    completes(script, "get", "map", "file", "g");
    completes(script, "--json", "map", "file", "stats", "--js");
    completes(script, "AUTO TEXT LONG BASE64", "map", "file", "get", "--as", "''");
  }

  private static void completes(Path script, String expected, String... typed) {
    Host.run(
        "bash",
        "-c",
        "source "
            + script
            + "; COMP_WORDS=(shareobject "
            + String.join(" ", typed)
            + "); COMP_CWORD="
            + typed.length
            + "; _complete_shareobject; echo \"found: ${COMPREPLY[@]}\"; [ \"$(echo"
            + " ${COMPREPLY[@]})\" = '"
            + expected
            + "' ]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "not a ShareObject file", "ShareObject file"})
  void shouldDescribeTheFileInJson(String state) throws IOException {
    boolean isCell = state.equals("ShareObject file");
    if (isCell) {
      assertEquals(0, run("write", "x", "-f", file));
    } else if (!state.equals("missing")) {
      Files.writeString(Path.of(file), "hello");
    }
    assertEquals(0, run("info", "--json", "-f", file));
    JsonNode info = new ObjectMapper().readTree(out.toString());
    assertEquals(1, out.toString().lines().count());
    assertEquals(Version.get(), info.path("version").textValue());
    assertEquals(file, info.path("file").textValue());
    assertEquals(state, info.path("state").textValue());
    assertEquals(isCell ? 1024 : 0, info.path("capacity").asInt());
  }

  @Test
  void shouldTellCapacityOutOfRange() {
    assertEquals(2, run("watch", "--capacity", "1", "-f", file));
    assertTrue(err.toString().contains("capacity"), err.toString());
  }

  @Test
  void shouldDescribeMissingFile() {
    assertEquals(0, run("info", "--file", file));
    assertTrue(out.toString().contains("version      " + Version.get()), out.toString());
    assertTrue(out.toString().contains(NativeLibrary.path().toString()), out.toString());
    assertTrue(out.toString().contains("state        missing"), out.toString());
    assertFalse(Files.exists(Path.of(file)));
  }

  @Test
  void shouldDescribeBareFileAndLeaveIt() throws IOException {
    Files.writeString(Path.of(file), "hello");
    assertEquals(0, run("info", "--file", file));
    assertTrue(out.toString().contains("state        not a ShareObject file"), out.toString());
    assertTrue(out.toString().contains("fileBytes    5"), out.toString());
    assertEquals("hello", Files.readString(Path.of(file)));
  }

  @Test
  void shouldDescribeFile() {
    try (ShareObject cell = ShareObject.open(Path.of(file), 4096)) {
      cell.set("one");
      assertEquals(0, run("info", "--file", file));
      assertTrue(out.toString().contains("capacity     4096"), out.toString());
      assertTrue(out.toString().contains("writes       1"), out.toString());
      assertTrue(out.toString().contains("handles      1"), out.toString());
    }
  }

  // ---- files that another program made

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 1023, 1024})
  void shouldReadForeignFilesAndChangeNothing(int bytes) throws IOException {
    String text = "x".repeat(bytes);
    Files.writeString(Path.of(file), text);
    assertEquals(0, run("read", "-f", file));
    assertEquals(String.format("%s%n", text), out.toString());
    assertEquals(1, run("watch", "-f", file));
    assertTrue(
        err.toString().contains("'shareobject poll -f " + file + "' shows it"), err.toString());
    assertEquals(0, run("info", "-f", file));
    assertTrue(out.toString().contains("state        not a ShareObject file"), out.toString());
    assertTrue(out.toString().contains("fileBytes    " + bytes), out.toString());
    assertEquals(text, Files.readString(Path.of(file)));
  }

  @Test
  void shouldReadAForeignFileAsTheAddonDoes() throws IOException {
    byte[] foreign = {'a', (byte) 0xFF, 0, 'b'};
    Files.write(Path.of(file), foreign);
    assertEquals(0, run("read", "-f", file));
    assertEquals(String.format("a\uFFFD%n"), out.toString());
    assertArrayEquals(foreign, Files.readAllBytes(Path.of(file)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "write x", "write x --adopt", "watch", "poll", "info"})
  void shouldRefuseALongForeignFile(String command) throws IOException {
    String foreign = "x".repeat(1025);
    Files.writeString(Path.of(file), foreign);
    assertEquals(1, run((command + " --file " + file).split(" ", -1)));
    assertTrue(err.toString().contains("is not a ShareObject file: 1025 bytes"), err.toString());
    assertEquals(foreign, Files.readString(Path.of(file)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 1023})
  void shouldWriteToAForeignFileOnlyWhenAsked(int bytes) throws IOException {
    String foreign = "x".repeat(bytes);
    Files.writeString(Path.of(file), foreign);
    assertEquals(1, run("write", "new", "-f", file));
    assertEquals(
        String.format(
            "shareobject: %s is not a ShareObject file (%d bytes); name another file, or take this"
                + " one over by --adopt%n",
            file, bytes),
        err.toString());
    assertEquals(foreign, Files.readString(Path.of(file)));
    assertEquals(0, run("write", "new", "--adopt", "-f", file));
    assertEquals("new", read());
  }

  @Test
  void shouldNotDemonstrateInAForeignFile() throws IOException {
    Files.writeString(Path.of(file), "hello");
    assertEquals(1, run("demo", "--seconds", "1", "--file", file));
    assertTrue(err.toString().contains("is not a ShareObject file: 5 bytes"), err.toString());
    assertEquals("hello", Files.readString(Path.of(file)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1024})
  void shouldWriteToTheAddonsFile(int bytes) throws IOException {
    Files.writeString(Path.of(file), "x".repeat(bytes));
    assertEquals(0, run("write", "new", "-f", file));
    assertEquals("new", read());
  }

  // ---- capacity

  @Test
  void shouldMakeAFileOfAnotherCapacityAndFindItAgain() {
    String text = "x".repeat(3000);
    assertEquals(0, run("write", text, "--capacity", "4k", "-f", file));
    assertEquals(0, run("read", "-f", file));
    assertEquals(String.format("%s%n", text), out.toString());
    assertEquals(0, run("write", text + "y", "-f", file));
    assertEquals(1, run("write", text, "--capacity", "8k", "-f", file));
    assertTrue(err.toString().contains("has a capacity of 4096 bytes, not 8192"), err.toString());
    assertEquals(1, run("watch", "--capacity", "8k", "-f", file));
    assertTrue(err.toString().contains("has a capacity of 4096 bytes, not 8192"), err.toString());
  }

  private String read() {
    try (ShareObject cell = ShareObject.open(Path.of(file))) {
      return cell.get();
    }
  }

  private int run(String... args) {
    out = new StringWriter();
    err = new StringWriter();
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
