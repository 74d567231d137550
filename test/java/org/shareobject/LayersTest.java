package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What may use what: the internal packages form no circle. */
class LayersTest {
  private static final Path INTERNAL = Path.of("src/main/java/org/shareobject/internal");
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?org\\.shareobject\\.internal\\.([a-z]+)\\.");

  @Test
  void shouldHaveNoCircleBetweenInternalPackages() throws IOException {
    Map<String, Set<String>> uses = new TreeMap<>();
    for (Path file : sources(INTERNAL)) {
      String own = INTERNAL.relativize(file).getName(0).toString();
      Set<String> used = uses.computeIfAbsent(own, any -> new TreeSet<>());
      Matcher name = IMPORT.matcher(Files.readString(file));
      while (name.find()) {
        if (!name.group(1).equals(own)) {
          used.add(name.group(1));
        }
      }
    }
    assertTrue(uses.size() >= 8, uses.toString());
    // Whoever uses none of those that are left is taken away; a circle stays.
    boolean isLess = true;
    while (isLess) {
      Set<String> left = Set.copyOf(uses.keySet());
      isLess = uses.values().removeIf(used -> left.stream().noneMatch(used::contains));
    }
    assertEquals(Map.of(), uses);
  }

  @Test
  void shouldMakeBytesWithoutCodecAndTheWindowWithoutShareObject() throws IOException {
    for (Path file : sources(INTERNAL.resolve("codec"))) {
      assertUsesNot(file, "Codec");
    }
    assertUsesNot(INTERNAL.resolve("cell/Addon.java"), "ShareObject");
  }

  private static void assertUsesNot(Path file, String type) throws IOException {
    Matcher name = Pattern.compile("\\b" + type + "\\b").matcher(Files.readString(file));
    assertFalse(name.find(), () -> file + " names " + type);
  }

  private static List<Path> sources(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(name -> name.toString().endsWith(".java")).toList();
    }
  }
}
