package org.shareobject.internal.map;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import org.shareobject.ShareException;
import org.shareobject.ShareStats;
import org.shareobject.internal.jfr.DamageEvent;
import org.shareobject.internal.jfr.EvictionBurstEvent;
import org.shareobject.internal.jfr.LockTakeoverEvent;
import org.shareobject.internal.jfr.MapFullEvent;
import org.shareobject.internal.jfr.Recorder;
import org.shareobject.internal.nativelib.Results;

/**
 * Tells JFR what happens to a map. Failures are told where they become exceptions. For all else a
 * recording looks at the map's counters once in each period of the event, on JFR's own thread; so
 * calls cost nothing more.
 */
final class MapEvents {
  /** Fewer evictions in a second are no burst. */
  private static final long LEAST_BURST = 100;

  private static final int BURSTS_OF_ALL = 100;

  private final String file;

  /** Hooks of JFR must not keep a map that nobody else can reach. */
  private final WeakReference<RawMap> map;

  private volatile boolean isSettled;
  private List<Runnable> hooks = List.of();

  private long takeovers;
  private long damaged;
  private long evictions;
  private long evictionsAt;

  MapEvents(RawMap map, String file) {
    this.map = new WeakReference<>(map);
    this.file = file;
  }

  /** Returns a result that is no error code; throws otherwise, and tells of it. */
  static long check(long result, String file) {
    try {
      return Results.check(result);
    } catch (ShareException e) {
      if (Recorder.isOn()) {
        tell(e, file);
      }
      throw e;
    }
  }

  private static void tell(ShareException e, String file) {
    switch (e.code()) {
      case "SHO_EFULL" -> MapFullEvent.emit(file, e.getMessage());
      case "SHO_ECORRUPT", "SHO_EIO" -> DamageEvent.emit(file, 0, e.getMessage());
      default -> {}
    }
  }

  /** Has recordings look at the map from now on, if JFR is on; called now and then. */
  void watch() {
    if (!isSettled && Recorder.isOn()) {
      begin();
    }
  }

  private synchronized void begin() {
    if (isSettled) {
      return;
    }
    isSettled = true;
    look(
        now -> {
          takeovers = now.recoveries();
          evictions = now.evictions();
          evictionsAt = System.nanoTime();
        });
    hooks = List.of(() -> look(this::tookOver), () -> look(this::damage), () -> look(this::evict));
    List<Class<? extends Event>> events =
        List.of(LockTakeoverEvent.class, DamageEvent.class, EvictionBurstEvent.class);
    for (int i = 0; i < hooks.size(); i++) {
      FlightRecorder.addPeriodicEvent(events.get(i), hooks.get(i));
    }
  }

  /** Ends that for good. */
  synchronized void close() {
    isSettled = true;
    for (Runnable hook : hooks) { // a method reference would look for JFR, even if there is none
      FlightRecorder.removePeriodicEvent(hook);
    }
    hooks = List.of();
  }

  private void look(Consumer<ShareStats> look) {
    RawMap raw = map.get();
    if (raw == null) {
      close();
      return;
    }
    try {
      look.accept(raw.stats());
    } catch (ShareException e) {
      close(); // the map is closed, or its file is no map any more
    }
  }

  private synchronized void tookOver(ShareStats now) {
    long more = now.recoveries() - takeovers;
    takeovers += more;
    if (more > 0) {
      LockTakeoverEvent.emit(file, more);
    }
  }

  private synchronized void damage(ShareStats now) {
    long more = now.damaged() - damaged;
    damaged += more;
    if (more > 0) {
      DamageEvent.emit(file, more, null);
    }
  }

  private synchronized void evict(ShareStats now) {
    long time = System.nanoTime();
    long more = now.evictions() - evictions;
    long interval = time - evictionsAt;
    evictions += more;
    evictionsAt = time;
    double least =
        (double) Math.max(LEAST_BURST, now.entries() / BURSTS_OF_ALL)
            * interval
            / TimeUnit.SECONDS.toNanos(1);
    if (more > 0 && more >= least) {
      EvictionBurstEvent.emit(file, more, now.entries(), interval);
    }
  }
}
