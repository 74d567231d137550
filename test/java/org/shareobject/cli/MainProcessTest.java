package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.ShareObject;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;

/** The command as a process. */
@Timeout(120)
class MainProcessTest {
  private static final int BY_SIGINT = 130;

  @TempDir Path folder;

  @Test
  void shouldUseShareDataInWorkingDirectory() {
    assertEquals(
        new ChildJvm.Result(0, "", ""), command().run(Main.class, "write", "Hello World!"));
    assertTrue(Files.exists(file()));
    assertEquals(new ChildJvm.Result(0, "Hello World!\n", ""), command().run(Main.class, "read"));
  }

  @Test
  void shouldFailWithOneLineOnStderr() {
    ChildJvm.Result result = command().run(Main.class, "read");
    assertEquals(1, result.code());
    assertEquals("", result.out());
    assertEquals(
        "shareobject: share-data: no such file; write to it first, or correct the path\n",
        result.err());
  }

  @Test
  void shouldExitWithTwoOnWrongUsage() {
    assertEquals(2, command().run(Main.class, "fetch").code());
  }

  @Test
  void shouldWriteStandardInputAsItIs() {
    try (ChildJvm write = command().start(Main.class, "write", "-")) {
      write.send("é one");
      write.send("two");
      write.endInput();
      assertEquals(new ChildJvm.Result(0, "", ""), write.await());
    }
    try (ShareObject cell = ShareObject.open(file())) {
      assertEquals("é one\ntwo\n", cell.get());
    }
  }

  @Test
  void shouldRefuseStandardInputThatIsNotUtf8() throws IOException {
    try (ChildJvm write = command().start(Main.class, "write", "-")) {
      write.process().getOutputStream().write(new byte[] {'a', (byte) 0xC3});
      write.endInput();
      assertEquals(
          new ChildJvm.Result(1, "", "shareobject: standard input is not UTF-8\n"), write.await());
    }
    assertFalse(Files.exists(file()));
  }

  /** A command of which the JVM starts without a locale. */
  private JvmLauncher commandWithoutLocale() {
    assumeTrue(
        StandardCharsets.US_ASCII.newEncoder().canEncode(System.getProperty("java.class.path")),
        "without a locale a JVM finds no classes in this folder");
    return command().environment("LC_ALL", "POSIX");
  }

  @Test
  void shouldPrintUtf8InAnyLocale() {
    try (ShareObject cell = ShareObject.open(file())) {
      cell.set("é€😀");
    }
    ChildJvm.Result result = commandWithoutLocale().run(Main.class, "read");
    assertEquals(new ChildJvm.Result(0, "é€😀\n", ""), result);
  }

  /** Refused where the locale has no such letters, and stored where the JVM does not ask it. */
  @ParameterizedTest
  @CsvSource({"write Grüße, read", "map cache set Grüße one, map cache keys"})
  void shouldNeverStoreAnotherTextThanWasTyped(String words, String reading) {
    ChildJvm.Result result = commandWithoutLocale().run(Main.class, words.split(" "));
    if (result.code() == 0) {
      assertEquals("Grüße\n", command().run(Main.class, reading.split(" ")).out());
      return;
    }
    assertEquals(2, result.code(), result.toString());
    assertTrue(result.err().startsWith("shareobject: argument "), result.err());
    assertTrue(result.err().contains(": set LC_ALL=C.UTF-8"), result.err());
    assertEquals(0, folder.toFile().list().length);
  }

  @Test
  void shouldRefuseArgumentsThatAreNotUtf8() {
    ChildJvm.Result result =
        command()
            .prefix("sh", "-c", "exec \"$@\" \"$(printf 'Gr\\374\\337e')\"", "sh")
            .environment("LC_ALL", "C.UTF-8")
            .run(Main.class, "write");
    assumeTrue(Files.isReadable(Path.of("/proc/self/cmdline")), "needs /proc");
    assertEquals(2, result.code(), result.toString());
    assertFalse(Files.exists(file()));
  }

  @Test
  void shouldStoreTheReplacementCharacterThatIsTyped() {
    assertEquals(
        new ChildJvm.Result(0, "", ""),
        command().environment("LC_ALL", "C.UTF-8").run(Main.class, "write", "\ufffd"));
    assertEquals("\ufffd\n", command().run(Main.class, "read").out());
  }

