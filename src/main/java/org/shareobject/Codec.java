package org.shareobject;

import java.io.ObjectInputFilter;
import java.nio.ByteBuffer;
import org.shareobject.internal.codec.JsonBytes;
import org.shareobject.internal.codec.LongBytes;
import org.shareobject.internal.codec.SerializedBytes;
import org.shareobject.internal.text.Utf8;

/**
 * How objects become bytes and bytes objects again. May be called by any thread at any time.
 *
 * <p>Keys are one key if their bytes are equal: of a key codec, equal objects must make equal
 * bytes. All processes that open a map should name the same codecs; the file does not know them.
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

  /** Bytes as they are. What a map returns is the caller's own. */
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
   * Returns a codec by which objects become JSON, by Jackson with its default settings. Bytes that
   * do not fit the type are refused with {@link ShareException}, {@code SHO_ETYPE}; objects that
   * cannot be written with {@link IllegalArgumentException}.
   *
   * @param type the class of the objects, as {@code JsonNode.class}
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
   * Returns a codec by which objects become what Java's serialization makes of them. Bytes that do
   * not fit the type, or that the filter refuses, are refused with {@link ShareException}, {@code
   * SHO_ETYPE}; objects that cannot be written with {@link IllegalArgumentException}.
   *
   * @param type the class of the objects
   * @param filter decides which classes may be read, as {@code
   *     ObjectInputFilter.Config.createFilter("com.example.*;!*")}: every process that can write
   *     the file says what is read
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
   * Returns the bytes of an object. A map that calls it does not change or keep them.
   *
   * @param value the object, never null
   * @return its bytes, never null
   */
  byte[] encode(T value);

  /**
   * Returns the object of bytes.
   *
   * @param bytes what {@link #encode} made in some process; the codec may keep them
   * @return the object, never null
   */
  T decode(byte[] bytes);

  /**
   * Returns the object of the bytes that remain in a buffer, as in {@code map.read(key,
   * codec::decode)}. As is, copies them; a codec that can do without overrides it.
   *
   * @param bytes what {@link #encode} made; not to be kept
   * @return the object, never null
   */
  default T decode(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return decode(copy);
  }
}
