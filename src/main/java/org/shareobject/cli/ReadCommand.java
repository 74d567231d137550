package org.shareobject.cli;

import org.shareobject.ShareObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code shareobject read}. */
@Command(
    name = "read",
    description = "Prints the text up to its first NUL, and a newline.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class ReadCommand implements Runnable {
  @Spec private CommandSpec spec;
  @Mixin private FileOption file;

  ReadCommand() {}

  @Override
  public void run() {
    file.use();
    spec.commandLine().getOut().println(ShareObject.read());
  }
}
