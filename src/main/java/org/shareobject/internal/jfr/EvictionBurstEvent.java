package org.shareobject.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** Many entries of a map were evicted in a short time. */
@Name("org.shareobject.EvictionBurst")
@Label("Eviction Burst")
@Category("ShareObject")
@Description("All processes together evicted 1 % of the entries or more for each second")
@Period("1 s")
@StackTrace(false)
public final class EvictionBurstEvent extends Event {
  @Label("File")
  String file;

  @Label("Evictions")
  @Description("Since the last look")
  long evictions;

  @Label("Entries")
  @Description("That are left")
  long entries;

  @Label("Since Last Look")
  @Timespan
  long interval;

  /** Tells of one. */
  public static void emit(String file, long evictions, long entries, long intervalNanos) {
    EvictionBurstEvent event = new EvictionBurstEvent();
    event.file = file;
    event.evictions = evictions;
    event.entries = entries;
    event.interval = intervalNanos;
    event.commit();
  }
}
