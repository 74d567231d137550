package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.internal.map.MapOptions;
import org.shareobject.internal.map.RawEntry;
import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.text.FileNames;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE COMMAND}: how the map is opened, and the commands on one key. */
@Command(
    name = MapCommand.NAME,
    description = {
      "Shows and changes a map.",
      "Keys and values are text. 'set', 'add' and 'load' create the file if it is missing."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class,
    synopsisSubcommandLabel = "COMMAND",
    addMethodSubcommands = false)
final class MapCommand implements Runnable {
  static final String NAME = "map";

  /** By name: a class, or the method that is annotated so. */
  private static final Map<String, Object> COMMANDS = new LinkedHashMap<>();

  static {
    for (String name : List.of("get", "set", "add", "del", "ttl")) {
      COMMANDS.put(name, CommandLine.getCommandMethods(MapCommand.class, name).get(0));
    }
    COMMANDS.put("keys", MapKeysCommand.class);
    COMMANDS.put("dump", MapDumpCommand.class);
    COMMANDS.put("load", MapLoadCommand.class);
    COMMANDS.put("stats", MapStatsCommand.class);
    COMMANDS.put("metrics", MapMetricsCommand.class);
    COMMANDS.put("top", MapTopCommand.class);
    COMMANDS.put("verify", MapVerifyCommand.class);
    COMMANDS.put("clear", MapClearCommand.class);
  }

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "The map's file.")
  private Path file;

  @Option(
      names = "--capacity",
      paramLabel = "SIZE",
      scope = ScopeType.INHERIT,
      converter = SizeConverter.class,
      description =
          "The room for entries, such as 500k, 64m or 2g (default: what the file has, or 64m).")
  private Long capacity;

  @Option(
      names = "--eviction",
      paramLabel = "MODE",
      scope = ScopeType.INHERIT,
      description =
          "What a full map does: ${COMPLETION-CANDIDATES} (default: what the file has, or NONE).")
  private Eviction eviction;

  @Option(
      names = "--max-entry",
      paramLabel = "SIZE",
      scope = ScopeType.INHERIT,
      converter = SizeConverter.class,
      description =
          "The largest entry: key, value and 32 bytes (default: what the file has, or what the"
              + " capacity allows).")
  private Long maxEntry;

  MapCommand() {}

  /** Makes the help of any command; in that of a map's command the file is named too. */
  static Help help(CommandSpec spec, Help.ColorScheme colors) {
    return new Help(spec, colors) {
      @Override
      public String synopsis(int headingBytes) {
        String map = Main.NAME + " " + NAME + " ";
        String synopsis = super.synopsis(headingBytes);
        return spec.name().equals(NAME) ? synopsis : synopsis.replace(map, map + "FILE ");
      }
    };
  }

  /** Adds the command that {@code map FILE COMMAND} names, or all: see {@link Main}. */
  static void addTo(CommandLine map, String... args) {
    boolean isOne = args.length > 2 && !args[1].startsWith("-") && COMMANDS.containsKey(args[2]);
    for (String name : isOne ? Set.of(args[2]) : COMMANDS.keySet()) {
      map.addSubcommand(name, COMMANDS.get(name));
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  @Command(description = "Prints a value and a newline.", mixinStandardHelpOptions = true)
  void get(
      @Parameters(paramLabel = "KEY", description = "The key.") String key,
      @Option(
              names = "--as",
              paramLabel = "TYPE",
              defaultValue = "auto",
              description = ValueType.DESCRIPTION)
          ValueType type) {
    try (ShareMap<String, byte[]> map = open(Codec.BYTES)) {
      out().println(type.print(there(key, map.get(key))));
    }
  }

  @Command(description = "Stores a value.", mixinStandardHelpOptions = true)
  void set(
      @Parameters(paramLabel = "KEY", description = "The key.") String key,
      @Parameters(paramLabel = "VALUE", description = "The value; - reads it from standard input.")
          String value,
      @Option(
              names = "--as",
              paramLabel = "TYPE",
              defaultValue = "text",
              description = ValueType.DESCRIPTION)
          ValueType type,
      @Option(
              names = "--ttl",
              paramLabel = "TIME",
              converter = TimeConverter.class,
              description =
                  "How long it lives, such as 250ms, 90s, 1h30m or 30d (default: no limit).")
          Duration ttl)
      throws IOException {
    byte[] bytes = value.equals("-") ? System.in.readAllBytes() : type.parse(value);
    try (ShareMap<String, byte[]> map = openOrCreate(Codec.BYTES)) {
      if (ttl == null) {
        map.set(key, bytes);
      } else {
        map.set(key, bytes, ttl);
      }
    }
  }

  @Command(
      description = {
        "Adds to a number, a value of 8 bytes, and prints the sum; absent counts as 0.",
        "Refuses a sum that 8 bytes cannot hold."
      },
      mixinStandardHelpOptions = true)
  void add(
      @Parameters(paramLabel = "KEY", description = "The key.") String key,
      @Parameters(paramLabel = "DELTA", description = "What to add; may be negative.") long delta) {
    RawMap map = openOrCreateRaw();
    try {
      out().println(add(map, key, delta));
    } finally {
      map.close();
    }
  }

  /** Unlike {@link ShareMap#addAndGet} it refuses a sum that 8 bytes cannot hold. */
  private long add(RawMap map, String name, long delta) {
    byte[] key = Codec.STRING.encode(name);
    while (true) {
      RawEntry entry = map.getVersioned(key);
      long was = 0;
      if (entry != null) {
        if (entry.value().length != Long.BYTES) {
          throw new ShareException(
              "SHO_ETYPE",
              file
                  + ": the value of '"
                  + Printable.line(name)
                  + "' has "
                  + entry.value().length
                  + " bytes and is not a number of 8");
        }
        was = Codec.LONG.decode(entry.value());
      }
      long sum = was + delta;
      if (((was ^ sum) & (delta ^ sum)) < 0) {
        throw new IllegalArgumentException(
            file
                + ": the sum of "
                + was
                + " and "
                + delta
                + " is not a number of 8 bytes; '"
                + Printable.line(name)
                + "' is unchanged");
      }
      long version = entry == null ? 0 : entry.version();
      if (map.compareAndSet(key, version, Codec.LONG.encode(sum), map.timeToLive(key))) {
        return sum;
      }
    }
  }

  @Command(
      description = "Removes keys, and prints how many existed.",
      mixinStandardHelpOptions = true)
  void del(
      @Parameters(paramLabel = "KEY", arity = "1..*", description = "The keys.")
          List<String> keys) {
    try (ShareMap<String, byte[]> map = open(Codec.BYTES)) {
      out().println(keys.stream().filter(map.keySet()::remove).count());
    }
  }

  @Command(
      description = "Prints how long an entry still lives, or sets it.",
      mixinStandardHelpOptions = true)
  void ttl(
      @Parameters(paramLabel = "KEY", description = "The key.") String key,
      @Parameters(
              paramLabel = "TIME",
              arity = "0..1",
              converter = TimeConverter.class,
              description = "How long it lives from now on, such as 250ms, 90s, 1h30m or 30d.")
          Duration time) {
    try (ShareMap<String, byte[]> map = open(Codec.BYTES)) {
      if (time == null) {
        there(key, map.get(key));
        out().println(map.timeToLive(key).map(MapCommand::seconds).orElse("no limit"));
      } else if (!map.expire(key, time)) {
        there(key, null);
      }
    }
  }

  private static String seconds(Duration time) {
    return BigDecimal.valueOf(time.toMillis(), 3).stripTrailingZeros().toPlainString() + "s";
  }

  Path file() {
    return file;
  }

  private byte[] there(String key, byte[] value) {
    if (value == null) {
      throw new ShareException("SHO_EABSENT", file + " has no key '" + Printable.line(key) + "'");
    }
    return value;
  }

  /** Opens a map that exists. */
  <V> ShareMap<String, V> open(Codec<V> values) {
    mustExist();
    return openOrCreate(values);
  }

  /** Opens a map that exists, as one who only looks and is not counted. */
  ShareMap<String, byte[]> openReadOnly() {
    mustExist();
    return builder(Codec.BYTES).readOnly().open(file);
  }

  /** Opens the bytes of a map that exists. */
  RawMap openRaw() {
    mustExist();
    return openOrCreateRaw();
  }

  RawMap openOrCreateRaw() {
    return RawMap.open(
        FileNames.bytes(file),
        new MapOptions(
            capacity == null ? 0 : capacity, maxEntry == null ? 0 : maxEntry, eviction, false));
  }

  private <V> ShareMap<String, V> openOrCreate(Codec<V> values) {
    return builder(values).open(file);
  }

  private <V> ShareMap.Builder<String, V> builder(Codec<V> values) {
    ShareMap.Builder<String, V> builder = ShareMap.builder(Codec.STRING, values);
    if (capacity != null) {
      builder.capacity(capacity);
    }
    if (eviction != null) {
      builder.eviction(eviction);
    }
    if (maxEntry != null) {
      builder.maxEntry(maxEntry);
    }
    return builder;
  }

  private void mustExist() {
    if (Files.notExists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new ShareIoException(
          "SHO_ENOENT", file + ": no such file; 'set', 'add' and 'load' create it");
    }
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
