package org.shareobject.jcache;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import javax.cache.CacheException;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.shareobject.Codec;

/**
 * What all processes that share a cache must agree on, and the geometry of its file. The first one
 * writes it beside the map; the others compare.
 */
final class Definition {
  private static final String LAYOUT = "1";
  private static final int LARGEST_FILE = 1 << 16;

  /** What entries mean: processes that differ cannot share them. */
  private final Map<String, String> meaning = new TreeMap<>();

  /** What the file looks like: those who come later take it as it is. */
  private final Map<String, String> geometry = new TreeMap<>();

  private Definition() {}

  static Definition of(ShareConfiguration<?, ?> configuration, ExpiryPolicy expiry) {
    Definition definition = new Definition();
    definition.meaning.put("layout", LAYOUT);
    definition.meaning.put("key-type", configuration.getKeyType().getName());
    definition.meaning.put("value-type", configuration.getValueType().getName());
    definition.meaning.put("key-codec", name(configuration.getKeyCodec()));
    definition.meaning.put("value-codec", name(configuration.getValueCodec()));
    definition.meaning.put("expiry", kind(expiry));
    definition.geometry.put("capacity", String.valueOf(configuration.getCapacity()));
    definition.geometry.put("max-entry", String.valueOf(configuration.getMaxEntry()));
    definition.geometry.put("eviction", configuration.getEviction().name());
    return definition;
  }

  private static String name(Codec<?> codec) {
    return codec == null ? "by type" : codec.getClass().getName();
  }

  private static String kind(ExpiryPolicy policy) {
    if (policy instanceof EternalExpiryPolicy) {
      return "eternal";
    } else if (policy instanceof CreatedExpiryPolicy) {
      return "created";
    } else if (policy instanceof AccessedExpiryPolicy) {
      return "accessed";
    } else if (policy instanceof ModifiedExpiryPolicy) {
      return "modified";
    } else if (policy instanceof TouchedExpiryPolicy) {
      return "touched";
    }
    return policy.getClass().getName();
  }

  /** Reads a definition; null if there is none. */
  static Definition read(Path file) {
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        return null;
      }
      if (Files.size(file) > LARGEST_FILE) {
        throw new CacheException(file + " is no definition of a cache: it is too large");
      }
      Properties lines = new Properties();
      try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        lines.load(reader);
      }
      Definition definition = new Definition();
      for (String line : lines.stringPropertyNames()) {
        boolean shape =
            line.equals("capacity") || line.equals("max-entry") || line.equals("eviction");
        (shape ? definition.geometry : definition.meaning).put(line, lines.getProperty(line));
      }
      return definition;
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException | IllegalArgumentException e) {
      throw new CacheException(
          "the definition " + file + " cannot be read: " + e + "; remove it with its .map", e);
    }
  }

  /** Writes it, so that a reader sees all of it or nothing. */
  void write(Path file) {
    Properties lines = new Properties();
    lines.putAll(meaning);
    lines.putAll(geometry);
    StringWriter text = new StringWriter();
    try {
      lines.store(text, null);
      Path draft =
          Files.createTempFile(
              file.getParent(),
              ".definition",
              null,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(draft, text.toString());
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CacheException("the definition " + file + " cannot be written: " + e, e);
    }
  }

  boolean meansTheSame(Definition other) {
    return meaning.equals(other.meaning);
  }

  boolean looksTheSame(Definition other) {
    return geometry.equals(other.geometry);
  }

  /** Names the first thing that differs: what this one says, and what the other. */
  String difference(Definition other) {
    for (Map.Entry<String, String> mine : meaning.entrySet()) {
      String theirs = other.meaning.get(mine.getKey());
      if (!mine.getValue().equals(theirs)) {
        return mine.getKey() + " is " + theirs + " there and " + mine.getValue() + " here";
      }
    }
    return "it has settings that this version does not know";
  }
}
