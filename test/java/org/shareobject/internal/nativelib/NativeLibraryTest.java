package org.shareobject.internal.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.ShareObject;
import org.shareobject.testing.Act;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Copies;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.Tmpfs;

/** Each in a JVM of its own, since a library is loaded once. */
class NativeLibraryTest {
  private static final int ELF_MACHINE_OFF = 18;
  private static final byte OTHER_MACHINE = 21;

  @TempDir Path folder;

  private Path natives;

  @BeforeEach
  void makeFolder() throws IOException {
    natives = Files.createDirectory(folder.resolve("natives"));
    Host.chmod(natives, "rwx------");
  }

  @Test
  void shouldExtractToPrivateFolderBelowTemporaryOne() throws IOException {
    loads("-Djava.io.tmpdir=" + natives);
    Path made;
    try (Stream<Path> all = Files.list(natives)) {
      made = all.toList().get(0);
    }
    assertTrue(made.getFileName().toString().matches("shareobject-\\d+"), made.toString());
    assertEquals(PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(made));
    assertTrue(onlyFile(made).getFileName().toString().contains("-" + Version.get() + "-"));
  }

  @Test
  void shouldShareExtractedFile() throws IOException {
    loads("-Dshareobject.native.dir=" + natives);
    Path library = onlyFile(natives);
    Object key = key(library);
    loads("-Dshareobject.native.dir=" + natives);
    assertEquals(library, onlyFile(natives));
    assertEquals(key, key(library));
  }

  @Test
  void shouldMakeNamedFolder() throws IOException {
    Path missing = folder.resolve("missing");
    loads("-Dshareobject.native.dir=" + missing);
    assertEquals(
        PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(missing));
  }

  @Test
  void shouldReplaceDamagedExtractedFile() throws IOException {
    loads("-Dshareobject.native.dir=" + natives);
    Path library = onlyFile(natives);
    Files.writeString(library, "damaged");
    loads("-Dshareobject.native.dir=" + natives);
    assertTrue(Files.size(onlyFile(natives)) > 7);
  }

  @Test
  void shouldReplacePlantedSymlink() throws IOException {
    loads("-Dshareobject.native.dir=" + natives);
    Path library = onlyFile(natives);
    Path other = Files.move(library, folder.resolve("other.so"));
    Files.createSymbolicLink(library, other);
    loads("-Dshareobject.native.dir=" + natives);
    assertFalse(Files.isSymbolicLink(library));
  }

