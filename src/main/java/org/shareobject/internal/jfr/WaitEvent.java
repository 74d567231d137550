package org.shareobject.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;

/** A thread waited longer than the threshold. */
@Name("org.shareobject.Wait")
@Label("Wait")
@Category("ShareObject")
@Description("A thread waited for a change, or for a computation in another thread or process")
@Threshold("20 ms")
final class WaitEvent extends Event {
  @Label("File")
  String file;

  @Label("Waited For")
  @Description("change or computation")
  String waitedFor;

  static Object started() {
    WaitEvent event = new WaitEvent();
    event.begin();
    return event;
  }

  static void emit(Object started, String file, String waitedFor) {
    WaitEvent event = (WaitEvent) started;
    event.file = file;
    event.waitedFor = waitedFor;
    event.commit();
  }
}
