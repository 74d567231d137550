package org.shareobject.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;

/** Damage was found: by a call, which failed, or in entries, which were dropped. */
@Name("org.shareobject.Damage")
@Label("Damage")
@Category("ShareObject")
@Description("A call failed since the file is damaged, or damaged entries were dropped")
@Period("1 s")
public final class DamageEvent extends Event {
  @Label("File")
  String file;

  @Label("Dropped Entries")
  @Description("Damaged entries that some process dropped since the last look; 0 if a call failed")
  long droppedEntries;

  @Label("Message")
  @Description("Why a call failed, if one did")
  String message;

  /** Tells of some. */
  public static void emit(String file, long droppedEntries, String message) {
    DamageEvent event = new DamageEvent();
    event.file = file;
    event.droppedEntries = droppedEntries;
    event.message = message;
    event.commit();
  }
}
