package org.shareobject.jcache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import javax.cache.CacheException;
import org.shareobject.Codec;

/**
 * Converts keys or values of a cache to bytes. The first byte says how the others are to be read;
 * it is never 0.
 *
 * <p>In this order: the configured codec; the classes that have a letter of their own; Java's
 * serialization, if the configuration names the class; JSON, if the object is of exactly the
 * declared class. Whatever is left is refused.
 *
 * @param <T> the type of keys or values
 */
final class EntryCodec<T> {
  private static final byte CONFIGURED = 'C';
  private static final byte TEXT = 'T';
  private static final byte BYTES = 'B';
  private static final byte LONG = 'L';
  private static final byte INTEGER = 'I';
  private static final byte DOUBLE = 'D';
  private static final byte BOOLEAN = 'Z';
  private static final byte ID = 'U';
  private static final byte JSON = 'J';
  private static final byte SERIALIZED = 'S';

  private final String cache;
  private final Class<T> type;
  private final Codec<T> configured;
  private final SerializedForm serialized;

  /** Null if the declared type cannot be JSON. */
  private final JsonForm json;

  private final int shape;
  private final String noJson;

  EntryCodec(
      String cache, Class<T> type, Codec<T> configured, String serialization, ClassLoader loader) {
    this.cache = cache;
    this.type = type;
    this.configured = configured;
    serialized = new SerializedForm(serialization, loader);
    JsonForm form = null;
    String reason = "its class is not the declared one, " + type.getName();
    if (!type.getName().startsWith("java.") && !type.isArray() && !type.isPrimitive()) {
      try {
        form = new JsonForm(type);
      } catch (NoClassDefFoundError e) {
        reason = "Jackson (jackson-databind) is not on the class path";
      }
    }
    json = form;
    noJson = reason;
    shape = json == null ? 0 : Shape.of(type);
  }

  /**
   * Returns the bytes of an object, {@code before} bytes of room in front of them.
   *
   * @throws ClassCastException if the object is not of the declared type
   * @throws CacheException if it cannot be stored
   */
  byte[] encode(Object object, int before) {
    if (!type.isInstance(object)) {
      throw new ClassCastException(
          "the cache "
              + cache
              + " is declared with "
              + type.getName()
              + ", but got an object of "
              + object.getClass().getName());
    }
    if (configured != null) {
      return tagged(CONFIGURED, before, configured.encode(type.cast(object)));
    } else if (object instanceof String text) {
      return tagged(TEXT, before, Codec.STRING.encode(text));
    } else if (object instanceof byte[] bytes) {
      return tagged(BYTES, before, bytes);
    } else if (object instanceof Long number) {
      return number(LONG, before, 8).putLong(number).array();
    } else if (object instanceof Integer number) {
      return number(INTEGER, before, 4).putInt(number).array();
    } else if (object instanceof Double number) {
      return number(DOUBLE, before, 8).putDouble(number).array();
    } else if (object instanceof Boolean bit) {
      return number(BOOLEAN, before, 1).put((byte) (bit ? 1 : 0)).array();
    } else if (object instanceof UUID id) {
      return number(ID, before, 16)
          .putLong(id.getMostSignificantBits())
          .putLong(id.getLeastSignificantBits())
          .array();
    } else if (serialized.allows(object.getClass())) {
      return tagged(SERIALIZED, before, serialized.encode(object));
    } else if (json != null && object.getClass() == type) {
      byte[] text = json.encode(object);
      return number(JSON, before, 4 + text.length).putInt(shape).put(text).array();
    }
    throw new CacheException(
        "an object of "
            + object.getClass().getName()
            + " cannot be stored in the cache "
            + cache
            + ": it is no String, byte[], Long, Integer, Double, Boolean or UUID, the setting"
            + " serialization does not name its class, and it is not stored as JSON because "
            + noJson
            + "; declare that class as the type, set a codec, or name its package in the setting"
            + " serialization");
  }

  private static ByteBuffer number(byte tag, int before, int length) {
    return ByteBuffer.allocate(before + 1 + length).position(before).put(tag);
  }

  private static byte[] tagged(byte tag, int before, byte[] bytes) {
    byte[] all = new byte[before + 1 + bytes.length];
    all[before] = tag;
    System.arraycopy(bytes, 0, all, before + 1, bytes.length);
    return all;
  }

  /**
   * Returns the object that bytes from an offset on encode; null if they cannot be read here: they
   * are of another version of the class, or of another type.
   */
  T decode(byte[] bytes, int offset) {
    try {
      Object object = object(bytes, offset);
      return type.isInstance(object) ? type.cast(object) : null;
    } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError e) {
      return null;
    }
  }

  private Object object(byte[] bytes, int offset) throws IOException, ClassNotFoundException {
    int start = offset + 1;
    ByteBuffer rest = ByteBuffer.wrap(bytes, start, bytes.length - start);
    return switch (bytes[offset]) {
      case CONFIGURED -> configured == null ? null : configured.decode(rest);
      case TEXT -> new String(bytes, start, bytes.length - start, StandardCharsets.UTF_8);
      case BYTES -> Arrays.copyOfRange(bytes, start, bytes.length);
      case LONG -> rest.getLong();
      case INTEGER -> rest.getInt();
      case DOUBLE -> rest.getDouble();
      case BOOLEAN -> rest.get() != 0;
      case ID -> new UUID(rest.getLong(), rest.getLong());
      case SERIALIZED -> serialized.decode(bytes, start);
      case JSON ->
          json == null || rest.getInt() != shape ? null : json.decode(bytes, rest.position());
      default -> null;
    };
  }
}
