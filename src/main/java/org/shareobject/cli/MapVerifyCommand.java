package org.shareobject.cli;

import org.shareobject.Codec;
import org.shareobject.ShareMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE verify}. */
@Command(
    name = "verify",
    description = "Checks the whole map, checksums included, and says what is wrong with it.",
    mixinStandardHelpOptions = true)
final class MapVerifyCommand implements Runnable {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  MapVerifyCommand() {}

  @Override
  public void run() {
    try (ShareMap<String, byte[]> map = parent.open(Codec.BYTES)) {
      Progress.during(spec.commandLine().getErr(), "verify", map::verify);
      spec.commandLine().getOut().println("sound: " + map.sizeLong() + " entries");
    }
  }
}
