package org.shareobject;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.shareobject.internal.cell.Addon;
import org.shareobject.internal.cell.CellInfo;
import org.shareobject.internal.cell.CellNative;
import org.shareobject.internal.cell.CellWaits;
import org.shareobject.internal.jfr.Recorder;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;
import org.shareobject.internal.text.Utf8;
import org.shareobject.internal.time.Nanos;

/**
 * A text that the processes of one host share through a file.
 *
 * <p>The static methods are the Node addon's module: a window of {@value #WINDOW_BYTES} bytes at
 * the start of the file that {@code -Dshareobject.path} names, else of {@code share-data} in the
 * working directory. An object opened by {@link #open(Path)} is an {@code AtomicReference<String>}
 * that processes share, with versions to compare and to wait for. Both see the same bytes if they
 * use the same file.
 *
 * <p>All methods are atomic between all threads of all processes that use this library on the file,
 * whatever their language. A process that is killed inside a write leaves the old text or the new
 * one; the next writer goes on within 100 ms. If another program stores into the file without this
 * library, its bytes are seen, but its stores are not atomic and wake nobody.
 *
 * <p>All methods may be called by any thread at any time, including {@link #close()}. In addition
 * to what each method names, all of them throw {@link ShareIoException} if another process has
 * truncated the file ({@code SHO_EIO}). If the file is removed or replaced, the static methods use
 * the new one, while an open object goes on with the file that it opened.
 */
public final class ShareObject implements AutoCloseable {
  /** The size of the addon's window in bytes: text of at most one byte less, and its NUL. */
  public static final int WINDOW_BYTES = Addon.WINDOW_BYTES;

  private static final Cleaner CLEANER = Cleaner.create();

  // close() ends calls in progress and all later ones; C's handle stays valid for them. The cleaner
  // frees it when no thread can reach this object any more. So each method that passes the handle
  // on has a reachability fence after the call.
  private final long cell;
  private final CellWaits waits;
  private final Path file;
  private final int capacity;

  /**
   * Length of the text that was read last, bytes: a guess for the next read, so a race does no
   * harm.
   */
  private int lengthGuess;

  private ShareObject(long cell, Path file, int capacity) {
    this.cell = cell;
    this.file = file;
    this.capacity = capacity;
    waits = new CellWaits(cell, file, this);
    CLEANER.register(this, () -> CellNative.free(cell));
  }

  /**
   * Reads the addon's window up to its first NUL. Does not block. A file of at most {@value
   * #WINDOW_BYTES} bytes that this library did not make is adopted, whoever made it: it grows to
   * 3328 bytes, and keeps its contents. {@link #openExisting(Path)} adopts nothing.
   *
   * @return the text, all of the window if there is no NUL; malformed UTF-8 as U+FFFD; never null
   * @throws ShareIoException if the file is missing ({@code SHO_ENOENT}) or cannot be read
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is larger than the window and not a ShareObject file
   */
  public static String read() {
    return Addon.read(false);
  }

  /**
   * Reads the whole of the addon's window, as the addon's {@code read()} does. Does not block.
   * Adopts a short file like {@link #read()}.
   *
   * @return all {@value #WINDOW_BYTES} bytes as text, NULs included; malformed UTF-8 as U+FFFD;
   *     never null
   * @throws ShareIoException if the file is missing ({@code SHO_ENOENT}) or cannot be read
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is larger than the window and not a ShareObject file
   */
  public static String readWindow() {
    return Addon.read(true);
  }

  /**
   * Stores text and a NUL at the start of the addon's window, as the addon's {@code write()} does,
   * and creates the file if it is missing. Text beyond {@value #WINDOW_BYTES}&minus;1 bytes is cut
   * at a whole character; the bytes after the NUL stay. A NUL in the text is stored, and a lone
   * surrogate is stored as U+FFFD. A file of at most {@value #WINDOW_BYTES} bytes that this library
   * did not make is adopted, whoever made it, and its first bytes are overwritten. Blocks like
   * {@link #set(String)}.
   *
   * @param text what to store
   * @return how many bytes were stored, not counting the NUL, 0 to {@value #WINDOW_BYTES}&minus;1
   * @throws ShareIoException if the file cannot be made or written, or a stopped process holds it
   *     ({@code SHO_EBUSY})
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is larger than the window and not a ShareObject file
   */
  public static int write(String text) {
    return Addon.write(Objects.requireNonNull(text, "text"));
  }

