package org.shareobject.jcache;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.cache.CacheException;
import javax.cache.configuration.Factory;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.shareobject.Eviction;

/**
 * The settings file of a manager, {@code jcache.properties}. A line is {@code default.SETTING} or
 * {@code cache.NAME.SETTING}; what it says goes before what the program says.
 */
final class Settings {
  static final String FILE = "jcache.properties";

  private static final int LARGEST_FILE = 1 << 20;
  private static final Pattern SIZE = Pattern.compile("(\\d{1,15})\\s*([kmg]?)");

  /** The names of the settings, in the order of the docs. */
  private static final Set<String> KNOWN =
      Set.of(
          "key-type",
          "value-type",
          "expiry",
          "capacity",
          "max-entry",
          "eviction",
          "serialization",
          "unreadable",
          "statistics",
          "management");

  private final String source;
  private final Properties lines = new Properties();
  private Path folder;

  private Settings(String source) {
    this.source = source;
  }

  /** Reads what a manager's URI names: a properties file, or a folder, which may contain one. */
  static Settings of(URI uri) {
    if (uri.getPath() == null && uri.getSchemeSpecificPart() == null) {
      throw notUsable(uri, null);
    }
    String name = uri.getSchemeSpecificPart();
    Settings settings;
    try {
      if (name.endsWith(".properties")) {
        settings = new Settings(uri.toString());
        try (var in = uri.toURL().openStream()) {
          settings.read(in.readNBytes(LARGEST_FILE + 1));
        }
        String wanted = (String) settings.lines.remove("folder");
        settings.folder = wanted == null ? Folder.defaultPath() : Path.of(wanted.trim());
      } else {
        Path folder = Path.of(uri);
        settings = new Settings(folder.resolve(FILE).toString());
        settings.folder = folder;
        Folder.open(folder);
        try {
          settings.read(Files.readAllBytes(folder.resolve(FILE)));
        } catch (NoSuchFileException e) {
          // Nothing is set.
        }
      }
    } catch (IOException e) {
      throw new CacheException("the settings " + uri + " cannot be read: " + e, e);
    } catch (IllegalArgumentException | java.nio.file.FileSystemNotFoundException e) {
      throw notUsable(uri, e);
    }
    settings.check();
    return settings;
  }

  private static CacheException notUsable(URI uri, RuntimeException cause) {
    return new CacheException(
        "the URI "
            + uri
            + " names neither a folder, such as file:///dev/shm/shop/, nor a properties file",
        cause);
  }

  private void read(byte[] bytes) throws IOException {
    if (bytes.length > LARGEST_FILE) {
      throw new CacheException(source + " is larger than 1 MiB: it is no settings file");
    }
    try (Reader reader = new StringReader(new String(bytes, StandardCharsets.UTF_8))) {
      lines.load(reader);
    }
  }

  private void check() {
    for (String line : lines.stringPropertyNames()) {
      int dot = line.lastIndexOf('.');
      String scope = dot < 0 ? line : line.substring(0, dot);
      boolean known = KNOWN.contains(line.substring(dot + 1));
      if (!known || !(scope.equals("default") || scope.startsWith("cache."))) {
        throw new CacheException(
            source
                + " has an unknown setting, "
                + line
                + "; there are default.SETTING and cache.NAME.SETTING with one of "
                + new TreeSet<>(KNOWN));
      }
    }
  }

  Path folder() {
    return folder;
  }

  /** Returns the names of the caches that the file names. */
  Set<String> names() {
    Set<String> names = new TreeSet<>();
    for (String line : lines.stringPropertyNames()) {
      if (line.startsWith("cache.")) {
        names.add(line.substring("cache.".length(), line.lastIndexOf('.')));
      }
    }
    return names;
  }

  /** Puts what the file says of a cache into a configuration. */
  <K, V> void apply(String name, ClassLoader loader, ShareConfiguration<K, V> configuration) {
    for (String setting : KNOWN) {
      String line = "cache." + name + "." + setting;
      String text = lines.getProperty(line);
      if (text == null) {
        line = "default." + setting;
        text = lines.getProperty(line);
      }
      if (text != null) {
        try {
          set(setting, text.trim(), loader, configuration);
        } catch (IllegalArgumentException | DateTimeParseException | ClassNotFoundException e) {
          throw new CacheException(
              source + ": " + line + " = " + text + " is not understood: " + reason(e), e);
        }
      }
    }
  }

