package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The metadata for GraalVM's native images against what the sources reach by name. */
class ReachabilityMetadataTest {
  private static final Path CLASSES = Path.of("target/classes");
  private static final Path FILE =
      CLASSES.resolve(
          "META-INF/native-image/org.shareobject/shareobject/reachability-metadata.json");
  private static final Path JAVA = Path.of("src/main/java/org/shareobject");
  private static final Path JNI = Path.of("src/main/c/jni");

  private static final Map<String, Class<?>> PRIMITIVES =
      Map.of("int", int.class, "long", long.class, "boolean", boolean.class);

  @Test
  void shouldNameWhatJavaReachesByName() throws IOException {
    String java = sources(JAVA, ".java", JAVA.resolve("cli"));
    List<JsonNode> entries = entries(false);
    assertEquals(
        found(java, "Class\\.forName\\(\\s*\"([^\"]+)\""),
        types(entries).filter(type -> !type.endsWith("[]")).collect(sorted()));
    Set<String> members = found(java, "get(?:Declared)?(?:Method|Field)\\(\\s*\"(\\w+)\"");
    members.addAll(found(java, "find(?:Virtual|Static)\\(\\s*\\w+,\\s*\"(\\w+)\""));
    assertTrue(members.size() >= 10, members.toString());
    Set<String> named = members(entries);
    assertTrue(named.containsAll(members), () -> named + " and " + members);
  }

  @Test
  void shouldNameWhatNativesReachByName() throws IOException {
    String natives = sources(JNI, ".c", null);
    List<JsonNode> entries = entries(true);
    assertEquals(
        found(natives, "[=,] \"(\\w+(?:/[\\w$]+)+)\"").stream()
            .map(name -> name.replace('/', '.'))
            .collect(sorted()),
        types(entries).collect(sorted()));
    assertEquals(
        found(natives, "Get(?:Static)?(?:Method|Field)ID\\(\\s*env, \\w+,\\s*\"([^\"]+)\""),
        members(entries));
  }

  @Test
  void shouldNameMembersThatTheJdkHas() throws Exception {
    List<JsonNode> all = entries(false);
    all.addAll(entries(true));
    for (JsonNode entry : all) {
      String name = entry.get("type").asText();
      if (name.startsWith("java.lang.foreign.") && Runtime.version().feature() < 22) {
        continue;
      }
      Class<?> type = type(name);
      for (JsonNode field : entry.path("fields")) {
        assertNotNull(type.getDeclaredField(field.get("name").asText()));
      }
      for (JsonNode method : entry.path("methods")) {
        List<Class<?>> parameters = new ArrayList<>();
        for (JsonNode parameter : method.get("parameterTypes")) {
          parameters.add(type(parameter.asText()));
        }
        Class<?>[] signature = parameters.toArray(Class<?>[]::new);
        String called = method.get("name").asText();
        assertNotNull(
            called.equals("<init>")
                ? type.getDeclaredConstructor(signature)
                : type.getDeclaredMethod(called, signature));
      }
    }
  }

  @Test
  void shouldNameTheResourcesOfTheJar() throws IOException {
    Set<PathMatcher> globs =
        metadata().get("resources").findValuesAsText("glob").stream()
            .map(glob -> FileSystems.getDefault().getPathMatcher("glob:" + glob))
            .collect(Collectors.toSet());
    try (Stream<Path> files = Files.walk(CLASSES)) {
      List<Path> resources =
          files
              .filter(Files::isRegularFile)
              .map(CLASSES::relativize)
              .filter(file -> !file.toString().endsWith(".class"))
              .filter(file -> !file.startsWith("META-INF") || file.startsWith("META-INF/lib"))
              .toList();
      assertTrue(resources.size() >= 2, resources.toString());
      for (Path resource : resources) {
        assertTrue(globs.stream().anyMatch(glob -> glob.matches(resource)), resource.toString());
      }
      assertTrue(
          globs.stream().allMatch(glob -> resources.stream().anyMatch(glob::matches)),
          resources.toString());
    }
  }

  private static JsonNode metadata() throws IOException {
    return new JsonMapper().readTree(FILE.toFile());
  }

  private static List<JsonNode> entries(boolean areNatives) throws IOException {
    List<JsonNode> entries = new ArrayList<>();
    for (JsonNode entry : metadata().get("reflection")) {
      if (entry.path("jniAccessible").asBoolean() == areNatives) {
        entries.add(entry);
      }
    }
    return entries;
  }

  private static Stream<String> types(List<JsonNode> entries) {
    return entries.stream().map(entry -> entry.get("type").asText());
  }

  private static Set<String> members(List<JsonNode> entries) {
    return entries.stream()
        .flatMap(entry -> Stream.of(entry.path("fields"), entry.path("methods")))
        .flatMap(list -> list.findValuesAsText("name").stream())
        .collect(sorted());
  }

  private static java.util.stream.Collector<String, ?, Set<String>> sorted() {
    return Collectors.toCollection(TreeSet::new);
  }

  private static Class<?> type(String name) throws ClassNotFoundException {
    if (name.endsWith("[]")) {
      return type(name.substring(0, name.length() - 2)).arrayType();
    }
    Class<?> primitive = PRIMITIVES.get(name);
    ClassLoader loader = ReachabilityMetadataTest.class.getClassLoader();
    return primitive != null ? primitive : Class.forName(name, false, loader);
  }

  private static Set<String> found(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    Set<String> found = new TreeSet<>();
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  private static String sources(Path folder, String suffix, Path without) throws IOException {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(name -> name.toString().endsWith(suffix)).toList()) {
        if (without == null || !file.startsWith(without)) {
          text.append(Files.readString(file));
        }
      }
    }
    return text.toString();
  }
}
