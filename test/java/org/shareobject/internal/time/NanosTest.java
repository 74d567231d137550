package org.shareobject.internal.time;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class NanosTest {
  @Test
  void shouldStayWithinLong() {
    assertEquals(0, Nanos.of(Duration.ZERO));
    assertEquals(0, Nanos.of(Duration.ofSeconds(Long.MIN_VALUE)));
    assertEquals(1, Nanos.of(Duration.ofNanos(1)));
    assertEquals(1_500_000_000, Nanos.of(Duration.ofMillis(1500)));
    assertEquals(Long.MAX_VALUE, Nanos.of(Duration.ofNanos(Long.MAX_VALUE)));
    assertEquals(Long.MAX_VALUE, Nanos.of(ChronoUnit.FOREVER.getDuration()));
  }

  @Test
  void shouldReadAsMilliseconds() {
    assertEquals("1500 ms", Nanos.text(1_500_999_999L));
  }
}
