package org.shareobject.bench.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Where and with what is measured. */
final class Machine {
  private static final Pattern JAR = Pattern.compile("([A-Za-z0-9-]+?)-(\\d[\\w.-]*)\\.jar");
  private static final List<String> PEERS =
      List.of(
          "jmh-core",
          "chronicle-map",
          "lmdbjava",
          "mapdb",
          "h2-mvstore",
          "caffeine",
          "jcache",
          "ehcache",
          "hazelcast",
          "lettuce-core");
  private static final long KIB_PER_GIB = 1 << 20;

  private Machine() {}

  /** Returns what matters, names and values. */
  static Map<String, String> describe(Options options) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    facts.put("command", options.command());
    facts.put("processor", first("/proc/cpuinfo", "model name\\s*:\\s*(.*)"));
    facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("caches", caches());
    facts.put(
        "memory",
        Long.parseLong(first("/proc/meminfo", "MemTotal:\\s*(\\d+).*")) / KIB_PER_GIB + " GiB");
    facts.put("system", first("/etc/os-release", "PRETTY_NAME=\"(.*)\""));
    facts.put(
        "kernel",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version").replaceAll("-.*", ""));
    facts.put(
        "huge pages", first("/sys/kernel/mm/transparent_hugepage/enabled", ".*\\[(\\w+)\\].*"));
    facts.put(
        "huge pages in /dev/shm",
        first("/sys/kernel/mm/transparent_hugepage/shmem_enabled", ".*\\[(\\w+)\\].*"));
    facts.put(
        "JDK",
        System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"));
    facts.put("ShareObject", output(options.root(), "git", "describe", "--always", "--dirty"));
    facts.put("peers", jars());
    if (Programs.has(Programs.NODE)) {
      facts.put("Node", output(options.root(), Programs.NODE, "--version"));
    }
    if (Programs.has(Programs.REDIS)) {
      facts.put(
          "Redis",
          output(options.root(), Programs.REDIS, "--version").replaceAll(".*v=(\\S+).*", "$1"));
    }
    return facts;
  }

  private static String caches() {
    Path folder = Path.of("/sys/devices/system/cpu/cpu0/cache");
    if (!Files.isDirectory(folder)) {
      return "?";
    }
    try (Stream<Path> found = Files.list(folder)) {
      return found
          .filter(path -> path.getFileName().toString().startsWith("index"))
          .sorted()
          .map(path -> "L" + first(path + "/level", "(.*)") + " " + first(path + "/size", "(.*)"))
          .distinct()
          .collect(Collectors.joining(", "));
    } catch (IOException e) {
      return "?";
    }
  }

  private static String jars() {
    return Stream.of(System.getProperty("java.class.path").split(":"))
        .map(path -> JAR.matcher(Path.of(path).getFileName().toString()))
        .filter(Matcher::matches)
        .filter(jar -> PEERS.contains(jar.group(1)))
        .map(jar -> jar.group(1) + " " + jar.group(2))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static String first(String file, String pattern) {
    Pattern compiled = Pattern.compile(pattern);
    try (Stream<String> lines = Files.lines(Path.of(file))) {
      return lines
          .map(compiled::matcher)
          .filter(Matcher::matches)
          .map(line -> line.group(1).trim())
          .findFirst()
          .orElse("?");
    } catch (IOException e) {
      return "?";
    }
  }

  private static String output(Path folder, String... command) {
    try {
      Process process = new ProcessBuilder(command).directory(folder.toFile()).start();
      String line = process.inputReader().readLine();
      process.waitFor();
      return line == null ? "?" : line;
    } catch (IOException e) {
      return "?";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "?";
    }
  }
}
