package org.shareobject.jcache;

import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A number for the fields of a class, their types and the fields of those, by which an object of
 * another version of the class is recognised. Classes of the JDK count by their names.
 */
final class Shape {
  private final Set<Class<?>> seen = new HashSet<>();
  private final StringBuilder text = new StringBuilder();

  private Shape() {}

  static int of(Class<?> type) {
    Shape shape = new Shape();
    shape.add(type);
    CRC32C sum = new CRC32C();
    sum.update(shape.text.toString().getBytes(StandardCharsets.UTF_8));
    return (int) sum.getValue();
  }

  private void add(Type type) {
    if (type instanceof ParameterizedType generic) {
      add(generic.getRawType());
      for (Type argument : generic.getActualTypeArguments()) {
        add(argument);
      }
    } else if (type instanceof GenericArrayType array) {
      text.append('[');
      add(array.getGenericComponentType());
    } else if (type instanceof Class<?> plain) {
      add(plain);
    } else {
      text.append(type).append(';');
    }
  }

  private void add(Class<?> type) {
    text.append(type.getName()).append(';');
    Class<?> element = type;
    while (element.isArray()) {
      element = element.getComponentType();
    }
    boolean ours = !element.isPrimitive() && !element.getName().startsWith("java.");
    if (!ours || !seen.add(element)) {
      return;
    }
    text.append('{');
    for (Class<?> each = element;
        each != null && !each.getName().startsWith("java.");
        each = each.getSuperclass()) {
      Field[] fields = each.getDeclaredFields();
      Arrays.sort(fields, Comparator.comparing(Field::getName));
      for (Field field : fields) {
        boolean stored = !Modifier.isStatic(field.getModifiers()) || element.isEnum();
        if (stored && !Modifier.isTransient(field.getModifiers()) && !field.isSynthetic()) {
          text.append(field.getName()).append(':');
          add(field.getGenericType());
        }
      }
    }
    text.append('}');
  }
}
