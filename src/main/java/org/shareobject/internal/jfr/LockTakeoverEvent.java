package org.shareobject.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;

/** Locks of processes that died inside a write were taken over. */
@Name("org.shareobject.LockTakeover")
@Label("Lock Takeover")
@Category("ShareObject")
@Description("This process or another one took over locks of a process that died inside a write")
@Period("1 s")
@StackTrace(false)
public final class LockTakeoverEvent extends Event {
  @Label("File")
  String file;

  @Label("Takeovers")
  @Description("Since the last look")
  long takeovers;

  /** Tells of some. */
  public static void emit(String file, long takeovers) {
    LockTakeoverEvent event = new LockTakeoverEvent();
    event.file = file;
    event.takeovers = takeovers;
    event.commit();
  }
}
