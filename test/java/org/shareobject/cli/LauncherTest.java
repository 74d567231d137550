package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.testing.Host;

/** {@code bin/shareobject} in a folder with a space and letters of other languages. */
@Timeout(60)
class LauncherTest {
  private static final List<String> UTILITIES =
      List.of(
          "awk",
          "cat",
          "chmod",
          "cksum",
          "dirname",
          "env",
          "find",
          "head",
          "id",
          "ls",
          "mkdir",
          "mktemp",
          "mv",
          "readlink",
          "rm",
          "sed",
          "sh",
          "touch");
  private static final String NEEDS =
      "ShareObject needs a JDK, Maven and gcc with its headers. Missing here:";

  @TempDir Path folder;

  private Path root;
  private Path path;
  private Path osRelease;

  @BeforeEach
  void copy() throws IOException {
    root = folder.resolve("Übung 日本");
    for (String name : List.of("bin/shareobject", "ci/needs", "pom.xml", "parent/pom.xml")) {
      Files.createDirectories(root.resolve(name).getParent());
      Files.copy(Path.of(name), root.resolve(name));
    }
    Files.createDirectories(root.resolve("src/main"));
    path = Files.createDirectory(folder.resolve("path"));
    for (String name : UTILITIES) {
      program(name, "exec " + which(name) + " \"$@\"");
    }
    program("uname", "echo Linux");
    osRelease = Files.writeString(folder.resolve("os-release"), "ID=debian\n");
  }

  private static Path which(String name) {
    for (String each : System.getenv("PATH").split(":", -1)) {
      Path file = Path.of(each, name);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    throw new AssertionError("no " + name + " on the PATH");
  }

  private void program(String name, String script) throws IOException {
    Path file = path.resolve(name);
    Files.deleteIfExists(file); // nothing is ever written through a link
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    Host.chmod(file, "rwxr-xr-x");
  }

  /** A JDK by what its java says of itself. */
  private void jdk(String version) throws IOException {
    Path home = folder.resolve("jdk");
    Files.createDirectories(home.resolve("include"));
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("include/jni.h"), "");
    Files.copy(which("true"), home.resolve("bin/javac"));
    program(
        "java",
        "echo '    java.home = "
            + home
            + "' >&2; echo '    java.specification.version = "
            + version
            + "' >&2");
  }

  private record Result(int code, String out, List<String> err) {}

  private Result run(Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(root.resolve("bin/shareobject").toString());
    builder.command().addAll(List.of(args));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", path.toString());
    builder.environment().put("SHO_OS_RELEASE", osRelease.toString());
    builder.environment().putAll(environment);
    int code = builder.start().waitFor();
    return new Result(code, Files.readString(out), Files.readAllLines(err));
  }

  // ---- what is missing ----

  @Test
  void shouldNameAllThatIsMissingAtOnce() throws Exception {
    Result result = run(Map.of(), "demo");
    assertEquals(1, result.code());
    assertEquals(
        List.of(
            NEEDS,
            "  JDK 17 or newer (no java on the PATH)",
            "  Maven (no mvn on the PATH)",
            "  a C compiler (no gcc on the PATH)",
            "This installs all of it:"),
        result.err().subList(0, 5));
    assertTrue(
        result.err().get(5).endsWith("apt-get install -y default-jdk-headless maven gcc libc6-dev"),
        result.toString());
    assertEquals(6, result.err().size());
  }

  @Test
  void shouldNameAMissingHeader() throws Exception {
    jdk("17");
    program("mvn", "exit 0");
    program(
        "gcc", "echo '<stdin>:2:10: fatal error: stdint.h: No such file or directory' >&2; exit 1");
    Result result = run(Map.of(), "demo");
    assertEquals(1, result.code());
    assertEquals(
        List.of(
            NEEDS,
            "  headers of the C library (gcc cannot build a program that includes <stdint.h>)"),
        result.err().subList(0, 2));
    assertEquals(4, result.err().size());
  }

  @ParameterizedTest
  @CsvSource({
    "11, false, JDK 17 or newer (%s is of version 11)",
    "1.8, false, JDK 17 or newer (%s is of version 8)",
    "21, true, 'a JDK, with javac and jni.h (%s has only what runs programs)'"
  })
  void shouldTellAJavaThatCannotBuild(String version, boolean isJre, String line) throws Exception {
    jdk(version);
    if (isJre) {
      Files.delete(folder.resolve("jdk/bin/javac"));
    }
    program("mvn", "exit 0");
    program("gcc", "exit 0");
    Result result = run(Map.of(), "demo");
    assertEquals(1, result.code());
    assertEquals("  " + line.formatted(folder.resolve("jdk")), result.err().get(1));
    assertEquals(4, result.err().size());
  }