  /**
   * Opens the cell in a file with a capacity of {@link #WINDOW_BYTES}, like {@link #open(Path,
   * int)}.
   *
   * @param file the file; created, readable and writable for its owner only, if it is missing
   * @return the open object, to be closed
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is not a ShareObject file, is damaged, or has another
   *     version or capacity
   * @throws ShareIoException if the system refuses, for example because the disk is full; no later
   *     call runs out of space
   */
  public static ShareObject open(Path file) {
    return open(file, WINDOW_BYTES);
  }

  /**
   * Opens the cell in a file. An empty file, or one of exactly {@link #WINDOW_BYTES} bytes, as the
   * addon makes it, is adopted: it grows, and its bytes become the text. Any other file that this
   * library did not make is refused and stays untouched.
   *
   * @param file the file; created, readable and writable for its owner only, if it is missing
   * @param capacityBytes room for the text in UTF-8 and a NUL, 2 to 2<sup>30</sup> bytes
   * @return the open object, to be closed
   * @throws IllegalArgumentException if the capacity is out of range
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is not a ShareObject file, is damaged, or has another
   *     version or capacity
   * @throws ShareIoException if the system refuses, for example because the disk is full; no later
   *     call runs out of space
   */
  public static ShareObject open(Path file, int capacityBytes) {
    return open(file, capacityBytes, false);
  }

  /**
   * Opens the cell in a file like {@link #open(Path, int)}, and adopts any file of at most {@link
   * #WINDOW_BYTES} bytes, whoever made it: the file grows, and its bytes become the text.
   *
   * @param file the file; created, readable and writable for its owner only, if it is missing
   * @param capacityBytes room for the text in UTF-8 and a NUL, 2 to 2<sup>30</sup> bytes
   * @return the open object, to be closed
   * @throws IllegalArgumentException if the capacity is out of range
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is larger and not a ShareObject file, is damaged, or
   *     has another version or capacity
   * @throws ShareIoException if the system refuses, for example because the disk is full; no later
   *     call runs out of space
   */
  public static ShareObject adopt(Path file, int capacityBytes) {
    return open(file, capacityBytes, true);
  }

  private static ShareObject open(Path file, int capacityBytes, boolean adopts) {
    byte[] name = FileNames.bytes(Objects.requireNonNull(file, "file"));
    NativeLibrary.load();
    return new ShareObject(
        Results.check(CellNative.open(name, capacityBytes, adopts)), file, capacityBytes);
  }

  /**
   * Opens the cell in a file that exists, whatever its capacity. Creates no file, and changes none
   * that this library did not make.
   *
   * @param file the file
   * @return the open object, to be closed
   * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
   *     readable and writable
   * @throws ShareFormatException if the file is not a ShareObject file ({@code SHO_EFORMAT}), is
   *     damaged, or has another version
   * @throws ShareIoException if the file is missing ({@code SHO_ENOENT}) or the system refuses
   */
  public static ShareObject openExisting(Path file) {
    byte[] name = FileNames.bytes(Objects.requireNonNull(file, "file"));
    NativeLibrary.load();
    long cell = Results.check(CellNative.openExisting(name));
    try {
      return new ShareObject(cell, file, (int) CellInfo.of(cell).capacity());
    } catch (RuntimeException | Error e) {
      CellNative.free(cell);
      throw e;
    }
  }

