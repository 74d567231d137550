package org.shareobject.bench.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.process.Child;

/** Runs one fork of one JMH benchmark. */
final class Jmh {
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 100};
  private static final int LARGE = 2_000_000;

  private final Options options;

  Jmh(Options options) {
    this.options = options;
  }

  /** Measures the mean time of a call. */
  List<Measure> average(
      Path folder,
      Class<?> type,
      String method,
      PeerType peer,
      Map<String, String> params,
      int threads)
      throws RunnerException {
    Result<?> result = run(folder, type, method, peer, params, threads, Mode.AverageTime);
    return List.of(Measure.of("time", "ns", result.getScore()));
  }

  /** Measures how the times of single calls are distributed. */
  List<Measure> percentiles(
      Path folder, Class<?> type, String method, PeerType peer, Map<String, String> params)
      throws RunnerException {
    Statistics times = run(folder, type, method, peer, params, 1, Mode.SampleTime).getStatistics();
    List<Measure> measures = new ArrayList<>();
    for (double p : PERCENTILES) {
      measures.add(Measure.of(name(p), "ns", times.getPercentile(p)));
    }
    return measures;
  }

  private static String name(double percentile) {
    return percentile == 100 ? "max" : "p" + String.valueOf(percentile).replace(".0", "");
  }

  private Result<?> run(
      Path folder,
      Class<?> type,
      String method,
      PeerType peer,
      Map<String, String> params,
      int threads,
      Mode mode)
      throws RunnerException {
    long millis = options.quick() ? 200 : 500;
    ChainedOptionsBuilder builder =
        new OptionsBuilder()
            .include(type.getName().replace(".", "\\.") + "\\." + method + "$")
            .mode(mode)
            .threads(threads)
            .forks(1)
            .warmupIterations(3)
            .warmupTime(TimeValue.milliseconds(mode == Mode.SampleTime ? 2 * millis : millis))
            .measurementIterations(3)
            .measurementTime(TimeValue.milliseconds(mode == Mode.SampleTime ? 4 * millis : millis))
            .timeout(TimeValue.minutes(5))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.NORMAL)
            .output(options.root().resolve("bench/target/jmh.log").toString())
            .jvmArgs(flags(folder, peer, params));
    params.forEach(builder::param);
    return new Runner(builder.build()).runSingle().getPrimaryResult();
  }

  private static String[] flags(Path folder, PeerType peer, Map<String, String> params) {
    List<String> flags = new ArrayList<>(Child.flags(peer));
    boolean large = Integer.parseInt(params.getOrDefault("entries", "0")) > LARGE;
    flags.add("-Dbench.folder=" + folder);
    flags.add(large ? "-Xms8g" : "-Xms2g");
    flags.add(large ? "-Xmx8g" : "-Xmx2g");
    flags.add("-Xmn512m");
    flags.add("-XX:+AlwaysPreTouch");
    return flags.toArray(String[]::new);
  }
}
