package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.Survivor;
import org.shareobject.testing.VirtualThreads;

/** JVMs with and without flags. */
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

  private void survives(JvmLauncher launcher) {
    ChildJvm.Result result = launcher.run(Survivor.class, folder.toString());
    assertEquals(new ChildJvm.Result(0, ALL_SURVIVED, ""), result);
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
