package org.shareobject.internal.codec;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Objects;
import org.shareobject.ShareException;

/** Objects of a type as JSON. Needs Jackson, which may be missing. */
public final class JsonBytes<T> {
  private final Class<T> type;
  private final ObjectReader reader;
  private final ObjectWriter writer;

  /** Prepares to read and write objects of the type. */
  public JsonBytes(Class<T> type) {
    JsonMapper mapper = new JsonMapper();
    this.type = Objects.requireNonNull(type, "type");
    reader = mapper.readerFor(type);
    writer = mapper.writerFor(type);
  }

  /**
   * Returns the JSON of an object.
   *
   * @throws IllegalArgumentException if it cannot be written
   */
  public byte[] encode(T value) {
    try {
      return writer.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "a " + value.getClass().getName() + " cannot be written as JSON: " + e.getMessage(), e);
    }
  }

  /**
   * Returns the object of its JSON.
   *
   * @throws ShareException if it does not fit the type
   */
  public T decode(byte[] bytes) {
    T value;
    try {
      value = reader.readValue(bytes);
    } catch (IOException e) {
      throw mismatch(e.getMessage(), e);
    }
    if (value == null) {
      throw mismatch("it is null", null);
    }
    return value;
  }

  private ShareException mismatch(String reason, Throwable cause) {
    return new ShareException(
        "SHO_ETYPE", "a value is not JSON of " + type.getName() + ": " + reason, cause);
  }
}
