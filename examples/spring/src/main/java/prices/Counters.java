package prices;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** Counts what each JVM does, in a map that all of them share; so it outlives them. */
@Component
public class Counters implements AutoCloseable {
  private static final long CAPACITY = 1 << 20;

  private final String pid = String.valueOf(ProcessHandle.current().pid());
  private final ShareMap<String, Long> map;

  /**
   * The work of a JVM.
   *
   * @param pid the process
   * @param answered how many requests it answered
   * @param computed how many values it computed: its misses
   * @param isAlive whether it runs
   */
  public record Line(long pid, long answered, long computed, boolean isAlive) {}

  /** Opens the map in a folder that is there. */
  public Counters(@Value("${prices.folder}") Path folder) {
    map =
        ShareMap.builder(Codec.STRING, Codec.LONG)
            .capacity(CAPACITY)
            .open(folder.resolve("counters"));
  }

  void computed() {
    map.addAndGet("computed " + pid, 1);
  }

  void answered() {
    map.addAndGet("answered " + pid, 1);
  }

  /** Returns a line for each JVM that has done something, by process id. */
  Iterable<Line> lines() {
    Map<Long, Line> lines = new TreeMap<>();
    for (String name : map.keySet()) {
      String process = name.substring(name.indexOf(' ') + 1);
      long number = Long.parseLong(process);
      lines.put(
          number,
          new Line(
              number,
              map.getOrDefault("answered " + process, 0L),
              map.getOrDefault("computed " + process, 0L),
              ProcessHandle.of(number).isPresent()));
    }
    return lines.values();
  }

  @Override
  public void close() {
    map.close();
  }
}
