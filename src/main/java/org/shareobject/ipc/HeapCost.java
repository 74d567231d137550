package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.Iterator;

/**
 * How much of the heap waiting messages take, in bytes. These are upper bounds, because sizes of
 * objects differ between JVMs and with their settings.
 */
final class HeapCost {
  /** A message that waits to be written, without the bytes of its line. */
  private static final int OUTGOING = 160;

  /** A message that waits to be listened to, without its tree. */
  private static final int KEPT = 48;

  /** A handle, with the object that closes it. */
  private static final int HANDLE = 256;

  private static final int OBJECT = 160;
  private static final int FIELD = 96;
  private static final int ARRAY = 112;
  private static final int ELEMENT = 8;
  private static final int TEXT = 64;
  private static final int SCALAR = 24;

  /** A character of a text beyond Latin-1; others take half of this. */
  private static final int CHARACTER = 2;

  private HeapCost() {}

  /** Returns the cost of a line that is to be written. */
  static long outgoing(Line line, boolean hasHandle) {
    return (long) OUTGOING + line.bytes().length + (hasHandle ? HANDLE : 0);
  }

  /** Returns the cost of a message that is to be listened to. */
  static long kept(JsonNode message, boolean hasHandle) {
    long cost = (long) KEPT + (hasHandle ? HANDLE : 0);
    ArrayDeque<JsonNode> rest = new ArrayDeque<>();
    for (JsonNode node = message; node != null; node = rest.pollLast()) {
      cost += own(node);
      for (Iterator<JsonNode> children = node.elements(); children.hasNext(); ) {
        rest.addLast(children.next());
      }
      for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
        cost += (long) CHARACTER * names.next().length();
      }
    }
    return cost;
  }

  /** Returns the cost of a node without its children and the names of its fields. */
  private static long own(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> OBJECT + (long) FIELD * node.size();
      case ARRAY -> ARRAY + (long) ELEMENT * node.size();
      case STRING -> TEXT + (long) CHARACTER * node.textValue().length();
      case NUMBER ->
          node.isBigInteger()
              ? (long) TEXT + node.bigIntegerValue().bitLength() / Byte.SIZE
              : SCALAR;
      default -> SCALAR;
    };
  }
}
