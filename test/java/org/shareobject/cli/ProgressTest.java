package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.shareobject.testing.Futures;

class ProgressTest {
  private final StringWriter err = new StringWriter();

  @Test
  void shouldShowHowFarTheWorkIs() {
    try (Progress progress = progress(4000, false)) {
      assertEquals("dump [..............................]   0 %, 0 of 4,000", progress.line(1));
      progress.add(1000);
      assertEquals(
          "dump [#######.......................]  25 %, 1,000 of 4,000, 6 s left",
          progress.line(2));
      progress.add(5000);
      assertEquals(
          "dump [##############################] 100 %, 6,000 of 4,000, 0 s left",
          progress.line(2));
    }
    assertEquals("", err.toString());
  }

  @Test
  void shouldShowTheTimeIfNobodyKnowsHowFarItIs() {
    try (Progress progress = progress(0, false)) {
      assertEquals("dump: 3 s", progress.line(3));
      progress.add(1234);
      assertEquals("dump: 3 s, 1,234 done", progress.line(3));
    }
  }

  @Test
  void shouldDrawOneLineAndEraseIt() {
    try (Progress progress = progress(100, true)) {
      progress.add(50);
      Futures.await(() -> err.toString().contains(" 50 %"));
    }
    String drawn = err.toString();
    assertTrue(drawn.startsWith("\r\033[Kdump ["), drawn);
    assertTrue(drawn.endsWith("\r\033[K"), drawn);
  }

  private Progress progress(long total, boolean isSeen) {
    return new Progress(new PrintWriter(err), "dump", total, () -> isSeen, 1);
  }
}
