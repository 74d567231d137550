package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.shareobject.ShareFormatException;
import org.shareobject.internal.cell.CellInfo;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Platform;
import org.shareobject.internal.nativelib.Version;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code shareobject info}. */
@Command(
    name = "info",
    description =
        "Prints version, platform, the native library's path and the file's geometry. Changes no"
            + " file.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private FileOption file;

  InfoCommand() {}

  @Override
  public Integer call() throws IOException {
    print("version", Version.get());
    print("platform", Platform.name());
    print("java", System.getProperty("java.version") + ", " + System.getProperty("java.home"));
    print("library", NativeLibrary.path());
    Path path = file.file();
    if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) {
      print("file", path.toAbsolutePath() + ", missing");
    } else {
      printFile(path);
    }
    return ExitCode.OK;
  }

  private void printFile(Path path) throws IOException {
    CellInfo info;
    try {
      info = CellInfo.of(path);
    } catch (ShareFormatException e) {
      if (!file.isBare(e)) {
        throw e;
      }
      print(
          "file",
          path.toAbsolutePath() + ", " + Files.size(path) + " bytes, not a ShareObject file");
      return;
    }
    print("file", path.toAbsolutePath() + ", " + info.fileBytes() + " bytes");
    print("layout", "version " + info.layoutVersion());
    print("text", "bytes 0 to " + (info.capacity() - 1));
    print("control", "bytes " + info.controlOffset() + " to " + (info.fileBytes() - 1));
    print("writes", info.version());
    print("recoveries", info.recoveries());
    print("open", (info.peers() - 1) + " of " + info.peerSlots() + " handles, beside this one");
  }

  private void print(String name, Object value) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%-11s %s%n", name, value);
  }
}
