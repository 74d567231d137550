package org.shareobject.internal.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The codes of C and Java are the same. */
class ResultsTest {
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Path HEADER = Path.of("src/main/c/shareobject.h");

  @BeforeAll
  static void load() {
    NativeLibrary.load();
  }

  @Test
  void shouldKnowTheCodesOfTheHeader() throws IOException, IllegalAccessException {
    Map<String, Integer> codes = codesOfHeader();
    for (Field field : Results.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        assertEquals(codes.get(field.getName()), (Integer) field.getInt(null), field.getName());
      }
    }
  }

  /** Exceptions that Java makes by itself name their code by its text. */
  @Test
  void shouldNameNoCodesButThoseOfTheHeader() throws IOException {
    Set<String> codes = codesOfHeader().keySet();
    List<String> unknown = new ArrayList<>();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path file : files.filter(name -> name.toString().endsWith(".java")).toList()) {
        Matcher code = Pattern.compile("\\bSHO_(E\\w+)").matcher(Files.readString(file));
        while (code.find()) {
          if (!codes.contains(code.group(1)) && !code.group().startsWith("SHO_EVICTION")) {
            unknown.add(SOURCES.relativize(file) + ": " + code.group());
          }
        }
      }
    }
    assertEquals(List.of(), unknown);
  }

  private static Map<String, Integer> codesOfHeader() throws IOException {
    Map<String, Integer> codes = new TreeMap<>();
    Matcher row = Pattern.compile("X\\((-\\d+), (E\\w+), \"").matcher(Files.readString(HEADER));
    while (row.find()) {
      codes.put(row.group(2), Integer.valueOf(row.group(1)));
    }
    assertTrue(codes.size() >= 22, codes.toString());
    return codes;
  }

  @Test
  void shouldNameCodesAsTheLibraryDoes() throws IllegalAccessException {
    for (Field field : Results.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        assertEquals("SHO_" + field.getName(), name(field.getInt(null)));
      }
    }
    assertEquals("SHO_OK", name(0));
    assertEquals("SHO_E?", name(-9999));
  }

  @Test
  void shouldPassResultsThatAreNoErrors() {
    assertEquals(0, Results.check(0));
    assertEquals(Long.MAX_VALUE, Results.check(Long.MAX_VALUE));
  }

  private static String name(int code) {
    return new String(LibraryNative.errorName(code), StandardCharsets.UTF_8);
  }
}