  /**
   * Reads the text. Never waits for a writer.
   *
   * @return a text that one writer stored, {@code ""} before the first; never null
   * @throws ShareClosedException if the object is closed
   */
  public String get() {
    try {
      byte[] text = new byte[Math.min(lengthGuess + 64, capacity)];
      int length = Results.check(CellNative.get(cell, text));
      while (length > text.length) {
        text = new byte[length];
        length = Results.check(CellNative.get(cell, text));
      }
      lengthGuess = length;
      return Utf8.decode(text, length);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Stores a text, all of it or nothing, and wakes the threads that await it. Waits for other
   * writers: usually microseconds, and at most 10 s for one that is stopped.
   *
   * @param text the text, of at most {@code capacity() - 1} bytes in UTF-8, with no NUL and no lone
   *     surrogate
   * @return the version of the text, higher than all before it
   * @throws IllegalArgumentException if there is a NUL or a lone surrogate in the text
   * @throws ShareValueTooLargeException if the text does not fit
   * @throws ShareIoException if a stopped process holds the cell ({@code SHO_EBUSY}; the message
   *     has its pid)
   * @throws ShareClosedException if the object is closed
   */
  public long set(String text) {
    byte[] bytes = Utf8.encode(Objects.requireNonNull(text, "text"));
    try {
      return Results.check(CellNative.set(cell, bytes));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Stores a text like {@link #set(String)} if the version is still the expected one.
   *
   * @param version a version that {@link #version()}, {@link #set(String)} or {@link #await}
   *     returned
   * @param text the text, of at most {@code capacity() - 1} bytes in UTF-8, with no NUL and no lone
   *     surrogate
   * @return whether it was stored; then the version is {@code version + 1}
   * @throws IllegalArgumentException if there is a NUL or a lone surrogate in the text
   * @throws ShareValueTooLargeException if the text does not fit
   * @throws ShareIoException if a stopped process holds the cell ({@code SHO_EBUSY}; the message
   *     has its pid)
   * @throws ShareClosedException if the object is closed
   */
  public boolean compareAndSet(long version, String text) {
    byte[] bytes = Utf8.encode(Objects.requireNonNull(text, "text"));
    try {
      long result = CellNative.compareAndSet(cell, version, bytes);
      if (result == Results.ECHANGED) {
        return false;
      }
      Results.check(result);
      return true;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Returns the number of writes completed since the cell was created. Does not block.
   *
   * @return the version, 0 or above
   * @throws ShareClosedException if the object is closed
   */
  public long version() {
    try {
      return Results.check(CellNative.version(cell));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Waits until the version is above a known one. Returns at once if it already is. The threads of
   * one JVM that wait are parked, and virtual ones give their carriers back; one thread for all of
   * them sleeps in the kernel.
   *
   * @param version the version to exceed, 0 or above
   * @param timeout the longest time to sleep; zero or less checks once
   * @return the version now, above the given one
   * @throws IllegalArgumentException if the version is negative
   * @throws InterruptedException if the thread is interrupted before or during the call; noticed
   *     within 50 ms
   * @throws TimeoutException if the version did not change in time
   * @throws ShareClosedException if the object is closed before or during the call
   */
  public long await(long version, Duration timeout) throws InterruptedException, TimeoutException {
    if (version < 0) {
      throw new IllegalArgumentException("version must not be negative: " + version);
    }
    long timeoutNanos = Nanos.of(Objects.requireNonNull(timeout, "timeout"));
    Object wait = Recorder.beginWait();
    long newer;
    try {
      newer = waits.await(version, timeoutNanos);
    } finally {
      Recorder.endWait(wait, file.toString(), "change");
    }
    if (newer == Results.ETIMEDOUT) {
      throw new TimeoutException(
          "no version above " + version + " in " + file + " within " + Nanos.text(timeoutNanos));
    }
    return Results.check(newer);
  }

  /**
   * Returns the room for the text and its NUL.
   *
   * @return bytes, as passed to {@link #open(Path, int)} when the file was created
   */
  public int capacity() {
    return capacity;
  }

  /**
   * Returns the file.
   *
   * @return the path passed to {@link #open(Path, int)}
   */
  public Path file() {
    return file;
  }

  /**
   * Ends all calls on this object, even those that wait, with {@link ShareClosedException}, and
   * releases the memory and the file. The text stays in the file. Closing again does nothing.
   */
  @Override
  public void close() {
    try {
      CellNative.close(cell);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public String toString() {
    return "ShareObject[" + file + "]";
  }
}
