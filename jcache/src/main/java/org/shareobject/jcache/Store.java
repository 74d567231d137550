package org.shareobject.jcache;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.cache.CacheException;
import org.shareobject.Codec;
import org.shareobject.MapChange;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.Versioned;

/**
 * The map of a cache, with JCache's exceptions. A key's first byte is never 0: such keys name
 * locks, and have no value.
 */
final class Store implements AutoCloseable {
  private final String cache;
  private final Path file;
  private final Object fileKey;
  private final ShareMap<byte[], byte[]> map;

  private Store(String cache, Path file, ShareMap<byte[], byte[]> map) {
    this.cache = cache;
    this.file = file;
    this.map = map;
    fileKey = fileKey(file);
  }

  /**
   * Opens the map of a cache, or creates it. Entries stay if the definition is the same. If it is
   * another one, the map is made anew, unless a process still uses it.
   *
   * @throws CacheException if another process uses it with another definition
   */
  static Store open(
      Folder folder, String cache, Definition definition, ShareConfiguration<?, ?> configuration) {
    Path file = folder.map(cache);
    Path definitionFile = folder.definition(cache);
    return folder.locked(
        () -> {
          try {
            Definition present = Definition.read(definitionFile);
            boolean same =
                present != null
                    && definition.meansTheSame(present)
                    && definition.looksTheSame(present);
            boolean create = !exists(file);
            if (!create && !same) {
              create = replace(cache, file, present, definition);
            }
            if (create) {
              definition.write(definitionFile);
            }
            return new Store(cache, file, create ? create(file, configuration) : join(file));
          } catch (ShareException e) {
            throw new CacheException("the cache " + cache + " cannot be opened: " + message(e), e);
          }
        });
  }

  /** Removes a map that nobody uses; returns false if others use it with the same meaning. */
  private static boolean replace(String cache, Path file, Definition theirs, Definition ours) {
    if (peers(file) == 0) {
      delete(file);
      return true;
    }
    if (theirs == null || !ours.meansTheSame(theirs)) {
      throw new CacheException(
          "another process uses the cache "
              + cache
              + " with another definition: "
              + (theirs == null ? "its .definition is missing" : ours.difference(theirs))
              + "; end that process, or use another name or folder than "
              + file);
    }
    Closing.LOGGER.log(
        Level.INFO,
        "the cache {0} is in use with another capacity, largest entry or eviction, which stay",
        cache);
    return false;
  }

  private static ShareMap<byte[], byte[]> create(Path file, ShareConfiguration<?, ?> wanted) {
    ShareMap.Builder<byte[], byte[]> builder =
        ShareMap.builder(Codec.BYTES, Codec.BYTES)
            .capacity(wanted.getCapacity())
            .eviction(wanted.getEviction());
    if (wanted.getMaxEntry() > 0) {
      builder.maxEntry(wanted.getMaxEntry());
    }
    return builder.open(file);
  }

  private static ShareMap<byte[], byte[]> join(Path file) {
    return ShareMap.builder(Codec.BYTES, Codec.BYTES).open(file);
  }

  /** Returns how many handles of all processes are open; 0 for a file that is no map. */
  private static int peers(Path file) {
    try (ShareMap<byte[], byte[]> map =
        ShareMap.builder(Codec.BYTES, Codec.BYTES).readOnly().open(file)) {
      return map.stats().peers();
    } catch (org.shareobject.ShareFormatException e) {
      return 0;
    }
  }

  /**
   * Removes the files of a cache. Processes that have it open see it empty at once, and close it
   * when they next look at the file.
   */
  static void destroy(Folder folder, String cache) {
    Path file = folder.map(cache);
    folder.locked(
        () -> {
          if (exists(file)) {
            try (ShareMap<byte[], byte[]> map = join(file)) {
              map.clear();
            } catch (ShareException e) {
              Closing.LOGGER.log(Level.INFO, "the cache {0} was not cleared: {1}", cache, e);
            }
          }
          delete(file);
          delete(folder.definition(cache));
          return null;
        });
  }

  private static boolean exists(Path file) {
    return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new CacheException("the file " + file + " cannot be removed: " + e, e);
    }
  }

  private static Object fileKey(Path file) {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .fileKey();
    } catch (IOException e) {
      return null;
    }
  }

  /** Returns whether the file was removed or replaced since this object opened it. */
  boolean isGone() {
    return !Objects.equals(fileKey, fileKey(file));
  }

  byte[] get(byte[] key) {
    try {
      return map.get(key);
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  Versioned<byte[]> getVersioned(byte[] key) {
    try {
      return map.getVersioned(key);
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  /** Stores a value; for {@code ttl} ms, or without a limit if that is 0. */
  void set(byte[] key, byte[] value, long ttl) {
    try {
      if (ttl == 0) {
        map.set(key, value);
      } else {
        map.set(key, value, Duration.ofMillis(ttl));
      }
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  /** Stores a value if the key still has the version; as {@link #set} else. */
  boolean replace(byte[] key, long version, byte[] value, long ttl) {
    try {
      return ttl == 0
          ? map.replaceVersion(key, version, value)
          : map.replaceVersion(key, version, value, Duration.ofMillis(ttl));
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  boolean remove(byte[] key, long version) {
    try {
      return map.removeVersion(key, version);
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  /** Removes a key as expired, if it still has the version. */
  boolean expire(byte[] key, long version) {
    try {
      return map.expireVersion(key, version);
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  /** Has a listener hear all changes from now on, also those that this object makes. */
  ShareMap.Registration onChange(Consumer<MapChange<byte[]>> listener) {
    try {
      return map.onChange(listener);
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  void clear() {
    try {
      map.clear();
    } catch (ShareException e) {
      throw failed(e);
    }
  }

  Iterator<Map.Entry<byte[], byte[]>> iterator() {
    Iterator<Map.Entry<byte[], byte[]>> iterator = map.entrySet().iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        try {
          return iterator.hasNext();
        } catch (ShareException e) {
          throw failed(e);
        }
      }

      @Override
      public Map.Entry<byte[], byte[]> next() {
        try {
          return iterator.next();
        } catch (ShareException e) {
          throw failed(e);
        }
      }
    };
  }

  /**
   * Runs an action for a key while no thread of any process runs another one for it. If the process
   * dies meanwhile, the next one takes over.
   */
  <T> T exclusively(byte[] key, Supplier<T> action) {
    byte[] lock = new byte[1 + key.length];
    System.arraycopy(key, 0, lock, 1, key.length);
    Result<T> result = new Result<>();
    try {
      map.computeIfAbsent(
          lock,
          any -> {
            result.value = action.get();
            return null;
          });
    } catch (ShareException e) {
      throw failed(e);
    }
    return result.value;
  }

  private static final class Result<T> {
    private T value;
  }

  /** Returns how many entries were dropped to make room, by all processes since the beginning. */
  long evictions() {
    try {
      return map.stats().evictions();
    } catch (ShareClosedException e) {
      return 0;
    }
  }

  @Override
  public void close() {
    map.close();
  }

  private RuntimeException failed(ShareException e) {
    return e instanceof ShareClosedException
        ? new IllegalStateException("the cache " + cache + " is closed", e)
        : new CacheException("the cache " + cache + ": " + message(e), e);
  }

  private static String message(ShareException e) {
    return e.code() + ", " + e.getMessage();
  }
}
