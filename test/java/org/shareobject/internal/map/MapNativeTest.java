package org.shareobject.internal.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Java and C take the places of numbers in arrays from the same constants. */
class MapNativeTest {
  @Test
  void shouldGiveEachNumberOfTheViewAPlaceOfItsOwn() {
    assertPlaces(MapNative.VIEW_FIELDS, "VIEW_");
  }

  @Test
  void shouldGiveEachNumberOfTheStatsAPlaceOfItsOwn() {
    assertPlaces(MapNative.STATS_FIELDS, "STATS_");
  }

  private static void assertPlaces(int count, String prefix) {
    int[] places =
        Arrays.stream(MapNative.class.getDeclaredFields())
            .filter(field -> Modifier.isStatic(field.getModifiers()))
            .filter(field -> field.getName().startsWith(prefix))
            .filter(field -> !field.getName().equals(prefix + "FIELDS"))
            .mapToInt(MapNativeTest::valueOf)
            .sorted()
            .toArray();
    assertArrayEquals(IntStream.range(0, count).toArray(), places);
  }

  private static int valueOf(Field constant) {
    try {
      return constant.getInt(null);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }
}
