package org.shareobject.internal.nativelib;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.scijava.nativelib.NativeLibraryUtil;
import org.scijava.nativelib.NativeLibraryUtil.Architecture;
import org.shareobject.ShareIoException;

/**
 * This host's platform, and the library that the jar holds for it.
 *
 * <p>Of native-lib-loader only {@link NativeLibraryUtil}'s names are used. Its {@code NativeLoader}
 * and {@code *JniExtractor} classes must not even be initialised: they empty old folders below
 * {@code java.io.tmpdir} through symlinks that anybody may have put there.
 */
public final class Platform {
  private static final String ROOT = "META-INF/lib/";
  private static final String LIBRARY = "shareobject_jni";

  private Platform() {}

  /**
   * Returns the name of this host's platform, as {@code "linux_64"}; {@code "unknown"} if there is
   * none.
   */
  public static String name() {
    return nameOf(NativeLibraryUtil.getArchitecture());
  }

  /** Returns the file name of the library, as {@code "libshareobject_jni.so"}. */
  static String libraryName() {
    String name = NativeLibraryUtil.getPlatformLibraryName(LIBRARY);
    return name != null ? name : System.mapLibraryName(LIBRARY);
  }

  /** Returns the bytes of the library that the jar holds for this host. */
  static byte[] library() throws IOException {
    try (InputStream in = resource(name(), libraryName())) {
      if (in == null) {
        throw new ShareIoException(
            "SHO_ESYSTEM",
            String.format(
                "the jar contains no native library for %s (os.name %s, os.arch %s), only for %s;"
                    + " build one and name it with -D%s",
                name(),
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                available(),
                NativeLibrary.PATH_PROPERTY));
      }
      return in.readAllBytes();
    }
  }

  private static List<String> available() {
    return Arrays.stream(Architecture.values())
        .map(Platform::nameOf)
        .filter(Platform::isAvailable)
        .toList();
  }

  private static boolean isAvailable(String platform) {
    return Stream.of(".so", ".dylib", ".dll")
        .flatMap(suffix -> Stream.of("lib" + LIBRARY + suffix, LIBRARY + suffix))
        .anyMatch(file -> Platform.class.getResource(path(platform, file)) != null);
  }

  private static InputStream resource(String platform, String file) {
    return Platform.class.getResourceAsStream(path(platform, file));
  }

  private static String path(String platform, String file) {
    return "/" + ROOT + platform + "/" + file;
  }

  private static String nameOf(Architecture architecture) {
    return architecture.name().toLowerCase(Locale.ROOT);
  }
}
