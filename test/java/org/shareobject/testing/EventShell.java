package org.shareobject.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeoutException;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareException;
import org.shareobject.ShareFullException;
import org.shareobject.ShareMap;

/**
 * A child with a map open that begins to record afterwards, prints each event of it, and does what
 * it is told, line by line.
 */
public final class EventShell {
  private static final String PACKAGE = "org.shareobject.";
  private static final String VALUE = "v".repeat(100);

  private static volatile boolean isBurst;

  private EventShell() {}

  /** Takes file, capacity, and whether the map evicts. */
  public static void main(String[] args) throws Exception {
    boolean evicts = Boolean.parseBoolean(args[2]);
    Eviction eviction =
        Arrays.stream(Eviction.values())
            .filter(each -> each != Eviction.NONE == evicts)
            .findFirst()
            .orElseThrow();
    try (ShareMap<String, String> map =
            ShareMap.builder(Codec.STRING, Codec.STRING)
                .capacity(Long.parseLong(args[1]))
                .eviction(eviction)
                .open(Path.of(args[0]));
        RecordingStream events = new RecordingStream()) {
      for (String name : List.of("LockTakeover", "MapFull", "EvictionBurst", "Damage", "Wait")) {
        events.enable(PACKAGE + name).withPeriod(Duration.ofMillis(100));
      }
      events.onEvent(EventShell::print);
      events.startAsync();
      read(map); // the map notices the recording at one of some hundred reads
      System.out.println("ready");
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        act(map, line);
      }
    }
  }

  private static void read(ShareMap<String, String> map) {
    map.set("key", VALUE);
    for (int i = 0; i < 1000; i++) {
      map.get("key");
    }
  }

  private static void act(ShareMap<String, String> map, String line) throws Exception {
    switch (line) {
      case "fill" -> fill(map);
      case "await" -> {
        try {
          map.await("absent", 0, Duration.ofMillis(50));
        } catch (TimeoutException e) {
          // As it is to be.
        }
      }
      case "evict" -> {
        for (int i = 0; !isBurst; i++) {
          map.set("key" + i, VALUE);
        }
      }
      case "verify" -> {
        try {
          map.verify();
        } catch (ShareException e) {
          // As it is to be.
        }
      }
      case "storm" -> {
        for (int i = 0; i < 3; i++) {
          new Thread(() -> storm(map)).start();
        }
      }
      default -> throw new IOException(line);
    }
  }

  private static void fill(ShareMap<String, String> map) {
    try {
      for (int i = 0; ; i++) {
        map.set("key" + i, VALUE);
      }
    } catch (ShareFullException e) {
      // As it is to be.
    }
  }

  private static void storm(ShareMap<String, String> map) {
    while (true) {
      map.set("key", VALUE);
    }
  }

  private static void print(RecordedEvent event) {
    String name = event.getEventType().getName();
    if (name.startsWith(PACKAGE)) {
      isBurst |= name.endsWith("Burst");
      System.out.println(name.substring(PACKAGE.length()) + " " + text(event));
    }
  }

  private static String text(RecordedEvent event) {
    StringBuilder text = new StringBuilder(event.getString("file"));
    for (String field :
        List.of("takeovers", "evictions", "droppedEntries", "message", "waitedFor")) {
      if (event.hasField(field)) {
        text.append(' ').append(event.<Object>getValue(field));
      }
    }
    return text.append(' ').append(event.getDuration().toMillis()).append(" ms").toString();
  }
}
