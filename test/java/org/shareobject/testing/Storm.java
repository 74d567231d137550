package org.shareobject.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/**
 * A storm of writers that are killed, and of readers. Each writer has keys of its own and tells
 * beside the map, in a mapped file that a kill does no harm to, what it is about to write and what
 * the map has acknowledged.
 */
public final class Storm {
  /** Keys of each writer. */
  public static final int KEYS = 60;

  /** No value is longer. */
  public static final int LONGEST = 1500;

  private static final int HEAD_BYTES = 2 * Long.BYTES;

  private static final int BATCH = 64;

  /** Batches before a writer says that it is ready: a cold JVM is seldom inside the map. */
  private static final int WARM_UP = 200;

  private static volatile boolean isOver;

  private Storm() {}

  private static void endWithInput() {
    Thread listener =
        new Thread(
            () -> {
              try {
                System.in.read();
              } catch (IOException e) {
                // As good as the end.
              }
              isOver = true;
            });
    listener.setDaemon(true);
    listener.start();
  }

  /** Returns the name of a writer's key. */
  public static String key(int writer, int key) {
    return "writer " + writer + " key " + key;
  }

  /** What a writer tells of each key: turns, from 1 on. */
  public static final class Diary {
    private final LongBuffer turns;

    /** Opens it, and makes it if it is missing. */
    public Diary(Path file) {
      try (FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        turns =
            channel
                .map(FileChannel.MapMode.READ_WRITE, 0, (2L * KEYS + 1) * Long.BYTES)
                .asLongBuffer();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Returns the last turn that the map has acknowledged. */
    public long acknowledged(int key) {
      return turns.get(key);
    }

    /** Returns the last turn that was begun. */
    public long begun(int key) {
      return turns.get(KEYS + key);
    }

    /** Returns the longest time that some writes took, in all lives of the writer. */
    public long longestMs() {
      return turns.get(2 * KEYS);
    }
  }

  /** Returns what is wrong with the values of a writer's keys, be it alive or dead. */
  public static List<String> faults(
      ShareMap<String, byte[]> map, int writer, Diary diary, boolean mayBeEvicted) {
    List<String> faults = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      long acknowledged = diary.acknowledged(key);
      byte[] value = map.get(key(writer, key));
      long begun = diary.begun(key);
      long turn = value == null ? 0 : turn(writer, key, value);
      boolean isLost = turn < acknowledged && !(value == null && mayBeEvicted);
      if (turn < 0 || isLost || turn > begun) {
        faults.add(
            String.format(
                "%s: turn %d, acknowledged %d, begun %d: %s",
                key(writer, key), turn, acknowledged, begun, Arrays.toString(value)));
      }
    }
    return faults;
  }

  /** Returns the turn that a value was written in; -1 if it is torn. */
  private static long turn(int writer, int key, byte[] value) {
    if (value.length < HEAD_BYTES) {
      return -1;
    }
    long turn = ByteBuffer.wrap(value).getLong(Long.BYTES);
    return Arrays.equals(value, value(writer, key, turn)) ? turn : -1;
  }

  /** Tells writer, key and turn; its length and all further bytes follow from these. */
  private static byte[] value(int writer, int key, long turn) {
    int mark = writer * KEYS + key;
    int length = Math.floorMod(turn * 2654435761L + mark * 40503L, LONGEST - HEAD_BYTES);
    byte[] value = new byte[HEAD_BYTES + length];
    Arrays.fill(value, (byte) (turn * 7 + mark));
    ByteBuffer.wrap(value).putLong(mark).putLong(turn);
    return value;
  }

  private static ShareMap<String, byte[]> open(String file) {
    return ShareMap.builder(Codec.STRING, Codec.BYTES).open(Path.of(file));
  }

  /** A child that writes its keys until it is killed or its input ends. */
  public static final class Writer {
    private Writer() {}

    /** Takes map, diary and the writer's number. */
    public static void main(String[] args) {
      endWithInput();
      int writer = Integer.parseInt(args[2]);
      Diary diary = new Diary(Path.of(args[1]));
      String[] names =
          IntStream.range(0, KEYS).mapToObj(k -> key(writer, k)).toArray(String[]::new);
      Random random = new Random();
      Waits waits = new Waits(List.of(Waits.thisThread()));
      try (ShareMap<String, byte[]> map = open(args[0])) {
        for (int count = 0; !isOver; count++) {
          if (count == WARM_UP) {
            System.out.println("ready");
          }
          waits.time(() -> write(map, writer, names, diary, random));
          if (waits.longestMs() > diary.longestMs()) {
            diary.turns.put(2 * KEYS, waits.longestMs());
          }
        }
        System.out.println("end");
      }
    }
  }

  /** Returns nothing; measured as a whole, for to measure takes longer than to write. */
  private static Void write(
      ShareMap<String, byte[]> map, int writer, String[] names, Diary diary, Random random) {
    for (int i = 0; i < BATCH; i++) {
      int key = random.nextInt(KEYS);
      long turn = diary.begun(key) + 1;
      byte[] value = value(writer, key, turn);
      diary.turns.put(KEYS + key, turn);
      map.set(names[key], value);
      diary.turns.put(key, turn);
    }
    return null;
  }

  /** A child that reads all keys until its input has something, and finds fault. */
  public static final class Reader {
    private Reader() {}

    /** Takes map, number of writers, and whether entries may be evicted. */
    public static void main(String[] args) {
      endWithInput();
      int writers = Integer.parseInt(args[1]);
      boolean mayBeEvicted = Boolean.parseBoolean(args[2]);
      long[][] seen = new long[writers][KEYS];
      Random random = new Random();
      Waits waits = new Waits(List.of(Waits.thisThread()));
      try (ShareMap<String, byte[]> map = open(args[0])) {
        System.out.println("ready");
        while (!isOver) {
          int writer = random.nextInt(writers);
          int key = random.nextInt(KEYS);
          byte[] value = waits.time(() -> map.get(key(writer, key)));
          long turn = value == null ? 0 : turn(writer, key, value);
          boolean wentBack = turn < seen[writer][key] && !(value == null && mayBeEvicted);
          if (turn < 0 || wentBack) {
            System.out.println(key(writer, key) + " went back to " + Arrays.toString(value));
            return;
          }
          seen[writer][key] = Math.max(turn, seen[writer][key]);
        }
        System.out.println(waits.longestMs() + " ms");
      }
    }
  }
}