  @Test
  void shouldExtractFromManyJvmsAtOnce() throws IOException {
    List<ChildJvm> children = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      children.add(launcher("-Dshareobject.native.dir=" + natives).start(Act.class, set()));
    }
    for (ChildJvm child : children) {
      ChildJvm.Result result = child.await();
      assertEquals(0, result.code(), result.toString());
    }
    onlyFile(natives);
  }

  @Test
  void shouldRefuseSymlinkedFolder() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), natives);
    fails(
        "ShareAccessException SHO_EACCESS",
        "link: it is a symlink",
        "-Dshareobject.native.dir=" + link);
  }

  @Test
  void shouldRefuseFolderOpenToOthers() throws IOException {
    Host.chmod(natives, "rwxr-x---");
    fails(
        "ShareAccessException SHO_EACCESS",
        "it has mode 0750, not 0700",
        "-Dshareobject.native.dir=" + natives);
  }

  @Test
  void shouldRefuseFolderThatAnybodyCanReplace() throws IOException {
    Path open = Files.createDirectory(folder.resolve("open"));
    Host.chmod(open, "rwxrwxrwx");
    fails(
        "ShareAccessException SHO_EACCESS",
        "can be replaced by anybody, because all may write to " + open,
        "-Dshareobject.native.dir=" + open.resolve("natives"));
  }

  @Test
  void shouldRefuseFolderThatGroupCanReplace() throws IOException {
    Path open = Files.createDirectory(folder.resolve("group"));
    Host.chmod(open, "rwxrwx---");
    fails(
        "ShareAccessException SHO_EACCESS",
        "can be replaced by others, because its group may write to " + open,
        "-Dshareobject.native.dir=" + open.resolve("natives"));
  }

  @Test
  void shouldExtractBelowStickyFolderOfAGroup() throws IOException {
    Path sticky = Files.createDirectory(folder.resolve("sticky"));
    Host.chmod(sticky, "rwxrwx---");
    Files.setAttribute(sticky, "unix:mode", 01770);
    loads("-Dshareobject.native.dir=" + sticky.resolve("natives"));
  }

  @Test
  void shouldRefuseFolderOfAnotherUser() throws IOException {
    Host.assumeRoot();
    Files.setAttribute(natives, "unix:uid", Host.NOBODY);
    fails(
        "ShareAccessException SHO_EACCESS",
        "belongs to user 65534, not to this one, 0",
        "-Dshareobject.native.dir=" + natives);
  }

  @Test
  void shouldRefuseFileInPlaceOfFolder() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    fails(
        "ShareAccessException SHO_EACCESS",
        "it is not a folder",
        "-Dshareobject.native.dir=" + file);
  }

  @Test
  void shouldReportMissingParentFolder() throws IOException {
    fails(
        "ShareIoException SHO_ESYSTEM",
        "cannot extract the native library",
        "-Dshareobject.native.dir=" + folder.resolve("no/where"));
  }

  @Test
  void shouldNotEmptyFoldersBehindPlantedLinks() throws IOException {
    Path victim = Files.createDirectory(folder.resolve("victim"));
    Files.writeString(victim.resolve("precious"), "kept");
    Path planted = Files.createSymbolicLink(natives.resolve("nativelib-loader_1"), victim);
    FileTime old = FileTime.from(Instant.now().minus(1, ChronoUnit.DAYS));
    Files.setLastModifiedTime(victim, old);
    loads("-Djava.io.tmpdir=" + natives);
    assertTrue(Files.isSymbolicLink(planted));
    assertEquals("kept", Files.readString(victim.resolve("precious")));
  }

  @Test
  void shouldReportNoexecMount() throws IOException {
    try (Tmpfs noexec = new Tmpfs(folder.resolve("noexec"), "size=4m,noexec,mode=700")) {
      fails(
          "ShareIoException SHO_ESYSTEM",
          "mounted noexec; name another folder with -Dshareobject.native.dir",
          "-Dshareobject.native.dir=" + noexec.folder());
    }
  }

  @Test
  void shouldReportFullDisk() throws IOException {
    try (Tmpfs small = new Tmpfs(folder.resolve("small"), "size=16k,mode=700")) {
      fails(
          "ShareIoException SHO_ESYSTEM",
          "No space left on device",
          "-Dshareobject.native.dir=" + small.folder());
    }
  }

  @Test
  void shouldLoadLibraryThatIsThereAlready() throws IOException {
    Path library = Copies.library(folder.resolve("there"));
    loads("-Dshareobject.native.path=" + library, "-Dshareobject.native.dir=/nonexistent");
  }

  @Test
  void shouldReportMissingLibrary() throws IOException {
    Path missing = folder.resolve("missing.so");
    fails(
        "ShareIoException SHO_ESYSTEM",
        "cannot load " + missing + ": there is no such file",
        "-Dshareobject.native.path=" + missing);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldReportFileThatIsNoLibrary() throws IOException {
    Path text = Files.writeString(folder.resolve("text.so"), "not a library, just some text");
    fails(
        "ShareIoException SHO_ESYSTEM",
        "it is not a library for Linux",
        "-Dshareobject.native.path=" + text);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldReportOtherArchitecture() throws IOException {
    byte[] bytes = Copies.libraryBytes();
    bytes[ELF_MACHINE_OFF] = OTHER_MACHINE;
    bytes[ELF_MACHINE_OFF + 1] = 0;
    Path other = Files.write(folder.resolve("other.so"), bytes);
    fails(
        "ShareIoException SHO_ESYSTEM",
        "it is for ppc64le, but this JVM is for " + System.getProperty("os.arch"),
        "-Dshareobject.native.path=" + other);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldReportOtherLibc() throws IOException {
    Host.assumeRuns("musl-gcc is installed", "musl-gcc", "--version");
    Path source =
        Files.writeString(
            folder.resolve("a.c"), "#include <stdlib.h>\nvoid *a(void) { return malloc(1); }\n");
    Path library = folder.resolve("a.so");
    Host.run("musl-gcc", "-shared", "-fPIC", "-o", library.toString(), source.toString());
    fails(
        "ShareIoException SHO_ESYSTEM",
        "it was built for another C library",
        "-Dshareobject.native.path=" + library);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldReportForeignLibrary() throws IOException {
    Path source = Files.writeString(folder.resolve("a.c"), "int a;\n");
    Path library = folder.resolve("a.so");
    Host.assumeRuns(
        "cc is installed", "cc", "-shared", "-fPIC", "-o", library.toString(), source.toString());
    fails(
        "ShareIoException SHO_ESYSTEM",
        "cannot load " + library,
        "-Dshareobject.native.path=" + library);
  }

  @Test
  void shouldRefuseLibraryOfOtherVersion() throws IOException {
    String bytes = new String(Copies.libraryBytes(), StandardCharsets.ISO_8859_1);
    String version = "\0" + Version.get() + "\0";
    assertTrue(bytes.contains(version));
    String other = version.replaceAll("\\d", "9");
    Path library = folder.resolve("other.so");
    Files.write(library, bytes.replace(version, other).getBytes(StandardCharsets.ISO_8859_1));
    fails(
        "ShareFormatException SHO_EVERSION",
        "is version "
            + other.strip().replace("\0", "")
            + ", but the jar is version "
            + Version.get(),
        "-Dshareobject.native.path=" + library);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldNameThePlatformsOfTheJar() throws IOException {
    ChildJvm.Result result =
        fails(
            "ShareIoException SHO_ESYSTEM",
            "the jar contains no native library for linux_riscv64",
            "-Dos.arch=riscv64",
            "-Dshareobject.native.dir=" + natives);
    assertTrue(
        result.out().contains("[" + Platform.name())
            || result.out().contains(", " + Platform.name()));
  }

  @Test
  void shouldTryAgainAfterFailure() throws IOException {
    ChildJvm.Result result =
        launcher("-Dshareobject.native.path=" + folder.resolve("missing.so"))
            .run(TwoTries.class, folder.resolve("share-data").toString());
    assertEquals("failed\nloaded\n", result.out(), result.toString());
  }

  @Test
  void shouldLoadForEachClassLoader() throws IOException {
    ChildJvm.Result result =
        launcher("-Dshareobject.native.dir=" + natives)
            .run(ThreeLoaders.class, folder.resolve("map").toString());
    assertEquals(
        """
        value
        SHO_EIO
        other
        SHO_EIO
        SHO_EIO
        first
        """,
        result.out(),
        result.toString());
    onlyFile(natives);
  }

  @Test
  void shouldLoadANamedLibraryForEachClassLoader() throws IOException {
    Path library = Copies.library(folder.resolve("there"));
    ChildJvm.Result result =
        launcher("-Dshareobject.native.path=" + library, "-Dshareobject.native.dir=" + natives)
            .run(ThreeLoaders.class, folder.resolve("map").toString());
    assertEquals(0, result.code(), result.toString());
    assertTrue(result.out().endsWith("SHO_EIO\nfirst\n"), result.toString());
  }

  @Test
  void shouldRemoveCopiesThatAKilledJvmLeft() throws IOException {
    Path left = Files.writeString(natives.resolve("copy123.so"), "left");
    Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(1, ChronoUnit.DAYS)));
    Path used = Files.writeString(natives.resolve("copy456.so"), "being loaded");
    launcher("-Dshareobject.native.dir=" + natives)
        .run(ThreeLoaders.class, folder.resolve("map").toString());
    assertFalse(Files.exists(left));
    assertTrue(Files.exists(used));
  }

  @Test
  void shouldNameTheFlagWhenJvmForbidsNatives() throws IOException {
    assumeTrue(
        Runtime.version().feature() >= 24, "needs a JVM that can forbid native access, JDK 24");
    ChildJvm.Result result =
        new JvmLauncher().plain().options("--illegal-native-access=deny").run(Act.class, set());
    assertTrue(result.out().contains("--enable-native-access=org.shareobject"), result.toString());
  }

  /** A child that fails once. */
  public static final class TwoTries {
    private TwoTries() {}

    /** Takes a file to open. */
    public static void main(String[] args) {
      try {
        ShareObject.open(Path.of(args[0]));
      } catch (org.shareobject.ShareIoException e) {
        System.out.println("failed");
      }
      System.clearProperty("shareobject.native.path");
      ShareObject.open(Path.of(args[0])).close();
      System.out.println("loaded");
    }
  }

  /**
   * A child with three loaders, each with a library and a handler for SIGBUS of its own. The third
   * comes while the first is not collected yet, as after a redeploy.
   */
  public static final class ThreeLoaders {
    private ThreeLoaders() {}

    /** Takes a file to open. */
    public static void main(String[] args) throws Exception {
      String file = args[0];
      try (URLClassLoader one = loader();
          URLClassLoader two = loader()) {
        Consumer<String> first = user(one);
        Consumer<String> second = user(two);
        first.accept("open " + file);
        first.accept("set value");
        second.accept("open " + file);
        second.accept("get");
        second.accept("open " + file + "2");
        second.accept("set other");
        truncate(file);
        first.accept("get");
        second.accept("get");
        truncate(file + "2");
        second.accept("get");
        first.accept("close");
        try (URLClassLoader three = loader()) {
          Consumer<String> third = user(three);
          third.accept("open " + file + "3");
          third.accept("set third");
          first.accept("open " + file + "4");
          first.accept("set first");
          truncate(file + "3");
          third.accept("get");
          first.accept("get");
        }
      }
    }

    private static void truncate(String file) throws IOException {
      try (RandomAccessFile raw = new RandomAccessFile(file, "rw")) {
        raw.setLength(0);
      }
    }

    private static URLClassLoader loader() throws MalformedURLException {
      List<URL> urls = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    @SuppressWarnings("unchecked")
    private static Consumer<String> user(ClassLoader loader) throws Exception {
      Class<?> type = loader.loadClass(MapUser.class.getName());
      if (type == MapUser.class) {
        throw new IllegalStateException("the loader hands out the caller's class");
      }
      return (Consumer<String>) type.getConstructor().newInstance();
    }
  }

  /** Acts on a map, in whatever class loader it is. */
  public static final class MapUser implements Consumer<String> {
    private ShareMap<String, String> map;

    /** Has no map yet. */
    public MapUser() {}

    @Override
    public void accept(String act) {
      String[] words = act.split(" ", -1);
      try {
        switch (words[0]) {
          case "open" -> map = ShareMap.open(Path.of(words[1]));
          case "set" -> map.set("key", words[1]);
          case "close" -> map.close();
          default -> System.out.println(map.get("key"));
        }
      } catch (ShareException e) {
        System.out.println(e.code());
      }
    }
  }

  private void loads(String... options) {
    ChildJvm.Result result = launcher(options).run(Act.class, set());
    assertEquals(0, result.code(), result.toString());
  }

  private ChildJvm.Result fails(String start, String words, String... options) throws IOException {
    ChildJvm.Result result = launcher(options).run(Act.class, set());
    assertEquals(1, result.code(), result.toString());
    assertTrue(result.out().startsWith(start + ": "), result.toString());
    assertTrue(result.out().contains(words), result.toString());
    assertFalse(Files.exists(folder.resolve("share-data")));
    return result;
  }

  private static JvmLauncher launcher(String... options) {
    return new JvmLauncher().options(options);
  }

  private String[] set() {
    return new String[] {"set", folder.resolve("share-data").toString(), "x"};
  }

  private static Path onlyFile(Path in) throws IOException {
    try (Stream<Path> all = Files.list(in)) {
      List<Path> files = all.toList();
      assertEquals(1, files.size(), files.toString());
      return files.get(0);
    }
  }

  private static Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }
}
