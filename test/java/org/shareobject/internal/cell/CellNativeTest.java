package org.shareobject.internal.cell;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Java and C take the places of numbers in arrays from the same constants. */
class CellNativeTest {
  @Test
  void shouldGiveEachNumberOfTheInfoAPlaceOfItsOwn() {
    assertPlaces(CellNative.INFO_FIELDS, "INFO_");
  }

  private static void assertPlaces(int count, String prefix) {
    int[] places =
        Arrays.stream(CellNative.class.getDeclaredFields())
            .filter(field -> Modifier.isStatic(field.getModifiers()))
            .filter(field -> field.getName().startsWith(prefix))
            .filter(field -> !field.getName().equals(prefix + "FIELDS"))
            .mapToInt(CellNativeTest::valueOf)
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
