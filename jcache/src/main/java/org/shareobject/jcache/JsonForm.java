package org.shareobject.jcache;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Arrays;
import javax.cache.CacheException;

/**
 * JSON by Jackson for objects of exactly one class. Properties and the keys of maps are sorted, so
 * that equal objects have equal bytes.
 */
final class JsonForm {
  private final Class<?> type;
  private final ObjectWriter writer;
  private final ObjectReader reader;

  /** Whether one object was read back as it was written. */
  private volatile boolean proven;

  /**
   * Creates the form of a class.
   *
   * @throws NoClassDefFoundError if Jackson is missing
   */
  JsonForm(Class<?> type) {
    this.type = type;
    ObjectMapper mapper =
        JsonMapper.builder()
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .build();
    writer = mapper.writerFor(type);
    reader = mapper.readerFor(type);
  }

  /** Returns the JSON; the first time, checks that it can be read back. */
  byte[] encode(Object value) {
    byte[] json;
    try {
      json = writer.writeValueAsBytes(value);
      if (!proven) {
        byte[] again = writer.writeValueAsBytes(reader.readValue(json));
        if (!Arrays.equals(json, again)) {
          throw notStorable("JSON reads back as something else", null);
        }
        proven = true;
      }
    } catch (JsonProcessingException e) {
      throw notStorable(e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw notStorable(e.getMessage(), e);
    }
    return json;
  }

  private CacheException notStorable(String reason, IOException cause) {
    return new CacheException(
        "an object of "
            + type.getName()
            + " cannot be stored as JSON: "
            + reason
            + "; make the class readable by Jackson, set a codec, or name its package in the"
            + " setting serialization",
        cause);
  }

  Object decode(byte[] bytes, int offset) throws IOException {
    return reader.readValue(bytes, offset, bytes.length - offset);
  }
}
