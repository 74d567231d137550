package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

/** What README.md says is so. */
class ReadmeTest {
  private static final Path README = Path.of("README.md");
  private static final Path ERRORS = Path.of("docs/errors.md");
  private static final Path HEADER = Path.of("src/main/c/shareobject.h");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Hello | 2: Hello again!",
        "CacheMachine | Ada, page1, 4 entries",
        "Talk | got {\"hello\":\"child\"};got \"port\" and true",
        "Visits | \"Ada\";2"
      })
  void shouldRunTheExamples(String name, String output) throws IOException {
    String readme = Files.readString(README);
    Matcher example =
        Pattern.compile("```java\n([^`]*?public class " + name + " [^`]*?)```", Pattern.DOTALL)
            .matcher(readme);
    assertTrue(example.find());
    Path source = Files.writeString(folder.resolve(name + ".java"), example.group(1));
    int end = readme.indexOf("\n## ", example.end());
    String section = readme.substring(readme.lastIndexOf("\n## ", example.start()), end);
    String classPath = classPath(section);
    assertEquals(
        0,
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-cp", classPath, source.toString()));
    ChildJvm.Result result =
        new JvmLauncher()
            .folder(folder)
            .classPath(folder + File.pathSeparator + classPath)
            .run(name);
    assertEquals(new ChildJvm.Result(0, output.replace(';', '\n') + "\n", ""), result);
  }

  /** Returns the class path without the optional libraries that the text does not name. */
  private static String classPath(String text) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> !entry.contains("/jackson-") || text.contains(":jackson-databind`"))
        .filter(entry -> !entry.contains("/caffeine-") || text.contains(":caffeine`"))
        .filter(entry -> !entry.contains("/picocli-"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  @Test
  void shouldExplainEachError() throws IOException {
    String page = Files.readString(ERRORS);
    Matcher code = Pattern.compile("X\\(-\\d+, (E\\w+), ").matcher(Files.readString(HEADER));
    while (code.find()) {
      assertTrue(page.contains("`SHO_" + code.group(1) + "`"), code.group(1));
    }
  }
}
