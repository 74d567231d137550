package org.shareobject.internal.map;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.nio.ByteOrder;

/**
 * Memory by its address, and arrays, as little-endian numbers. An access is one instruction;
 * nothing checks an address or, up to JDK 23, an index.
 *
 * <p>Up to JDK 23 it is {@code sun.misc.Unsafe}. JDK 24 warns of that, and later ones are to refuse
 * it; from there on it is {@code java.lang.foreign}, which wants the same flag as a native library,
 * {@code --enable-native-access}. Sources for Java 17 cannot name the one without warnings, nor the
 * other at all, so both are reached by constant method handles, which the JIT compiler sees
 * through.
 */
final class Memory {
  private static final int FIRST_BY_FOREIGN = 24;

  /** {@code long (long address)}. */
  private static final MethodHandle GET_LONG;

  /** {@code int (long address)}. */
  private static final MethodHandle GET_INT;

  /** {@code long (Object bytes, long at)}: of an array, {@link #FIRST} being its first byte. */
  private static final MethodHandle GET_LONG_OF;

  private static final long FIRST;

  /** {@code void (long address, byte[] to, int bytes)}. */
  private static final MethodHandle COPY;

  static {
    try {
      Access access =
          Runtime.version().feature() < FIRST_BY_FOREIGN
              ? unsafe(MethodHandles.lookup())
              : foreign(MethodHandles.lookup());
      GET_LONG = access.getLong;
      GET_INT = access.getInt;
      GET_LONG_OF = access.getLongOf;
      FIRST = access.first;
      COPY =
          access.copy.asType(
              MethodType.methodType(void.class, long.class, byte[].class, int.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private record Access(
      MethodHandle getLong,
      MethodHandle getInt,
      MethodHandle getLongOf,
      long first,
      MethodHandle copy) {}

  private Memory() {}

  static long getLong(long address) {
    try {
      return (long) GET_LONG.invokeExact(address);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Returns 8 bytes of an array, all of which it has. */
  static long getLong(byte[] bytes, int at) {
    try {
      return (long) GET_LONG_OF.invokeExact((Object) bytes, FIRST + at);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int getInt(long address) {
    try {
      return (int) GET_INT.invokeExact(address);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Copies as many bytes as the array has. */
  static void copy(long address, byte[] to) {
    try {
      COPY.invokeExact(address, to, to.length);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Returns whether those bytes, at least 8, are at the address. */
  static boolean equal(long address, byte[] bytes) {
    int last = bytes.length - Long.BYTES;
    for (int i = 0; i < last; i += Long.BYTES) {
      if (getLong(address + i) != getLong(bytes, i)) {
        return false;
      }
    }
    return getLong(address + last) == getLong(bytes, last);
  }

  private static Access unsafe(Lookup lookup) throws ReflectiveOperationException {
    Class<?> type = Class.forName("sun.misc.Unsafe");
    Field field = type.getDeclaredField("theUnsafe");
    field.setAccessible(true);
    Object unsafe = field.get(null);
    long arrayBase = type.getField("ARRAY_BYTE_BASE_OFFSET").getInt(null);
    MethodHandle copy =
        lookup.findVirtual(
            type,
            "copyMemory",
            MethodType.methodType(
                void.class, Object.class, long.class, Object.class, long.class, long.class));
    return new Access(
        lookup
            .findVirtual(type, "getLong", MethodType.methodType(long.class, long.class))
            .bindTo(unsafe),
        lookup
            .findVirtual(type, "getInt", MethodType.methodType(int.class, long.class))
            .bindTo(unsafe),
        lookup
            .findVirtual(
                type, "getLong", MethodType.methodType(long.class, Object.class, long.class))
            .bindTo(unsafe),
        arrayBase,
        // From no object, so from an address; to the array's first byte.
        MethodHandles.insertArguments(
            MethodHandles.insertArguments(copy, 0, unsafe, null), 2, arrayBase));
  }

  private static Access foreign(Lookup lookup) throws ReflectiveOperationException {
    Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
    Class<?> layout = Class.forName("java.lang.foreign.ValueLayout");
    Object all =
        segment
            .getMethod("reinterpret", long.class)
            .invoke(segment.getField("NULL").get(null), Long.MAX_VALUE);
    MethodHandle copy =
        lookup.findStatic(
            segment,
            "copy",
            MethodType.methodType(
                void.class, segment, layout, long.class, Object.class, int.class, int.class));
    Object bytes = layout.getField("JAVA_BYTE").get(null);
    return new Access(
        getter(layout.getField("JAVA_LONG_UNALIGNED").get(null), all),
        getter(layout.getField("JAVA_INT_UNALIGNED").get(null), all),
        MethodHandles.explicitCastArguments(
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
                .toMethodHandle(VarHandle.AccessMode.GET),
            MethodType.methodType(long.class, Object.class, long.class)),
        0,
        MethodHandles.insertArguments(MethodHandles.insertArguments(copy, 0, all, bytes), 2, 0));
  }

  private static MethodHandle getter(Object layout, Object segment)
      throws ReflectiveOperationException {
    Class<?> step = Class.forName("java.lang.foreign.MemoryLayout$PathElement");
    VarHandle handle =
        (VarHandle)
            Class.forName("java.lang.foreign.MemoryLayout")
                .getMethod("varHandle", step.arrayType())
                .invoke(layout, Array.newInstance(step, 0));
    return MethodHandles.insertArguments(
        handle.toMethodHandle(VarHandle.AccessMode.GET), 0, segment);
  }

  private static AssertionError unexpected(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return new AssertionError(e);
  }
}
