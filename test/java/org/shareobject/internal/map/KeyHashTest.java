package org.shareobject.internal.map;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The hash is that of {@code docs/format.md}, to which the C library is held too. */
class KeyHashTest {
  private static final Pattern VECTOR =
      Pattern.compile("\\| (\\d+) \\| `(\\w{16})` \\| `(\\w{16})` \\| `(\\w{16})` \\|");
  private static final long[] SEEDS = {0, 1, 0x0123456789abcdefL};

  @Test
  void shouldHashAsDocumented() throws IOException {
    byte[] bytes = new byte[1000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (7 * i + 1);
    }
    String page = Files.readString(Path.of("docs/format.md"));
    Matcher vectors = VECTOR.matcher(page.substring(page.indexOf("With the secret of the seed")));
    int count = 0;
    for (; vectors.find(); count++) {
      byte[] key = Arrays.copyOf(bytes, Integer.parseInt(vectors.group(1)));
      for (int i = 0; i < SEEDS.length; i++) {
        long hash = new KeyHash(SEEDS[i]).of(key, ShortKey.low(key), ShortKey.last(key));
        assertEquals(vectors.group(2 + i), String.format("%016x", hash), key.length + " bytes");
      }
    }
    assertEquals(17, count);
  }
}
