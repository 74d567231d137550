package org.shareobject.testing;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.shareobject.ShareException;

/** What a failure must say. */
public final class Failures {
  private Failures() {}

  /** The call must fail so, with all those words in the message. */
  public static void fails(
      Class<? extends ShareException> type, String code, Executable call, Object... words) {
    ShareException e = assertThrows(ShareException.class, call);
    assertEquals(type, e.getClass(), e.toString());
    assertEquals(code, e.code(), e.toString());
    says(e, words);
  }

  /** The call must refuse its argument, with all those words in the message. */
  public static void refuses(Executable call, Object... words) {
    says(assertThrows(IllegalArgumentException.class, call), words);
  }

  private static void says(Exception e, Object... words) {
    assertAll(
        Stream.of(words)
            .map(
                word ->
                    () ->
                        assertTrue(
                            e.getMessage().contains(word.toString()),
                            "'" + word + "' in: " + e.getMessage())));
  }
}