  private static String reason(Exception e) {
    return e instanceof ClassNotFoundException
        ? "there is no class " + e.getMessage()
        : e.getMessage();
  }

  private static <K, V> void set(
      String setting, String text, ClassLoader loader, ShareConfiguration<K, V> configuration)
      throws ClassNotFoundException {
    switch (setting) {
      case "key-type" ->
          configuration.setTypes(
              type(text, configuration.getKeyType(), loader), configuration.getValueType());
      case "value-type" ->
          configuration.setTypes(
              configuration.getKeyType(), type(text, configuration.getValueType(), loader));
      case "expiry" -> configuration.setExpiryPolicyFactory(expiry(text));
      case "capacity" -> configuration.setCapacity(size(text));
      case "max-entry" -> configuration.setMaxEntry(size(text));
      case "eviction" ->
          configuration.setEviction(
              Eviction.valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_')));
      case "serialization" -> configuration.setSerialization(text);
      case "unreadable" ->
          configuration.setUnreadable(
              ShareConfiguration.Unreadable.valueOf(text.toUpperCase(Locale.ROOT)));
      case "statistics" -> configuration.setStatisticsEnabled(yes(text));
      default -> configuration.setManagementEnabled(yes(text));
    }
  }

  @SuppressWarnings("unchecked")
  private static <T> Class<T> type(String text, Class<T> declared, ClassLoader loader)
      throws ClassNotFoundException {
    Class<?> type = text.equals("byte[]") ? byte[].class : Class.forName(text, false, loader);
    if (declared != Object.class && declared != type) {
      throw new IllegalArgumentException("the program says " + declared.getName());
    }
    return (Class<T>) type;
  }

  private static boolean yes(String text) {
    if (!text.equals("true") && !text.equals("false")) {
      throw new IllegalArgumentException("true or false is expected");
    }
    return text.equals("true");
  }

  /** Returns bytes: a number, with k, m or g behind it for KiB, MiB or GiB. */
  private static long size(String text) {
    Matcher parts = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (!parts.matches()) {
      throw new IllegalArgumentException("a size such as 67108864, 64m or 1g is expected");
    }
    int shift = " kmg".indexOf(parts.group(2).isEmpty() ? " " : parts.group(2)) * 10;
    return Math.multiplyExact(Long.parseLong(parts.group(1)), 1L << shift);
  }

  private static Factory<ExpiryPolicy> expiry(String text) {
    String[] words = text.split("\\s+", 2);
    if (words[0].equals("eternal") && words.length == 1) {
      return EternalExpiryPolicy.factoryOf();
    }
    if (words.length == 1) {
      throw new IllegalArgumentException(
          "eternal, or a kind and a time such as \"created 10m\" is expected");
    }
    Duration time = time(words[1]);
    return switch (words[0]) {
      case "created" -> CreatedExpiryPolicy.factoryOf(time);
      case "accessed" -> AccessedExpiryPolicy.factoryOf(time);
      case "modified" -> ModifiedExpiryPolicy.factoryOf(time);
      case "touched" -> TouchedExpiryPolicy.factoryOf(time);
      default ->
          throw new IllegalArgumentException(
              "the kinds are eternal, created, accessed, modified and touched");
    };
  }

  /** Returns a time such as 500ms, 10s, 1h30m or 7d. */
  private static Duration time(String text) {
    if (text.endsWith("ms")) {
      return new Duration(
          TimeUnit.MILLISECONDS, Long.parseLong(text.substring(0, text.length() - 2)));
    }
    String iso = text.toUpperCase(Locale.ROOT).replaceFirst("^(\\d+D)(?=.)", "$1T");
    java.time.Duration time = java.time.Duration.parse(iso.contains("D") ? "P" + iso : "PT" + iso);
    return new Duration(TimeUnit.MILLISECONDS, time.toMillis());
  }
}
