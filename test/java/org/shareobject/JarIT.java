package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

/** The jar as its users have it: on a class path, as a module, and in a linked image. */
@Timeout(300)
class JarIT {
  private static final Path JAR = Path.of(System.getProperty("shareobject.jar"));

  private static final String MAP_ONLY =
      """
      package consumer;

      import java.nio.file.Path;
      import org.shareobject.Codec;
      import org.shareobject.ShareMap;
      import org.shareobject.ShareObject;

      public class Main {
        private Main() {}

        public static void main(String[] args) {
          try (ShareMap<String, Long> map =
                  ShareMap.builder(Codec.STRING, Codec.LONG).open(Path.of("map"));
              ShareObject cell = ShareObject.open(Path.of("cell"))) {
            map.set("visits", 7L);
            cell.set("hello");
            System.out.println(cell.get() + " " + map.get("visits"));
          }
        }
      }
      """;

  private static final String TALKS =
      """
      package consumer;

      import com.fasterxml.jackson.databind.JsonNode;
      import java.util.concurrent.CompletableFuture;
      import java.util.concurrent.LinkedBlockingQueue;
      import org.shareobject.ipc.Channel;
      import org.shareobject.ipc.Worker;

      public class Main {
        private Main() {}

        public static void main(String[] args) throws InterruptedException {
          LinkedBlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
          try (Worker worker = Worker.fork(Child.class)) {
            worker.channel().onMessage((message, handle) -> answers.add(message));
            CompletableFuture<Void> sent = worker.channel().send("hello");
            sent.join();
            System.out.println(answers.take().asText() + " in " + Channel.class.getModule());
          }
        }

        public static class Child {
          private Child() {}

          public static void main(String[] args) {
            Channel parent = Channel.parent().orElseThrow();
            parent.onMessage((message, handle) -> parent.send(message));
          }
        }
      }
      """;

  @TempDir Path folder;

  @Test
  void shouldHoldNoClassesOfOthersButTheirLicence() throws IOException {
    List<String> names;
    try (JarFile jar = new JarFile(JAR.toFile())) {
      names = jar.stream().filter(entry -> !entry.isDirectory()).map(ZipEntry::getName).toList();
    }
    assertEquals(
        List.of(),
        names.stream()
            .filter(
                name ->
                    !name.startsWith("org/shareobject/")
                        && !name.startsWith("META-INF/")
                        && !name.equals("module-info.class"))
            .toList());
    assertTrue(names.contains("META-INF/LICENSE"));
    assertTrue(names.contains("META-INF/licenses/native-lib-loader.txt"));
    assertTrue(names.stream().anyMatch(name -> name.endsWith("/NativeLibraryUtil.class")));
    // These empty folders of others once they are initialised.
    assertFalse(
        names.stream().anyMatch(name -> name.matches(".*(NativeLoader|\\wJniExtractor).class")));
  }

  @Test
  void shouldRequireModulesOfTheJdkOnly() {
    Set<Requires> requires =
        ModuleFinder.of(JAR).find("org.shareobject").orElseThrow().descriptor().requires();
    assertEquals(
        Set.of("java.base", "jdk.unsupported"), names(requires, each -> !isOptional(each)));
    assertEquals(
        Set.of(
            "com.fasterxml.jackson.databind",
            "info.picocli",
            "java.management",
            "jdk.jfr",
            "micrometer.core"),
        names(requires, JarIT::isOptional));
    assertEquals(
        Set.of(), names(requires, each -> each.modifiers().contains(Requires.Modifier.TRANSITIVE)));
  }

  @Test
  void shouldNeedNoOtherJarAndPrintNothing() throws IOException {
    Path classes = compile(MAP_ONLY, "--class-path", JAR.toString());
    ChildJvm.Result result =
        launcher("ALL-UNNAMED")
            .classPath(classes + File.pathSeparator + JAR)
            .folder(folder)
            .run("consumer.Main");
    assertEquals(new ChildJvm.Result(0, "hello 7\n", ""), result);
  }

  @Test
  void shouldLinkAndRunWithoutJackson() throws IOException {
    Path classes = compileModule(MAP_ONLY, JAR.toString(), "requires org.shareobject;");
    Path jmods = Path.of(System.getProperty("java.home"), "jmods");
    assumeTrue(
        Files.isDirectory(jmods) || Runtime.version().feature() >= 24,
        "jlink needs " + jmods + " (Debian: openjdk-17-jdk-headless has it)");
    Path image = folder.resolve("image");
    tool(
        "jlink",
        "--module-path",
        classes + File.pathSeparator + JAR,
        "--add-modules",
        "consumer",
        "--output",
        image.toString());
    ChildJvm.Result modules =
        launcher("").home(image).classPath("").folder(folder).run("--list-modules");
    assertEquals(
        Set.of("consumer", "java.base", "jdk.unsupported", "org.shareobject"),
        modules.out().lines().map(line -> line.replaceAll("@.*", "")).collect(Collectors.toSet()));
    ChildJvm.Result result =
        launcher("org.shareobject")
            .home(image)
            .classPath("")
            .folder(folder)
            .run("consumer/consumer.Main");
    assertEquals(new ChildJvm.Result(0, "hello 7\n", ""), result);
  }

