package org.shareobject.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.shareobject.Codec;

/**
 * An entry as a line of JSON: {@code {"key":"a","value":"b","ttl":1500}}. {@code ttl} is in
 * milliseconds, and is missing for an entry without a limit. What is not UTF-8 is base64 in {@code
 * key64} and {@code value64}.
 */
final class EntryLine {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final byte[] key;
  private final byte[] value;
  private final long ttlMs;

  /**
   * Creates an entry.
   *
   * @param ttlMs 0: no limit
   */
  EntryLine(byte[] key, byte[] value, long ttlMs) {
    this.key = key;
    this.value = value;
    this.ttlMs = ttlMs;
  }

  byte[] key() {
    return key;
  }

  byte[] value() {
    return value;
  }

  long ttlMs() {
    return ttlMs;
  }

  /**
   * Reads a line.
   *
   * @throws IOException if it is no entry
   */
  static EntryLine parse(String line) throws IOException {
    JsonNode entry;
    try {
      entry = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IOException("no JSON: " + e.getOriginalMessage(), e);
    }
    JsonNode ttl = entry.path("ttl");
    if (!ttl.isMissingNode() && (!ttl.canConvertToLong() || ttl.longValue() < 1)) {
      throw new IOException("\"ttl\" must be a number of milliseconds above 0, not " + ttl);
    }
    return new EntryLine(bytes(entry, "key"), bytes(entry, "value"), ttl.asLong(0));
  }

  private static byte[] bytes(JsonNode entry, String name) throws IOException {
    JsonNode text = entry.path(name);
    JsonNode base64 = entry.path(name + "64");
    if (text.isTextual()) {
      return Codec.STRING.encode(text.textValue());
    }
    if (base64.isTextual()) {
      return Base64.getDecoder().decode(base64.textValue());
    }
    throw new IOException("neither \"" + name + "\" nor \"" + name + "64\" is a text in it");
  }

  @Override
  public String toString() {
    ObjectNode entry = JSON.createObjectNode();
    put(entry, "key", key);
    put(entry, "value", value);
    if (ttlMs > 0) {
      entry.put("ttl", ttlMs);
    }
    return entry.toString();
  }

  private static void put(ObjectNode entry, String name, byte[] bytes) {
    try {
      entry.put(
          name, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      entry.put(name + "64", Base64.getEncoder().encodeToString(bytes));
    }
  }
}
