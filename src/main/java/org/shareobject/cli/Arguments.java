package org.shareobject.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The words of the command line. The JVM decodes them by the locale, and puts U+FFFD silently for
 * what the locale has no letters for.
 */
final class Arguments {
  private static final char REPLACEMENT = '\ufffd';

  private Arguments() {}

  /** Returns why the words are not what was typed; null if they are. */
  static String damage(String... args) {
    for (int i = 0; i < args.length; i++) {
      if (args[i].indexOf(REPLACEMENT) >= 0 && !isTyped()) {
        return "argument "
            + (i + 1)
            + " cannot be read in the locale's encoding, "
            + encoding()
            + ": set LC_ALL=C.UTF-8, and write it as UTF-8";
      }
    }
    return null;
  }

  private static String encoding() {
    return System.getProperty("sun.jnu.encoding", "unknown");
  }

  /** Returns whether U+FFFD itself was typed. */
  private static boolean isTyped() {
    if (!encoding().equalsIgnoreCase("UTF-8")) {
      return false;
    }
    Path typed = Path.of("/proc/self/cmdline");
    if (!Files.isReadable(typed)) {
      return true; // a system that does not tell, and where names are always UTF-8
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(Files.readAllBytes(typed)));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
