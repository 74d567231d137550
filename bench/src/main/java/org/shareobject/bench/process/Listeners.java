package org.shareobject.bench.process;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.shareobject.Codec;
import org.shareobject.MapChange;
import org.shareobject.ShareMap;

/**
 * Listens to all changes: setting {@code listeners}, each with the map open for itself. Says {@code
 * ready} when they listen, and ends at a line; then it says how many changes they heard and missed.
 */
final class Listeners implements Job {
  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    int listeners = settings.number("listeners");
    LongAdder heard = new LongAdder();
    LongAdder missed = new LongAdder();
    // They stay open until this process ends.
    List<ShareMap<byte[], byte[]>> maps = new ArrayList<>();
    for (int i = 0; i < listeners; i++) {
      // The map that ShareMapPeer fills.
      ShareMap<byte[], byte[]> map =
          ShareMap.builder(Codec.BYTES, Codec.BYTES)
              .open(settings.spec().folder().resolve("shareobject"));
      maps.add(map);
      map.onChange(
          change -> {
            if (change.kind() == MapChange.Kind.MISSED) {
              missed.add(change.missed());
            } else {
              heard.increment();
            }
          });
    }
    parent.say("ready");
    parent.listen();
    parent.say("heard " + heard.sum());
    parent.say("missed " + missed.sum());
    maps.forEach(ShareMap::close);
  }
}
