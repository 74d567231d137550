package org.shareobject.bench.jmh;

/** The natives of {@code src/main/c/jni.c}, built by {@code bench/run}. */
final class Natives {
  static {
    System.load(System.getProperty("bench.native"));
  }

  private Natives() {}

  static native void empty();

  /** Fills the array from an address. */
  static native void copy(long from, byte[] out);

  /** Makes a folder the process's working directory; returns 0, or -1. */
  static native int changeDirectory(byte[] folder);

  /** Opens and maps the file, copies its text, unmaps; returns the text's length or -1. */
  static native int mapAndRead(byte[] path, byte[] out);

  /** Opens and maps the file, stores the text, unmaps; returns the text's length or -1. */
  static native int mapAndWrite(byte[] path, byte[] text);
}
