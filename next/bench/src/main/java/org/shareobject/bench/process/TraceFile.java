package org.shareobject.bench.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * A recorded sequence of lookups. {@code *.u32} and {@code *.u64}: keys as big-endian numbers; any
 * other file: text, a number in each line, where lines that begin with {@code *} mean nothing.
 */
final class TraceFile {
  private TraceFile() {}

  /** Reads keys, numbered from 0 in the order in which they come first. */
  static int[] read(Path file) throws IOException {
    Map<Long, Integer> numbers = new HashMap<>();
    return keys(file)
        .mapToInt(
            key -> {
              Integer next = numbers.size();
              Integer known = numbers.putIfAbsent(key, next);
              return known == null ? next : known;
            })
        .toArray();
  }

  private static LongStream keys(Path file) throws IOException {
    String name = file.getFileName().toString();
    if (name.endsWith(".u32")) {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      return LongStream.generate(bytes::getInt).limit(bytes.capacity() / Integer.BYTES);
    }
    if (name.endsWith(".u64")) {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      return LongStream.generate(bytes::getLong).limit(bytes.capacity() / Long.BYTES);
    }
    return Files.readAllLines(file).stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("*"))
        .mapToLong(Long::parseLong);
  }
}