  @Test
  void shouldPollUntilInterrupted() {
    try (ChildJvm poll = command().start(Main.class, "poll", "--interval", "20ms")) {
      assertEquals("", poll.nextLine());
      assertEquals("", poll.nextLine());
      try (ShareObject cell = ShareObject.open(file())) {
        cell.set("Hello World!");
        cell.set("Hello World!");
      }
      until(() -> poll.nextLine().equals("Hello World!"));
      endsByInterrupt(poll);
    }
  }

  @Test
  void shouldPollAnAddonsWriter() throws IOException {
    Files.write(file(), new byte[1024]);
    try (ChildJvm poll = command().start(Main.class, "poll", "--interval", "20ms")) {
      assertEquals("", poll.nextLine());
      try (var foreign = Files.newByteChannel(file(), java.nio.file.StandardOpenOption.WRITE)) {
        foreign.write(StandardCharsets.UTF_8.encode("Hello World!\0"));
      }
      until(() -> poll.nextLine().equals("Hello World!"));
      endsByInterrupt(poll);
    }
  }

  @Test
  void shouldPollAForeignFileAndChangeNothing() throws IOException {
    Files.writeString(file(), "hello");
    try (ChildJvm poll = command().start(Main.class, "poll", "--interval", "20ms")) {
      assertEquals("hello", poll.nextLine());
      Files.writeString(file(), "hi");
      until(() -> poll.nextLine().equals("hi"));
      endsByInterrupt(poll);
    }
    assertEquals("hi", Files.readString(file()));
  }

  @Test
  void shouldPollAFileOfTheCapacityAskedFor() throws IOException {
    try (ChildJvm poll =
        command().start(Main.class, "poll", "--interval", "20ms", "--capacity", "4k")) {
      assertEquals("", poll.nextLine());
      try (ShareObject cell = ShareObject.open(file(), 4096)) {
        cell.set("x".repeat(4095));
      }
      until(() -> poll.nextLine().length() == 4095);
      endsByInterrupt(poll);
    }
  }

  @Test
  void shouldEndPollInOneLineWhenFileIsRemoved() throws IOException {
    try (ChildJvm poll = command().start(Main.class, "poll", "--interval", "20ms")) {
      assertEquals("", poll.nextLine());
      Files.delete(file());
      ChildJvm.Result result = poll.await();
      assertEquals(1, result.code());
      assertTrue(result.err().startsWith("shareobject: share-data: no such file"), result.err());
      assertEquals(1, result.err().lines().count());
    }
  }

  @Test
  void shouldWatchEachNewText() {
    try (ShareObject cell = ShareObject.open(file());
        ChildJvm watch = command().start(Main.class, "watch")) {
      until(
          () -> {
            cell.set("before");
            return watch.hasLine();
          });
      cell.set("begin");
      until(() -> watch.nextLine().equals("begin"));
      for (int i = 0; i < 20; i++) {
        cell.set("text " + i);
        assertEquals("text " + i, watch.nextLine());
      }
      endsByInterrupt(watch);
    }
  }

  private static void demonstrates(ChildJvm.Result result) {
    assertEquals(0, result.code(), result.toString());
    Pattern blanksFirst =
        Pattern.compile(
            "demo> the file has only NULs so far: the reader prints blank lines\n"
                + "(reader> \n){3,}demo> the writer is process");
    assertTrue(blanksFirst.matcher(result.out()).find(), result.out());
    assertTrue(result.out().contains("writer> stored 12 bytes: Hello World!\n"), result.out());
    assertTrue(result.out().contains("reader> Hello World!\n"), result.out());
    assertTrue(result.out().lines().toList().get(1).startsWith("demo> "), result.out());
    String last = result.out().lines().reduce((first, second) -> second).orElseThrow();
    assertTrue(last.startsWith("demo> seen: "), last);
    assertEquals("", result.err());
  }

  @Test
  void shouldDemonstrateAndEnd() {
    ChildJvm.Result result = command().run(Main.class, "demo");
    demonstrates(result);
    assertEquals(2, result.out().lines().filter("reader> Hello World!"::equals).count());
  }

