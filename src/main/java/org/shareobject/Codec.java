package org.shareobject;

import java.io.ObjectInputFilter;
import java.nio.ByteBuffer;
import org.shareobject.internal.codec.BytesCodec;
import org.shareobject.internal.codec.JsonCodec;
import org.shareobject.internal.codec.LongCodec;
import org.shareobject.internal.codec.SerializableCodec;
import org.shareobject.internal.codec.StringCodec;

/**
 * How objects become bytes and bytes objects again. May be called by any thread at any time.
 *
 * <p>Keys are one key if their bytes are equal: of a key codec, equal objects must make equal
 * bytes. All processes that open a map should name the same codecs; the file does not know them.
 *
 * @param <T> the type of the objects
 */
// Nothing else touches the classes of these constants, so this interface is initialised first.
@SuppressWarnings("ClassInitializationDeadlock")
public interface Codec<T> {
  /**
   * Text as UTF-8. Bytes that are not UTF-8 become U+FFFD; a lone surrogate is refused with {@link
   * IllegalArgumentException}.
   */
  Codec<String> STRING = new StringCodec();

  /** Bytes as they are. What a map returns is the caller's own. */
  Codec<byte[]> BYTES = new BytesCodec();

  /**
   * A number as 8 bytes, little-endian. Bytes of any other length are refused with {@link
   * ShareException}, {@code SHO_ETYPE}.
   */
  Codec<Long> LONG = new LongCodec();

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
    try {
      return new JsonCodec<>(type);
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          "Codec.json needs Jackson: put com.fasterxml.jackson.core:jackson-databind on the class"
              + " path",
          e);
    }
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
    return new SerializableCodec<>(type, filter);
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
