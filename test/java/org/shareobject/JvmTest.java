package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.Survivor;
import org.shareobject.testing.VirtualThreads;

/** JVMs with and without flags, and with modules. */
@Timeout(120)
class JvmTest {
  private static final String ALL_SURVIVED =
      """
      truncated file: ShareIoException
      fault of the JVM's own: InternalError
      null: NullPointerException
      deep: StackOverflowError
      truncated again: ShareIoException
      alive
      """;

  @TempDir Path folder;

  @Test
  void shouldSurviveFaultsWithoutAnyFlag() {
    survives(survivor().environment("LD_PRELOAD", null).environment("DYLD_INSERT_LIBRARIES", null));
  }

  @Test
  void shouldSurviveFaultsWithLibjsig() {
    survives(preloaded(survivor()));
  }

  @Test
  void shouldSurviveFaultsWithOtherCollectorsAndInterpreter() {
    survives(survivor().options("-XX:+UseParallelGC", "-Xint"));
  }

  @Test
  void shouldPassJniChecks() {
    ChildJvm.Result result =
        preloaded(survivor()).options("-Xcheck:jni").run(Survivor.class, folder.toString());
    assertEquals(0, result.code(), result.toString());
    assertEquals(ALL_SURVIVED, result.out());
    assertFalse(result.err().contains("WARNING"), result.err());
  }

  @Test
  void shouldStayUsableWithJniChecksButWithoutLibjsig() {
    ChildJvm.Result result =
        survivor()
            .environment("LD_PRELOAD", null)
            .environment("DYLD_INSERT_LIBRARIES", null)
            .options("-Xcheck:jni")
            .run(Survivor.class, folder.toString());
    assertEquals(0, result.code(), result.toString());
    assertTrue(result.out().contains("alive\n"), result.out());
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21)
  void shouldServeVirtualThreads() {
    ChildJvm.Result result =
        survivor().run(VirtualThreads.class, folder.resolve("share-data").toString());
    assertEquals("2000 right messages, 500 woken\n", result.out(), result.toString());
  }

  @Test
  void shouldWorkAsModule() {
    String file = folder.resolve("share-data").toString();
    assertEquals("", runMain("write", "Hello Module!", "-f", file).out());
    ChildJvm.Result result = runMain("read", "-f", file);
    assertEquals("Hello Module!\n", result.out(), result.toString());
    assertEquals("", result.err());
  }

  @Test
  void shouldWorkAsModuleWithoutPicocli() {
    Path file = folder.resolve("share-data");
    try (ChildJvm writer =
        module("native-lib-loader", "slf4j-api")
            .options("-Dshareobject.path=" + file)
            .start("org.shareobject/org.shareobject.cli.DemoProcess", "writer")) {
      assertEquals("stored 12 bytes: Hello World!", writer.nextLine());
    }
    assertTrue(Files.exists(file));
  }

  @Test
  void shouldDemonstrateAsModule() {
    ChildJvm.Result result = runMain("demo", "--seconds", "12");
    assertEquals(0, result.code(), result.toString());
    assertTrue(result.out().contains("reader> Hello World!\n"), result.out());
    assertEquals("", result.err());
  }

  private void survives(JvmLauncher launcher) {
    ChildJvm.Result result = launcher.run(Survivor.class, folder.toString());
    assertEquals(new ChildJvm.Result(0, ALL_SURVIVED, ""), result);
  }

  private static ChildJvm.Result runMain(String... args) {
    return module("native-lib-loader", "slf4j-api", "slf4j-nop", "picocli")
        .options("--add-modules", "info.picocli")
        .run("org.shareobject/org.shareobject.cli.Main", args);
  }

  private static JvmLauncher module(String... jars) {
    String path =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .filter(
                entry ->
                    isOurModule(entry) || Arrays.stream(jars).anyMatch(jar -> isJar(entry, jar)))
            .collect(Collectors.joining(File.pathSeparator));
    JvmLauncher launcher = new JvmLauncher().plain().classPath("").options("--module-path", path);
    return Runtime.version().feature() >= 24
        ? launcher.options("--enable-native-access=org.shareobject")
        : launcher;
  }

  private static boolean isOurModule(String entry) {
    return Files.exists(Path.of(entry, "module-info.class")) || isJar(entry, "shareobject");
  }

  private static boolean isJar(String entry, String name) {
    return Path.of(entry).getFileName().toString().matches(name + "-\\d.*\\.jar");
  }

  private static JvmLauncher survivor() {
    JvmLauncher launcher = new JvmLauncher().plain();
    return Runtime.version().feature() >= 24
        ? launcher.options("--enable-native-access=ALL-UNNAMED")
        : launcher;
  }

  private static JvmLauncher preloaded(JvmLauncher launcher) {
    Path libjsig = Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("jsig"));
    assumeTrue(Files.exists(libjsig), "needs " + libjsig);
    boolean isMac = System.getProperty("os.name").startsWith("Mac");
    return launcher.environment(isMac ? "DYLD_INSERT_LIBRARIES" : "LD_PRELOAD", libjsig.toString());
  }
}
