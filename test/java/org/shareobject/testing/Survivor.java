package org.shareobject.testing;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.shareobject.ShareObject;

/** A child in which the library's faults and the JVM's own meet. */
public final class Survivor {
  private static final int CAPACITY = 1 << 16;

  private Survivor() {}

  /** Takes a folder; prints what each fault became. */
  public static void main(String[] args) {
    Path folder = Path.of(args[0]);
    report("truncated file", () -> truncate(folder.resolve("one")));
    report("fault of the JVM's own", () -> readTruncatedBuffer(folder.resolve("two")));
    // Often, so that compiled code meets its implicit check.
    report("null", () -> hashMany(new Object[] {"a", "b", null}));
    report("deep", () -> deep(0));
    report("truncated again", () -> truncate(folder.resolve("three")));
    System.out.println("alive");
  }

  private interface Act {
    void run() throws Exception;
  }

  private static void report(String what, Act act) {
    try {
      act.run();
      System.out.println(what + ": nothing");
    } catch (Throwable e) {
      System.out.println(what + ": " + e.getClass().getSimpleName());
    }
  }

  private static void truncate(Path file) throws IOException {
    try (ShareObject cell = ShareObject.open(file, CAPACITY)) {
      cell.set("x".repeat(CAPACITY - 1));
      cut(file);
      cell.get();
    }
  }

  private static void readTruncatedBuffer(Path file) throws IOException {
    Files.write(file, new byte[CAPACITY]);
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      MappedByteBuffer buffer = open.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, CAPACITY);
      cut(file);
      buffer.get(CAPACITY - 1);
    }
  }

  private static void cut(Path file) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      open.setLength(0);
    }
  }

  private static void hashMany(Object[] objects) {
    int sum = 0;
    for (int i = 0; i < 20_000; i++) {
      sum += objects[i & 1].hashCode();
    }
    sum += objects[2].hashCode();
    System.out.println(sum);
  }

  private static int deep(int depth) {
    return depth < 0 ? 0 : deep(depth + 1) + 1;
  }
}
