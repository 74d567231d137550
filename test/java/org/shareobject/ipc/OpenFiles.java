package org.shareobject.ipc;

import java.io.File;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.internal.Descriptor;
import org.shareobject.internal.MapAccess;

/** The descriptors of this process. */
final class OpenFiles {
  private OpenFiles() {}

  /** Returns how many are open. */
  static int count() {
    String[] names = new File("/proc/self/fd").list();
    if (names == null) {
      throw new AssertionError("no /proc");
    }
    return names.length;
  }

  /** Fails if more are open than were before. There may be fewer: the collector closes some too. */
  static void assertNoMoreThan(int before) {
    int now = count();
    if (now > before) {
      throw new AssertionError(before + " files were open, now " + now);
    }
  }

  /** Returns a descriptor of a file that is no socket. */
  static Descriptor ofNoSocket() {
    try (ShareMap<String, String> map =
        ShareMap.builder(Codec.STRING, Codec.STRING).capacity(1 << 16).openAnonymous()) {
      return MapAccess.get().raw(map).share();
    }
  }
}
