package org.shareobject.bench.process;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.file.Path;
import java.time.Duration;
import org.HdrHistogram.Histogram;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.ShareObject;

/**
 * One end of a wake-up: settings {@code way}, {@code role}, {@code turns}, {@code napUs}. The one
 * that wakes puts the clock's time, which is one for all processes, into what it hands over after a
 * nap; the one that sleeps answers {@code median} and {@code p99} of how much later it returned,
 * ns.
 */
final class AwaitTimes implements Job {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String KEY = "turn";
  private static final long END = -1;
  private static final int DIGITS = 3;

  /** How one process wakes another. */
  private interface Way extends AutoCloseable {
    void wake(long time) throws Exception;

    /** Returns the time that the other one put. */
    long sleep() throws Exception;

    @Override
    void close();
  }

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    int turns = settings.number("turns");
    try (Way way = open(settings.text("way"), settings.spec().folder())) {
      parent.say("ready");
      parent.listen();
      if (settings.text("role").equals("wake")) {
        for (int i = 0; i < turns; i++) {
          Thread.sleep(Duration.ofNanos(settings.number("napUs") * 1000L).toMillis());
          way.wake(System.nanoTime());
        }
        way.wake(END);
      } else {
        // A turn that came while this process had no core is told with the next.
        Histogram took = new Histogram(DIGITS);
        for (long put; (put = way.sleep()) != END; ) {
          took.recordValue(System.nanoTime() - put);
        }
        parent.say("median " + took.getValueAtPercentile(50));
        parent.say("p99 " + took.getValueAtPercentile(99));
      }
      parent.listen();
    }
  }

  private static Way open(String way, Path folder) {
    return switch (way) {
      case "ShareMap.await" -> new MapWay(folder);
      case "ShareObject.await" -> new CellWay(folder);
      case "Redis BLPOP" -> new ListWay();
      default -> throw new IllegalArgumentException("no such way: " + way);
    };
  }

  private static final class MapWay implements Way {
    private final ShareMap<String, Long> map;
    private long version;

    MapWay(Path folder) {
      map =
          ShareMap.builder(Codec.STRING, Codec.LONG)
              .capacity(1 << 20)
              .open(folder.resolve("await-map"));
    }

    @Override
    public void wake(long time) {
      map.set(KEY, time);
    }

    @Override
    public long sleep() throws Exception {
      version = map.await(KEY, version, PATIENCE);
      return map.get(KEY);
    }

    @Override
    public void close() {
      map.close();
    }
  }

  private static final class CellWay implements Way {
    private final ShareObject cell;
    private long version;

    CellWay(Path folder) {
      cell = ShareObject.open(folder.resolve("await-cell"));
      version = cell.version();
    }

    @Override
    public void wake(long time) {
      cell.set(Long.toString(time));
    }

    @Override
    public long sleep() throws Exception {
      version = cell.await(version, PATIENCE);
      return Long.parseLong(cell.get());
    }

    @Override
    public void close() {
      cell.close();
    }
  }

  private static final class ListWay implements Way {
    private final RedisClient client =
        RedisClient.create(
            RedisURI.Builder.socket(System.getProperty("bench.redis.folder") + "/socket").build());
    private final RedisCommands<String, String> commands = client.connect().sync();

    @Override
    public void wake(long time) {
      commands.rpush(KEY, Long.toString(time));
    }

    @Override
    public long sleep() {
      return Long.parseLong(commands.blpop(PATIENCE.toSeconds(), KEY).getValue());
    }

    @Override
    public void close() {
      client.shutdown();
    }
  }
}
