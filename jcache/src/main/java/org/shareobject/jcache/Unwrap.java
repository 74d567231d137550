package org.shareobject.jcache;

/** What all {@code unwrap} methods of JCache do. */
final class Unwrap {
  private Unwrap() {}

  static <T> T as(Class<T> type, Object object) {
    if (!type.isInstance(object)) {
      throw new IllegalArgumentException(
          "a " + object.getClass().getName() + " is no " + type.getName());
    }
    return type.cast(object);
  }
}
