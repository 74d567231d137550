package org.shareobject.bench.process;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.shareobject.bench.peer.KeyKind;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Spec;

/** What a job was told on its command line: {@code name=value} each. */
final class Settings {
  private final Map<String, String> values = new HashMap<>();

  Settings(String[] args) {
    for (String arg : args) {
      int sign = arg.indexOf('=');
      values.put(arg.substring(0, sign), arg.substring(sign + 1));
    }
  }

  static List<String> of(String job, PeerType peer, Spec spec) {
    return List.of(
        "job=" + job,
        "peer=" + peer,
        "folder=" + spec.folder(),
        "entries=" + spec.entries(),
        "valueBytes=" + spec.valueBytes(),
        "keys=" + spec.keys());
  }

  String text(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("no " + name + "=");
    }
    return value;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  int number(String name) {
    return Integer.parseInt(text(name));
  }

  PeerType peer() {
    return PeerType.valueOf(text("peer"));
  }

  Spec spec() {
    return new Spec(
        Path.of(text("folder")),
        number("entries"),
        number("valueBytes"),
        KeyKind.valueOf(text("keys")));
  }
}
