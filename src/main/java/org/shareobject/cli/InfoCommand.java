package org.shareobject.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
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
  private final Map<String, Object> values = new LinkedHashMap<>();

  @Spec private CommandSpec spec;
  @Mixin private FileOption file;
  @Mixin private JsonOption json;

  InfoCommand() {}

  @Override
  public Integer call() throws IOException {
    values.put("version", Version.get());
    values.put("platform", Platform.name());
    values.put("java", System.getProperty("java.version") + ", " + System.getProperty("java.home"));
    values.put("library", NativeLibrary.path().toString());
    Path path = file.file();
    values.put("file", path.toAbsolutePath().toString());
    if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) {
      values.put("state", "missing");
    } else {
      describe(path);
    }
    if (json.isWanted()) {
      spec.commandLine().getOut().println(JsonOption.line(values));
    } else {
      values.forEach(
          (name, value) -> spec.commandLine().getOut().printf("%-12s %s%n", name, value));
    }
    return ExitCode.OK;
  }

  private void describe(Path path) throws IOException {
    try {
      CellInfo info = CellInfo.of(path);
      values.put("state", "ShareObject file");
      values.put("fileBytes", info.fileBytes());
      values.put("layout", info.layoutVersion());
      values.put("capacity", info.capacity());
      values.put("control", info.controlOffset());
      values.put("writes", info.version());
      values.put("recoveries", info.recoveries());
      values.put("handles", info.peers() - 1); // without this one
      values.put("handleSlots", info.peerSlots());
    } catch (ShareFormatException e) {
      if (!file.isBare(e)) {
        throw e;
      }
      values.put("state", "not a ShareObject file");
      values.put("fileBytes", Files.size(path));
    }
  }
}
