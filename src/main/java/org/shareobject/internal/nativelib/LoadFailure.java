package org.shareobject.internal.nativelib;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.shareobject.ShareIoException;

/** Finds out why the system did not load a library. */
final class LoadFailure {
  private static final byte[] ELF_MAGIC = {0x7F, 'E', 'L', 'F'};
  private static final int ELF_MACHINE_OFF = 18;
  private static final int ELF_HEADER_BYTES = 20;

  /** Values of {@code e_machine} and what {@code os.arch} calls them. */
  private static final Map<Integer, String> MACHINES =
      Map.of(
          3, "i386", 21, "ppc64le", 22, "s390x", 40, "arm", 62, "amd64", 183, "aarch64", 243,
          "riscv64");

  private LoadFailure() {}

  /** Returns the exception with the cause, the remedy and the system's words. */
  static ShareIoException explain(Path library, UnsatisfiedLinkError error) {
    String words = String.valueOf(error.getMessage());
    return new ShareIoException(
        "SHO_ESYSTEM",
        "cannot load " + library + ": " + cause(library, words) + " (" + words + ")",
        error);
  }

  /** Returns whether the file is loaded already, for another class loader of this JVM. */
  static boolean isOfAnotherLoader(UnsatisfiedLinkError error) {
    return String.valueOf(error.getMessage()).contains("another classloader");
  }

  private static String cause(Path library, String words) {
    if (!Files.isReadable(library)) {
      return Files.exists(library) ? "no permission to read it" : "there is no such file";
    }
    if (forbidsExecution(library, words)) {
      return "its folder is on a file system mounted noexec; name another folder with -D"
          + NativeLibrary.FOLDER_PROPERTY;
    }
    String wrongFormat =
        System.getProperty("os.name").startsWith("Linux") ? wrongFormat(library) : null;
    if (wrongFormat != null) {
      return wrongFormat;
    }
    if (isAboutLibc(words.replace(library.toString(), ""))) {
      return "it was built for another C library (glibc or musl) or a newer one; build it on this"
          + " system and name it with -D"
          + NativeLibrary.PATH_PROPERTY;
    }
    return "the system refused";
  }

  private static boolean forbidsExecution(Path library, String words) {
    try {
      // access(X_OK) fails on a noexec mount, whatever the mode says.
      return words.contains("failed to map segment")
          || (Files.getPosixFilePermissions(library).contains(PosixFilePermission.OWNER_EXECUTE)
              && !Files.isExecutable(library));
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns what is wrong with the file's ELF header, or null. */
  private static String wrongFormat(Path library) {
    byte[] header;
    try (InputStream in = Files.newInputStream(library)) {
      header = in.readNBytes(ELF_HEADER_BYTES);
    } catch (IOException e) {
      return "it cannot be read: " + e.getMessage();
    }
    if (header.length < ELF_HEADER_BYTES
        || !Arrays.equals(Arrays.copyOf(header, ELF_MAGIC.length), ELF_MAGIC)) {
      return "it is not a library for Linux";
    }
    int machine = (header[ELF_MACHINE_OFF] & 0xFF) | (header[ELF_MACHINE_OFF + 1] & 0xFF) << 8;
    String built = MACHINES.getOrDefault(machine, "machine " + machine);
    String host = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return built.equals(host) ? null : "it is for " + built + ", but this JVM is for " + host;
  }

  private static boolean isAboutLibc(String words) {
    return words.contains("musl")
        || words.contains("GLIBC_")
        || words.contains("ld-linux")
        || words.contains("libc.so")
        || words.contains("Error relocating");
  }
}
