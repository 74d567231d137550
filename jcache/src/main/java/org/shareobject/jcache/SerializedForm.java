package org.shareobject.jcache;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.FilterInfo;
import java.io.ObjectInputFilter.Status;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.regex.Pattern;
import javax.cache.CacheException;

/**
 * Java's serialization, for classes that a filter names. The filter is asked on both sides, so that
 * what a reader would refuse is not stored.
 */
final class SerializedForm {
  /** Always allowed: what objects of other classes consist of. */
  private static final String BASE =
      "java.lang.Object;java.lang.String;java.lang.Number;java.lang.Boolean;java.lang.Character;"
          + "java.lang.Byte;java.lang.Short;java.lang.Integer;java.lang.Long;java.lang.Float;"
          + "java.lang.Double;java.lang.Enum";

  private static final Pattern ALL = Pattern.compile("(^|;)\\s*\\*+\\s*(;|$)");

  private static final int DEEPEST = 200;
  private static final int SMALLEST_ARRAY = 1 << 12;

  private final ObjectInputFilter filter;
  private final ClassLoader loader;

  SerializedForm(String patterns, ClassLoader loader) {
    filter = filter(patterns);
    this.loader = loader;
  }

  /** Returns the filter of some patterns, which rejects all that they do not name. */
  static ObjectInputFilter filter(String patterns) {
    if (ALL.matcher(patterns).find()) {
      throw new IllegalArgumentException(
          "name the packages that may be deserialized, not all classes: " + patterns);
    }
    String named = patterns.isBlank() ? "" : patterns.strip() + ";";
    return ObjectInputFilter.Config.createFilter(named + BASE + ";!*");
  }

  /** Returns whether objects of a class may be stored, as far as the class tells. */
  boolean allows(Class<?> type) {
    return Serializable.class.isAssignableFrom(type)
        && filter.checkInput(new WrittenClass(type)) == Status.ALLOWED;
  }

  byte[] encode(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (ObjectOutputStream out = new CheckingStream(bytes)) {
      out.writeObject(value);
    } catch (NotSerializableException e) {
      throw new CacheException(
          "an object of "
              + value.getClass().getName()
              + " cannot be stored: it contains one of "
              + e.getMessage()
              + ", which is not Serializable",
          e);
    } catch (IOException e) {
      throw new CacheException(
          "an object of " + value.getClass().getName() + " cannot be stored: " + e.getMessage(), e);
    }
    return bytes.toByteArray();
  }

  /** Returns the object; throws if the bytes, or the classes that they name, are not allowed. */
  Object decode(byte[] bytes, int offset) throws IOException, ClassNotFoundException {
    int length = bytes.length - offset;
    try (ObjectInputStream in =
        new LoadingStream(new ByteArrayInputStream(bytes, offset, length))) {
      in.setObjectInputFilter(
          info ->
              info.depth() > DEEPEST || info.arrayLength() > Math.max(length, SMALLEST_ARRAY)
                  ? Status.REJECTED
                  : filter.checkInput(info));
      return in.readObject();
    }
  }

  private final class CheckingStream extends ObjectOutputStream {
    private boolean refuses;

    CheckingStream(OutputStream out) throws IOException {
      super(out);
    }

    @Override
    protected void annotateClass(Class<?> type) throws IOException {
      if (refuses) {
        return; // the stream writes the exception
      }
      if (filter.checkInput(new WrittenClass(type)) != Status.ALLOWED) {
        refuses = true;
        throw new InvalidClassException(
            "it contains one of "
                + type.getName()
                + ", which the setting serialization does not name");
      }
    }

    @Override
    protected void annotateProxyClass(Class<?> type) throws IOException {
      throw new InvalidClassException("it contains a dynamic proxy");
    }
  }

  private final class LoadingStream extends ObjectInputStream {
    LoadingStream(ByteArrayInputStream in) throws IOException {
      super(in);
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description) throws ClassNotFoundException {
      return Class.forName(description.getName(), false, loader);
    }

    @Override
    protected Class<?> resolveProxyClass(String[] names) throws IOException {
      throw new InvalidClassException("a dynamic proxy");
    }
  }

  /** A class as the filter sees it. */
  private record WrittenClass(Class<?> serialClass) implements FilterInfo {
    @Override
    public long arrayLength() {
      return -1;
    }

    @Override
    public long depth() {
      return 1;
    }

    @Override
    public long references() {
      return 1;
    }

    @Override
    public long streamBytes() {
      return 0;
    }
  }
}