  @Test
  void shouldTalkWithinAModuleThatRequiresJackson() throws IOException {
    String path = modulePath("jackson-.*");
    Path classes =
        compileModule(
            TALKS, path, "requires org.shareobject; requires com.fasterxml.jackson.databind;");
    ChildJvm.Result result =
        launcher("org.shareobject")
            .options("--module-path", classes + File.pathSeparator + path)
            .classPath("")
            .run("consumer/consumer.Main");
    assertEquals("hello in module org.shareobject\n", result.out(), result.err());
    assertEquals("", result.err());
  }

  @Test
  void shouldRunTheCommandAsModule() {
    String file = folder.resolve("share-data").toString();
    assertEquals(new ChildJvm.Result(0, "", ""), runMain("write", "Hello Module!", "-f", file));
    assertEquals(new ChildJvm.Result(0, "Hello Module!\n", ""), runMain("read", "-f", file));
  }

  @Test
  void shouldSayWhatTheCommandNeedsWhenStartedAlone() {
    ChildJvm.Result result = launcher("").classPath("").options("-jar", JAR.toString()).run("demo");
    assertEquals(1, result.code());
    assertEquals("", result.out());
    assertTrue(result.err().startsWith("shareobject: the command needs picocli"), result.err());
    assertEquals(1, result.err().lines().count(), result.err());
  }

  @Test
  void shouldDemonstrateAsModule() {
    ChildJvm.Result result = runMain("demo", "--seconds", "12");
    assertEquals(0, result.code(), result.toString());
    assertTrue(result.out().contains("reader> Hello World!\n"), result.out());
    assertEquals("", result.err());
  }

  @Test
  void shouldWorkAsModuleWithoutPicocli() {
    Path file = folder.resolve("share-data");
    try (ChildJvm writer =
        module("")
            .options("-Dshareobject.path=" + file)
            .start("org.shareobject/org.shareobject.cli.DemoProcess", "writer")) {
      assertEquals("stored 12 bytes: Hello World!", writer.nextLine());
    }
    assertTrue(Files.exists(file));
  }

  private static ChildJvm.Result runMain(String... args) {
    return module("picocli-.*")
        .options("--add-modules", "info.picocli")
        .run("org.shareobject/org.shareobject.cli.Main", args);
  }

  private static JvmLauncher module(String jars) {
    return launcher("org.shareobject").classPath("").options("--module-path", modulePath(jars));
  }

  /** Returns the jar, and those of the tests' class path whose names match. */
  private static String modulePath(String jars) {
    Stream<String> others =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .filter(entry -> new File(entry).getName().matches(jars));
    return Stream.concat(Stream.of(JAR.toString()), others)
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static JvmLauncher launcher(String natives) {
    JvmLauncher launcher = new JvmLauncher().plain();
    return natives.isEmpty() || Runtime.version().feature() < 24
        ? launcher
        : launcher.options("--enable-native-access=" + natives);
  }

  private Path compileModule(String program, String path, String directives) throws IOException {
    Path info = folder.resolve("module-info.java");
    Files.writeString(info, "module consumer { " + directives + " }");
    // javac would take the class path of this JVM.
    String none = folder.toString();
    return compile(program, "--module-path", path, "--class-path", none, info.toString());
  }

  /** Compiles a program with all warnings as errors. */
  private Path compile(String program, String... options) throws IOException {
    Path classes = folder.resolve("classes");
    Path main = Files.writeString(folder.resolve("Main.java"), program);
    List<String> words = new ArrayList<>(List.of("-Xlint:all", "-Werror", "-d"));
    words.addAll(List.of(classes.toString(), main.toString()));
    words.addAll(List.of(options));
    tool("javac", words.toArray(String[]::new));
    return classes;
  }

  private static void tool(String name, String... args) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    int code = ToolProvider.findFirst(name).orElseThrow().run(out, out, args);
    assertEquals(0, code, () -> name + ": " + bytes.toString(StandardCharsets.UTF_8));
  }

  private static boolean isOptional(Requires requires) {
    return requires.modifiers().contains(Requires.Modifier.STATIC);
  }

  private static Set<String> names(Set<Requires> requires, Predicate<Requires> filter) {
    return requires.stream().filter(filter).map(Requires::name).collect(Collectors.toSet());
  }
}
