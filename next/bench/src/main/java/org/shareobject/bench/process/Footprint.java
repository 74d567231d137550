package org.shareobject.bench.process;

import java.nio.file.Path;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;
import org.shareobject.bench.peer.Filler;
import org.shareobject.bench.peer.Keys;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Session;
import org.shareobject.bench.peer.Spec;

/**
 * Tells how much room the entries take. Answers {@code bytes}, of the file, the server or the heap;
 * for the product's map also {@code fill}, after the capacity was chosen for 80 %, and {@code
 * live}, the bytes of the entries with their headers and of the tables.
 */
final class Footprint implements Job {
  private static final double FILL = 0.8;
  private static final int SAMPLE_BYTES = 1 << 24;
  private static final int STEP = 1000;

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    Spec spec = settings.spec();
    if (settings.peer() == PeerType.SHAREOBJECT) {
      shareMap(spec, parent);
    } else if (settings.peer().reach() == PeerType.Reach.HEAP) {
      heap(settings, parent);
    } else {
      long before = 0;
      try (Peer peer = settings.peer().open(spec)) {
        if (settings.peer().isRedis()) {
          before = peer.bytes();
        }
        Filler.fill(peer, spec);
        parent.say("bytes " + (peer.bytes() - before));
      }
    }
  }

  private static void heap(Settings settings, Parent parent) throws Exception {
    long before = usedHeap();
    try (Peer peer = settings.peer().open(settings.spec())) {
      Filler.fill(peer, settings.spec());
      parent.say("bytes " + (usedHeap() - before));
      try (Session session = peer.session()) {
        session.get(settings.spec().keys().isText() ? Keys.text(0) : Keys.bytes(0));
      }
    }
  }

  private static long usedHeap() {
    Runtime runtime = Runtime.getRuntime();
    for (int i = 0; i < 3; i++) {
      runtime.gc();
    }
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static void shareMap(Spec spec, Parent parent) {
    Path folder = spec.folder();
    double liveEach = liveEach(folder.resolve("sample"), spec.valueBytes());
    long capacity = (long) (spec.entries() * liveEach / FILL);
    try (ShareMap<byte[], byte[]> map = map(folder.resolve("full"), capacity)) {
      fill(map, 0, spec.entries(), spec.valueBytes());
      ShareStats stats = map.stats();
      parent.say("bytes " + stats.fileBytes());
      parent.say("live " + stats.liveBytes());
      parent.say("fill " + (double) stats.liveBytes() / stats.capacity());
    }
  }

  /** The fuller a map is, the less its tables take of it; so the sample is as full. */
  private static double liveEach(Path file, int valueBytes) {
    try (ShareMap<byte[], byte[]> map = map(file, SAMPLE_BYTES)) {
      int entries = 0;
      while (map.stats().liveBytes() < FILL * map.stats().capacity()) {
        fill(map, entries, entries + STEP, valueBytes);
        entries += STEP;
      }
      return (double) map.stats().liveBytes() / entries;
    }
  }

  private static ShareMap<byte[], byte[]> map(Path file, long capacity) {
    return ShareMap.builder(Codec.BYTES, Codec.BYTES).capacity(capacity).open(file);
  }

  private static void fill(ShareMap<byte[], byte[]> map, int from, int to, int valueBytes) {
    byte[] value = new byte[valueBytes];
    for (int i = from; i < to; i++) {
      map.set(Keys.bytes(i), value);
    }
  }
}
