package org.shareobject.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.internal.map.MapAccess;
import org.shareobject.internal.socket.Descriptor;

/** The descriptors of this process. */
public final class OpenFiles {
  /** Of Linux, on x86 and ARM. */
  private static final int O_NONBLOCK = 04000;

  private OpenFiles() {}

  /** Returns how many are open. */
  public static int count() {
    String[] names = new File("/proc/self/fd").list();
    if (names == null) {
      throw new AssertionError("no /proc");
    }
    return names.length;
  }

  /**
   * Fails if more are open than were before, and stay so for a second. There may be fewer: the
   * collector closes some too; and for a moment more: any thread may load a class.
   */
  public static void assertNoMoreThan(int before) {
    int now = count();
    try {
      for (int i = 0; i < 100 && now > before; i++) {
        Thread.sleep(10);
        now = count();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    if (now > before) {
      throw new AssertionError(before + " files were open, now " + now);
    }
  }

  /** Returns the numbers of those that are sockets. */
  public static Set<String> sockets() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(file -> target(file).startsWith("socket:"))
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toSet());
    }
  }

  /** Returns whether a descriptor was set not to block. */
  public static boolean isNonblocking(String number) throws IOException {
    String info = Files.readString(Path.of("/proc/self/fdinfo", number));
    Matcher flags = Pattern.compile("flags:\\s*([0-7]+)").matcher(info);
    return flags.find() && (Integer.parseInt(flags.group(1), 8) & O_NONBLOCK) != 0;
  }

  /** Returns a descriptor of a file that is no socket. */
  public static Descriptor ofNoSocket() {
    try (ShareMap<String, String> map =
        ShareMap.builder(Codec.STRING, Codec.STRING).capacity(1 << 16).openAnonymous()) {
      return MapAccess.get().raw(map).share();
    }
  }

  /** Returns whether a map without a file is open, or still in memory, in this process. */
  public static boolean holdsMemoryWithoutFile() {
    try {
      return Files.readString(Path.of("/proc/self/maps")).contains("/memfd:shareobject")
          || descriptors().anyMatch(name -> name.startsWith("/memfd:shareobject"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<String> descriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.map(OpenFiles::target).toList().stream();
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }
}
