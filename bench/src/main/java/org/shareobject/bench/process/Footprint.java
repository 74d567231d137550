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
 * live}, the bytes of the entries with their headers.
 */
final class Footprint implements Job {
  private static final double FILL = 0.8;
  private static final int SAMPLE = 1000;

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
    double liveEach;
    Path folder = spec.folder();
    try (ShareMap<byte[], byte[]> map = map(folder.resolve("sample"), 1 << 24)) {
      fill(map, SAMPLE, spec.valueBytes());
      liveEach = (double) map.stats().liveBytes() / SAMPLE;
    }
    long capacity = (long) (spec.entries() * liveEach / FILL);
    try (ShareMap<byte[], byte[]> map = map(folder.resolve("full"), capacity)) {
      fill(map, spec.entries(), spec.valueBytes());
      ShareStats stats = map.stats();
      parent.say("bytes " + stats.fileBytes());
      parent.say("live " + stats.liveBytes());
      parent.say("fill " + (double) stats.liveBytes() / stats.capacity());
    }
  }

  private static ShareMap<byte[], byte[]> map(Path file, long capacity) {
    return ShareMap.builder(Codec.BYTES, Codec.BYTES).capacity(capacity).open(file);
  }

  private static void fill(ShareMap<byte[], byte[]> map, int entries, int valueBytes) {
    byte[] value = new byte[valueBytes];
    for (int i = 0; i < entries; i++) {
      map.set(Keys.bytes(i), value);
    }
  }
}