  @Test
  void shouldBuildWhereNothingIsMissing() throws Exception {
    jdk("17");
    program("gcc", "exit 0");
    program("mvn", "echo the build says no; exit 1");
    Result result = run(Map.of(), "demo");
    assertEquals(1, result.code());
    assertEquals("the build says no", result.err().get(1));
    assertEquals("shareobject: the build failed, its errors are above.", result.err().get(2));
  }

  @ParameterizedTest
  @CsvSource({
    "'Debian, Ubuntu', Linux, ID=debian",
    "'Debian, Ubuntu', Linux, ID=linuxmint ID_LIKE=\"ubuntu debian\"",
    "Fedora, Linux, ID=fedora",
    "Alpine, Linux, ID=alpine",
    "macOS, Darwin, ''"
  })
  void shouldPrintTheLineOfTheReadme(String name, String system, String release) throws Exception {
    program("uname", "echo " + system);
    program("id", "echo 1000");
    Files.writeString(osRelease, release.replace(" ID", "\nID"));
    String row =
        Files.readAllLines(Path.of("README.md")).stream()
            .filter(line -> line.startsWith("| " + name + " | `"))
            .findFirst()
            .orElseThrow();
    String line = row.substring(row.indexOf('`') + 1, row.lastIndexOf('`'));
    assertEquals("  " + line, run(Map.of(), "demo").err().get(5));
  }

  // ---- the locale ----

  private void build() throws IOException {
    String version =
        Files.readAllLines(Path.of("pom.xml")).stream()
            .filter(line -> line.startsWith("  <version>"))
            .map(line -> line.replaceAll("</?version>", "").strip())
            .findFirst()
            .orElseThrow();
    Files.createDirectories(root.resolve("target/lib"));
    Files.writeString(root.resolve("target/shareobject-" + version + ".jar"), "");
  }

  /** Returns what the JVM gets: LC_ALL, LC_CTYPE, LANG, and the last argument. */
  private String environment(Map<String, String> environment) throws Exception {
    build();
    program("java", "for last; do :; done; echo \"$LC_ALL,$LC_CTYPE,$LANG,$last\"");
    Result result = run(environment, "write", "Grüße");
    assertEquals(List.of(), result.err());
    assertFalse(result.out().isEmpty());
    return result.out().strip();
  }

  @Test
  void shouldGiveTheJvmLettersWhereNoLocaleIsSet() throws Exception {
    assertEquals(",C.UTF-8,,Grüße", environment(Map.of()));
  }

  @Test
  void shouldKeepAllOfALocaleButItsLetters() throws Exception {
    assertEquals(",C.UTF-8,C,Grüße", environment(Map.of("LC_ALL", "C", "LANG", "de_DE.UTF-8")));
  }

  @Test
  void shouldKeepALocaleWithAllLetters() throws Exception {
    program("locale", "echo UTF-8");
    assertEquals(",,de_DE.UTF-8,Grüße", environment(Map.of("LANG", "de_DE.UTF-8")));
  }

  // ---- the archive of classes ----

  /** A JVM of a kind that writes an archive, or does not, and says which one it was given. */
  private void jvm(String kind, String dump) throws IOException {
    program(
        "java",
        "# "
            + kind
            + "\narchive=none; isDump=\nfor each; do case $each in\n"
            + "-Xshare:dump) isDump=1 ;;\n-XX:SharedArchiveFile=*) archive=${each#*=} ;;\nesac; done\n"
            + "if [ $isDump ]; then echo dump >>\""
            + folder.resolve("dumps")
            + "\"; "
            + dump
            + "; fi\n"
            + "echo \"$archive\"");
  }

  private int dumps() throws IOException {
    return Files.readAllLines(folder.resolve("dumps")).size();
  }

  @Test
  void shouldMakeOneArchiveForEachJvm() throws Exception {
    build();
    jvm("one", "echo classes >\"$archive\"; exit");
    String archive = run(Map.of(), "read").out().strip();
    assertTrue(archive.startsWith(root.resolve("target/cds").toString()), archive);
    assertTrue(Files.exists(Path.of(archive)));
    assertEquals(archive, run(Map.of(), "read").out().strip());
    assertEquals(1, dumps());
    jvm("another", "echo classes >\"$archive\"; exit");
    assertNotEquals(archive, run(Map.of(), "read").out().strip());
    assertEquals(2, dumps());
  }

  @Test
  void shouldStartAJvmThatMakesNoArchive() throws Exception {
    build();
    jvm("bare", "exit 1");
    for (int i = 0; i < 2; i++) {
      Result result = run(Map.of(), "read");
      assertEquals(0, result.code());
      assertEquals("none", result.out().strip());
      assertEquals(List.of(), result.err());
    }
    assertEquals(1, dumps());
  }
}
