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

  /** {@code long (long address)}: acquire. */
  private static final MethodHandle GET_ACQUIRE;

  /** {@code boolean (long address, long expected, long value)}. */
  private static final MethodHandle COMPARE_AND_SET;

  /** {@code int (long address)}. */
  private static final MethodHandle GET_INT;

  /** {@code long (Object bytes, long at)}: of an array, {@link #FIRST} being its first byte. */
  private static final MethodHandle GET_LONG_OF;

  private static final long FIRST;

  /** {@code void (long address, byte[] to, long at, long bytes)}, as {@link #GET_LONG_OF}. */
  private static final MethodHandle COPY;

  static {
    try {
      Access access =
          Runtime.version().feature() < FIRST_BY_FOREIGN
              ? unsafe(MethodHandles.lookup())
              : foreign(MethodHandles.lookup());
      GET_LONG = access.getLong;
      GET_ACQUIRE = access.getAcquire;
      COMPARE_AND_SET = access.compareAndSet;
      GET_INT = access.getInt;
      GET_LONG_OF = access.getLongOf;
      FIRST = access.first;
      COPY =
          MethodHandles.explicitCastArguments(
              access.copy,
              MethodType.methodType(void.class, long.class, byte[].class, long.class, long.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private record Access(
      MethodHandle getLong,
      MethodHandle getAcquire,
      MethodHandle compareAndSet,
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

  /** Reads a number at a multiple of 8; what is read after it is no older. */
  static long getAcquire(long address) {
    try {
      return (long) GET_ACQUIRE.invokeExact(address);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Replaces a number at a multiple of 8 if it is the expected one; returns whether it was. */
  static boolean compareAndSet(long address, long expected, long value) {
    try {
      return (boolean) COMPARE_AND_SET.invokeExact(address, expected, value);
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

  /** Copies so many bytes, all of which the array has from there on. */
  static void copy(long address, byte[] to, int at, int bytes) {
    try {
      COPY.invokeExact(address, to, FIRST + at, (long) bytes);
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
        MethodHandles.insertArguments(
            lookup.findVirtual(
                type,
                "getLongVolatile",
                MethodType.methodType(long.class, Object.class, long.class)),
            0,
            unsafe,
            null),
        MethodHandles.insertArguments(
            lookup.findVirtual(
                type,
                "compareAndSwapLong",
                MethodType.methodType(
                    boolean.class, Object.class, long.class, long.class, long.class)),
            0,
            unsafe,
            null),
        lookup
            .findVirtual(type, "getInt", MethodType.methodType(int.class, long.class))
            .bindTo(unsafe),
        lookup
            .findVirtual(
                type, "getLong", MethodType.methodType(long.class, Object.class, long.class))
            .bindTo(unsafe),
        arrayBase,
        // From no object, so from an address.
        MethodHandles.insertArguments(copy, 0, unsafe, null));
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
        access(layout.getField("JAVA_LONG_UNALIGNED").get(null), all, VarHandle.AccessMode.GET),
        access(layout.getField("JAVA_LONG").get(null), all, VarHandle.AccessMode.GET_ACQUIRE),
        access(layout.getField("JAVA_LONG").get(null), all, VarHandle.AccessMode.COMPARE_AND_SET),
        access(layout.getField("JAVA_INT_UNALIGNED").get(null), all, VarHandle.AccessMode.GET),
        MethodHandles.explicitCastArguments(
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
                .toMethodHandle(VarHandle.AccessMode.GET),
            MethodType.methodType(long.class, Object.class, long.class)),
        0,
        MethodHandles.insertArguments(copy, 0, all, bytes));
  }

  private static MethodHandle access(Object layout, Object segment, VarHandle.AccessMode mode)
      throws ReflectiveOperationException {
    Class<?> step = Class.forName("java.lang.foreign.MemoryLayout$PathElement");
    VarHandle handle =
        (VarHandle)
            Class.forName("java.lang.foreign.MemoryLayout")
                .getMethod("varHandle", step.arrayType())
                .invoke(layout, Array.newInstance(step, 0));
    return MethodHandles.insertArguments(handle.toMethodHandle(mode), 0, segment);
  }

  private static AssertionError unexpected(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return new AssertionError(e);
  }
}