  @Test
  void shouldDemonstrateForSomeTime() {
    demonstrates(command().run(Main.class, "demo", "--seconds", "12"));
  }

  @Test
  void shouldGoOnWhenDemoIsWatched() {
    try (ChildJvm demo = command().start(Main.class, "demo", "--watch")) {
      for (int i = 0; i < 4; i++) {
        until(() -> demo.nextLine().equals("reader> Hello World!"));
      }
      endsByInterrupt(demo);
    }
  }

  @Test
  void shouldEndDemoWithItsReader() {
    ChildJvm.Result result =
        command().prefix("sh", "-c", "\"$@\" | head -n 2", "sh").run(Main.class, "demo", "--watch");
    assertEquals(2, result.out().lines().count(), result.toString());
    assertEquals("", result.err());
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void shouldSayNothingWhenDemoIsKilled(String signal, int code) {
    for (String words : new String[] {"demo", "demo --file mine"}) {
      try (ChildJvm demo = command().start(Main.class, words.split(" "))) {
        until(() -> demo.nextLine().equals("reader> "));
        Host.assumeNotIgnored(signal, demo.process().pid());
        Host.signal(signal, demo.process().pid());
        ChildJvm.Result result = demo.await();
        assertEquals(code, result.code(), result.toString());
        assertEquals("", result.err());
      }
    }
  }

  @Test
  void shouldFailWhenDemoIsTooShort() {
    ChildJvm.Result result = command().run(Main.class, "demo", "--seconds", "1", "--file", "mine");
    assertEquals(1, result.code(), result.toString());
    assertEquals("shareobject: the reader never printed Hello World!\n", result.err());
    assertTrue(
        result.out().contains("they share the file " + folder.resolve("mine")), result.out());
  }

  @Test
  void shouldFailWhenDemoFileIsBad() throws IOException {
    Files.createDirectory(folder.resolve("mine"));
    ChildJvm.Result result = command().run(Main.class, "demo", "--file", "mine");
    assertEquals(1, result.code(), result.toString());
    assertTrue(result.out().contains("mine is a folder"), result.out());
    assertEquals("shareobject: the reader ended by itself with exit code 1\n", result.err());
  }

  @Test
  void shouldLeaveNothingWhenDemoIsInterrupted() {
    Path temporary = folder.resolve("tmp");
    try (ChildJvm demo = startDemo(temporary)) {
      long reader = readerOf(demo);
      endsByInterrupt(demo);
      assertFalse(Host.isAlive(reader));
      assertEquals(
          0, temporary.toFile().list((dir, name) -> name.startsWith("shareobject-demo")).length);
    }
  }

  @Test
  void shouldEndDemoChildrenWithKilledParent() {
    try (ChildJvm demo = startDemo(folder.resolve("tmp"))) {
      long reader = readerOf(demo);
      demo.kill();
      until(() -> !Host.isAlive(reader));
    }
  }

  private ChildJvm startDemo(Path temporary) {
    assertTrue(temporary.toFile().mkdir());
    ChildJvm demo = command().options("-Djava.io.tmpdir=" + temporary).start(Main.class, "demo");
    return demo;
  }

  private static long readerOf(ChildJvm demo) {
    Pattern pid = Pattern.compile("demo> the reader is process (\\d+)");
    for (Matcher line = pid.matcher(demo.nextLine()); ; line = pid.matcher(demo.nextLine())) {
      if (line.matches()) {
        assertTrue(demo.nextLine().startsWith("demo> the file has only NULs"));
        assertEquals("reader> ", demo.nextLine());
        return Long.parseLong(line.group(1));
      }
    }
  }

  private static void endsByInterrupt(ChildJvm child) {
    Host.assumeNotIgnored("INT", child.process().pid());
    Host.signal("INT", child.process().pid());
    ChildJvm.Result result = child.await();
    assertEquals(BY_SIGINT, result.code(), result.toString());
    assertEquals("", result.err());
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + 30_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "waited 30 s in vain");
      Thread.onSpinWait();
    }
  }

  private Path file() {
    return folder.resolve("share-data");
  }

  private JvmLauncher command() {
    return new JvmLauncher().folder(folder);
  }
}
