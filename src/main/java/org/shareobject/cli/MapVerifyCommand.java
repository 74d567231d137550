package org.shareobject.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.shareobject.Codec;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE verify}. */
@Command(
    name = "verify",
    description = "Checks the whole map, including checksums, and says what is wrong with it.",
    mixinStandardHelpOptions = true)
final class MapVerifyCommand implements Runnable {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  MapVerifyCommand() {}

  @Override
  public void run() {
    Map<String, Object> values = new LinkedHashMap<>();
    try (ShareMap<String, byte[]> map = parent.open(Codec.BYTES)) {
      Progress.during(spec.commandLine().getErr(), "verify", map::verify);
      values.put("sound", true);
      values.put("entries", map.sizeLong());
      spec.commandLine()
          .getOut()
          .println(
              json.isWanted()
                  ? JsonOption.line(values)
                  : "sound: " + values.get("entries") + " entries");
    } catch (ShareFormatException e) {
      if (json.isWanted()) {
        values.put("sound", false);
        values.put("code", e.code());
        values.put("message", e.getMessage());
        spec.commandLine().getOut().println(JsonOption.line(values));
      }
      throw e;
    }
  }
}
