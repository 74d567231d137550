package org.shareobject.cli;

import org.shareobject.Codec;
import org.shareobject.ShareMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE clear}. */
@Command(name = "clear", description = "Removes all entries.", mixinStandardHelpOptions = true)
final class MapClearCommand implements Runnable {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  MapClearCommand() {}

  @Override
  public void run() {
    try (ShareMap<String, byte[]> map = parent.open(Codec.BYTES)) {
      Progress.during(spec.commandLine().getErr(), "clear", map::clear);
    }
  }
}
