package org.shareobject.internal.nativelib;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareIoException;

/**
 * Loads the native library: the file that {@code -Dshareobject.native.path} names, else the one in
 * the jar, extracted to a private folder ({@code -Dshareobject.native.dir}). A library of another
 * version than the jar is refused.
 */
public final class NativeLibrary {
  static final String PATH_PROPERTY = "shareobject.native.path";
  static final String FOLDER_PROPERTY = "shareobject.native.dir";

  private static volatile Path loaded;

  /**
   * Milliseconds that writers wait for a process that is stopped inside a write; 10,000 by default.
   */
  public static final String LOCK_TIMEOUT_PROPERTY = "shareobject.lockTimeoutMillis";

  private NativeLibrary() {}

  /** Loads the library unless that is done. After a failure the next call tries again. */
  public static void load() {
    if (loaded == null) {
      loadOnce();
    }
  }

  /** Returns the file that the library was loaded from. */
  public static Path path() {
    load();
    return loaded;
  }

  private static synchronized void loadOnce() {
    if (loaded != null) {
      return;
    }
    Path library = locate();
    try {
      loadForThisLoader(library);
    } catch (UnsatisfiedLinkError e) {
      throw LoadFailure.explain(library, e);
    } catch (IllegalCallerException e) {
      throw new ShareIoException(
          "SHO_ESYSTEM",
          "this JVM forbids native libraries; start it with --enable-native-access=org.shareobject,"
              + " or ALL-UNNAMED on the class path",
          e);
    }
    checkVersion(library);
    setLockTimeout(System.getProperty(LOCK_TIMEOUT_PROPERTY));
    loaded = library;
  }

  /** A JVM loads a file for one class loader only; each other one gets a copy. */
  private static void loadForThisLoader(Path library) {
    try {
      System.load(library.toString());
    } catch (UnsatisfiedLinkError e) {
      if (!LoadFailure.isOfAnotherLoader(e)) {
        throw e;
      }
      try {
        ExtractedLibrary.loadCopy(PrivateFolder.open(), library);
      } catch (IOException failure) {
        failure.addSuppressed(e);
        throw cannotExtract(failure);
      }
    }
  }

  private static Path locate() {
    String path = System.getProperty(PATH_PROPERTY);
    if (path != null) {
      return Path.of(path).toAbsolutePath();
    }
    try {
      return ExtractedLibrary.in(PrivateFolder.open(), Platform.library());
    } catch (IOException e) {
      throw cannotExtract(e);
    }
  }

  private static ShareIoException cannotExtract(IOException e) {
    return new ShareIoException(
        "SHO_ESYSTEM",
        "cannot extract the native library: " + e + "; name a folder with -D" + FOLDER_PROPERTY,
        e);
  }

  private static void setLockTimeout(String millis) {
    if (millis == null) {
      return;
    }
    try {
      Results.check(
          LibraryNative.lockTimeout(Math.multiplyExact(Long.parseLong(millis), 1_000_000L)));
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "-D" + LOCK_TIMEOUT_PROPERTY + " takes milliseconds above 0, not '" + millis + "'", e);
    }
  }

  private static void checkVersion(Path library) {
    String version;
    try {
      version = new String(LibraryNative.libraryVersion(), StandardCharsets.UTF_8);
    } catch (UnsatisfiedLinkError e) {
      throw LoadFailure.explain(library, e);
    }
    if (!version.equals(Version.get())) {
      throw new ShareFormatException(
          "SHO_EVERSION",
          library
              + " is version "
              + version
              + ", but the jar is version "
              + Version.get()
              + "; leave -D"
              + PATH_PROPERTY
              + " out, or let it name a library of the jar's version");
    }
  }
}
