package org.shareobject.internal.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A write was refused, since the map is full. */
@Name("org.shareobject.MapFull")
@Label("Map Full")
@Category("ShareObject")
@Description("A write was refused, since the map is full")
public final class MapFullEvent extends Event {
  @Label("File")
  String file;

  @Label("Message")
  String message;

  /** Tells of one. */
  public static void emit(String file, String message) {
    MapFullEvent event = new MapFullEvent();
    event.file = file;
    event.message = message;
    event.commit();
  }
}
