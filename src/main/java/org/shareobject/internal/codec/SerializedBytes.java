package org.shareobject.internal.codec;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.util.Objects;
import org.shareobject.ShareException;

/** Objects of a type as what Java's serialization makes of them. */
public final class SerializedBytes<T> {
  private final Class<T> type;
  private final ObjectInputFilter filter;

  /** Prepares to read objects of the type, of classes that the filter allows. */
  public SerializedBytes(Class<T> type, ObjectInputFilter filter) {
    this.type = Objects.requireNonNull(type, "type");
    this.filter = Objects.requireNonNull(filter, "filter");
  }

  /**
   * Returns the bytes of an object.
   *
   * @throws IllegalArgumentException if it cannot be written
   */
  public byte[] encode(T value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(type.cast(value));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "a " + value.getClass().getName() + " cannot be serialized: " + e, e);
    }
    return bytes.toByteArray();
  }

  /**
   * Returns the object of its bytes.
   *
   * @throws ShareException if they do not fit the type, or the filter refuses them
   */
  public T decode(byte[] bytes) {
    try (ObjectInputStream in = new TypesInputStream(new ByteArrayInputStream(bytes))) {
      in.setObjectInputFilter(filter);
      return Objects.requireNonNull(type.cast(in.readObject()), "it is null");
    } catch (IOException | ReflectiveOperationException | RuntimeException e) {
      throw new ShareException(
          "SHO_ETYPE", "a value is not a serialized " + type.getName() + ": " + e, e);
    }
  }

  /** Finds classes where the type's own are, not where this library's are. */
  private final class TypesInputStream extends ObjectInputStream {
    TypesInputStream(InputStream in) throws IOException {
      super(in);
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      try {
        return Class.forName(description.getName(), false, type.getClassLoader());
      } catch (ClassNotFoundException e) {
        return super.resolveClass(description);
      }
    }
  }
}
