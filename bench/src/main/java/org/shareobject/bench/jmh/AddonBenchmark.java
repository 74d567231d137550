package org.shareobject.bench.jmh;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.shareobject.ShareObject;

/**
 * {@link ShareObject}'s module beside what the addon does: open and map at each call. The file is
 * the addon's own, {@code share-data} in the working directory.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class AddonBenchmark {
  private static final int WINDOW = ShareObject.WINDOW_BYTES;

  private final String text = "Hello World!";
  private final Path file = Path.of("share-data");
  private final byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);

  /** Makes the file. */
  @Setup(Level.Trial)
  public void create() throws IOException {
    Path folder = Files.createTempDirectory(Path.of(System.getProperty("bench.folder")), "jmh");
    if (Natives.changeDirectory(folder.toString().getBytes(StandardCharsets.UTF_8)) != 0) {
      throw new IOException("cannot work in " + folder);
    }
    ShareObject.write(text);
  }

  /** Reads by the product. */
  @Benchmark
  public String readShareObject() {
    return ShareObject.read();
  }

  /** Writes by the product. */
  @Benchmark
  public int writeShareObject() {
    return ShareObject.write(text);
  }

  /** Reads as the addon does, in C through JNI. */
  @Benchmark
  public String readMappingInC() {
    byte[] window = new byte[WINDOW];
    int length = Natives.mapAndRead(path, window);
    return new String(window, 0, length, StandardCharsets.UTF_8);
  }

  /** Writes as the addon does, in C through JNI. */
  @Benchmark
  public int writeMappingInC() {
    return Natives.mapAndWrite(path, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Reads as the addon does, by Java alone; the JVM unmaps when it collects. */
  @Benchmark
  public String readMappingInJava() throws IOException {
    byte[] window = new byte[WINDOW];
    map().get(0, window);
    int length = 0;
    while (length < WINDOW && window[length] != 0) {
      length++;
    }
    return new String(window, 0, length, StandardCharsets.UTF_8);
  }

  /** Writes as the addon does, by Java alone. */
  @Benchmark
  public int writeMappingInJava() throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    MappedByteBuffer window = map();
    window.put(0, bytes).put(bytes.length, (byte) 0);
    return bytes.length;
  }

  private MappedByteBuffer map() throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, WINDOW);
    }
  }
}
