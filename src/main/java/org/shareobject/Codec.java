package org.shareobject;

import java.io.ObjectInputFilter;
import java.nio.ByteBuffer;
import org.shareobject.internal.codec.JsonBytes;
import org.shareobject.internal.codec.LongBytes;
import org.shareobject.internal.codec.SerializedBytes;
import org.shareobject.internal.text.Utf8;

/**
 * Converts objects to bytes and back. May be called by any thread at any time.
 *
 * <p>Two keys are the same key if their bytes are equal, so a key codec must encode equal objects
 * to equal bytes. All processes that open a map should use the same codecs; the file does not
 * record them.
 *
 * @param <T> the type of the objects
 */
public interface Codec<T> {
  /**
   * Text as UTF-8. Bytes that are not UTF-8 become U+FFFD; a lone surrogate is refused with {@link
   * IllegalArgumentException}.
   */
  Codec<String> STRING =
      new Codec<>() {
        @Override
        public byte[] encode(String value) {
          return Utf8.encode(value);
        }

        @Override
        public String decode(byte[] bytes) {
          return Utf8.decode(bytes, bytes.length);
        }
      };

  /** Bytes without any conversion. The arrays that a map returns belong to the caller. */
  Codec<byte[]> BYTES =
      new Codec<>() {
        @Override
        public byte[] encode(byte[] value) {
          return value;
        }

        @Override
        public byte[] decode(byte[] bytes) {
          return bytes;
        }
      };

  /**
   * A number as 8 bytes, little-endian. Bytes of any other length are refused with {@link
   * ShareException}, {@code SHO_ETYPE}.
   */
  Codec<Long> LONG =
      new Codec<>() {
        @Override
        public byte[] encode(Long value) {
          return LongBytes.encode(value);
        }

        @Override
        public Long decode(byte[] bytes) {
          return LongBytes.decode(bytes);
        }
      };

  /**
   * Returns a codec that encodes objects as JSON, using Jackson with its default settings. Bytes
   * that do not match the type are refused with {@link ShareException}, {@code SHO_ETYPE}; objects
   * that cannot be written with {@link IllegalArgumentException}.
   *
   * @param type the class of the objects, for example {@code JsonNode.class}
   * @param <T> the type of the objects
   * @return the codec
   * @throws IllegalStateException if Jackson ({@code jackson-databind}) is not on the class path
   */
  static <T> Codec<T> json(Class<T> type) {
    JsonBytes<T> json;
    try {
      json = new JsonBytes<>(type);
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          "Codec.json needs Jackson: put com.fasterxml.jackson.core:jackson-databind on the class"
              + " path",
          e);
    }
    return new Codec<>() {
      @Override
      public byte[] encode(T value) {
        return json.encode(value);
      }

      @Override
      public T decode(byte[] bytes) {
        return json.decode(bytes);
      }
    };
  }

  /**
   * Returns a codec that uses Java's serialization. Bytes that do not match the type, or that the
   * filter rejects, are refused with {@link ShareException}, {@code SHO_ETYPE}; objects that cannot
   * be written with {@link IllegalArgumentException}.
   *
   * @param type the class of the objects
   * @param filter decides which classes may be read, for example {@code
   *     ObjectInputFilter.Config.createFilter("com.example.*;!*")}: any process that can write the
   *     file chooses what is read
   * @param <T> the type of the objects
   * @return the codec
   */
  static <T> Codec<T> serializable(Class<T> type, ObjectInputFilter filter) {
    SerializedBytes<T> serialized = new SerializedBytes<>(type, filter);
    return new Codec<>() {
      @Override
      public byte[] encode(T value) {
        return serialized.encode(value);
      }

      @Override
      public T decode(byte[] bytes) {
        return serialized.decode(bytes);
      }
    };
  }

  /**
   * Returns the bytes of an object. A map neither changes nor keeps them.
   *
   * @param value the object, never null
   * @return its bytes, never null
   */
  byte[] encode(T value);

  /**
   * Returns the object that the bytes encode.
   *
   * @param bytes what {@link #encode} returned in some process; the codec may keep them
   * @return the object, never null
   */
  T decode(byte[] bytes);

  /**
   * Returns the object that the remaining bytes of a buffer encode, for example in {@code
   * map.read(key, codec::decode)}. By default it copies them; a codec that needs no copy overrides
   * it.
   *
   * @param bytes what {@link #encode} returned; must not be kept
   * @return the object, never null
   */
  default T decode(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return decode(copy);
  }
}
