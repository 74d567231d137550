package org.shareobject.ipc;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.shareobject.ShareFormatException;
import org.shareobject.internal.text.Utf8;

/** Messages to and from lines of JSON, as Node writes and reads them. */
final class Json {
  /** Deeper than Node's {@code JSON.stringify} gets before its stack overflows. */
  private static final int MOST_NESTING = 5000;

  /** Node reads any number of digits. What reading them takes grows faster than their number. */
  private static final int MOST_DIGITS = 100_000;

  /** How much of a bad line its error shows. */
  private static final int EXCERPT_BYTES = 60;

  private static final JsonMapper MAPPER = mapper();
  private static final ObjectWriter WRITER = MAPPER.writer();
  private static final ObjectReader READER =
      MAPPER.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}

  private static JsonMapper mapper() {
    // The size of a message is limited where lines are read.
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxNumberLength(MOST_DIGITS)
                    .maxNestingDepth(MOST_NESTING)
                    .maxTokenCount(Limits.tokens())
                    .build())
            .streamWriteConstraints(
                StreamWriteConstraints.builder().maxNestingDepth(MOST_NESTING).build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .enable(StreamReadFeature.USE_FAST_BIG_NUMBER_PARSER)
            .build();
    return new JsonMapper(factory);
  }

  /**
   * Appends a value.
   *
   * @throws IllegalArgumentException if Jackson cannot write it
   */
  static void write(Object value, Line line) {
    try {
      WRITER.writeValue(line, value);
    } catch (IOException | StackOverflowError e) {
      throw new IllegalArgumentException(
          "a "
              + (value == null ? "null" : value.getClass().getName())
              + " cannot be written as JSON: "
              + e.getMessage(),
          e);
    }
  }

  /**
   * Reads a line. Malformed UTF-8 is read as U+FFFD, as Node does.
   *
   * @throws ShareFormatException if it is not one JSON value
   */
  static JsonNode read(byte[] bytes, int offset, int length) {
    try {
      return checked(READER.readValue(bytes, offset, length), bytes, offset, length);
    } catch (IOException e) {
      return readMalformed(bytes, offset, length, e);
    }
  }

  private static JsonNode readMalformed(byte[] bytes, int offset, int length, IOException first) {
    String text = Utf8.decode(Arrays.copyOfRange(bytes, offset, offset + length), length);
    if (text.indexOf('\uFFFD') < 0) {
      throw notJson(bytes, offset, length, first);
    }
    try {
      return checked(READER.readValue(text), bytes, offset, length);
    } catch (IOException e) {
      throw notJson(bytes, offset, length, e);
    }
  }

  private static JsonNode checked(JsonNode value, byte[] bytes, int offset, int length) {
    if (value == null || value.isMissingNode()) {
      throw notJson(bytes, offset, length, null);
    }
    return value;
  }

  private static ShareFormatException notJson(
      byte[] bytes, int offset, int length, IOException cause) {
    int shown = Math.min(length, EXCERPT_BYTES);
    return new ShareFormatException(
        "SHO_EFORMAT",
        "a line of "
            + length
            + " bytes that came through a channel is not JSON and was dropped: "
            + new String(bytes, offset, shown, StandardCharsets.UTF_8)
            + (shown < length ? "…" : ""),
        cause);
  }
}
