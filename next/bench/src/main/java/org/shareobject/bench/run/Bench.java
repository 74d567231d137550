package org.shareobject.bench.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.shareobject.bench.peer.PeerType;

/** Runs suites and keeps their results. */
public final class Bench {
  private static final Path MEMORY = Path.of("/dev/shm");

  private final Options options;
  private final Path scratch;
  private final Redis redis;
  private boolean whole = true;

  private Bench(Options options, Path scratch, Redis redis) {
    this.options = options;
    this.scratch = scratch;
    this.redis = redis;
  }

  /** Returns the names of all suites. */
  public static List<String> names() {
    Options none = new Options(false, 0, List.of(), false, null, null, Path.of("."));
    return new Suites(none, List.of(PeerType.values()), true)
        .all().stream().map(Suite::name).toList();
  }

  /** Measures; returns whether all cases could be. */
  public static boolean run(Options options) throws IOException, InterruptedException {
    Files.createDirectories(options.results());
    Path scratch =
        Files.isDirectory(MEMORY)
            ? Files.createTempDirectory(MEMORY, "shareobject-bench")
            : Files.createTempDirectory("shareobject-bench");
    Thread clean = new Thread(() -> delete(scratch));
    Runtime.getRuntime().addShutdownHook(clean);
    boolean withRedis = Programs.hasOrTell(Programs.REDIS);
    try (Redis redis = withRedis ? Redis.start(scratch.resolve("redis")) : null) {
      Bench bench = new Bench(options, scratch, redis);
      bench.measure();
      return bench.whole;
    }
  }

  private void measure() throws IOException, InterruptedException {
    List<PeerType> peers =
        Arrays.stream(PeerType.values()).filter(peer -> redis != null || !peer.isRedis()).toList();
    List<Suite> suites =
        new Suites(options, peers, Programs.hasOrTell(Programs.NODE))
            .all().stream()
                .filter(suite -> options.only().isEmpty() || options.only().contains(suite.name()))
                .toList();
    Map<String, String> machine = Machine.describe(options);
    Progress progress = new Progress(suites);
    for (Suite suite : suites) {
      Results results = new Results(suite.name(), options.quick(), machine, new ArrayList<>());
      for (int round = 0; round < suite.rounds(); round++) {
        for (Case next : suite.cases()) {
          progress.begin(suite, round, next);
          measure(next, results, progress);
        }
        results.write(options.results());
      }
    }
  }

  private void measure(Case next, Results results, Progress progress)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory(scratch, "case");
    try {
      List<Measure> measures = next.action().run(folder);
      measures.forEach(measure -> results.add(next.params(), measure));
      progress.end(measures);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      whole = false;
      progress.failed(e);
    } finally {
      delete(folder);
      if (redis != null) {
        redis.clear();
      }
    }
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> found = Files.walk(folder)) {
      for (Path path : found.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
