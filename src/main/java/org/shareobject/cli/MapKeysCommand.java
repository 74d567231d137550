package org.shareobject.cli;

import java.io.PrintWriter;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE keys}. */
@Command(
    name = "keys",
    description =
        "Prints each key and a newline, in no order. Control characters and backslashes in a key are"
            + " written as in JSON.",
    mixinStandardHelpOptions = true)
final class MapKeysCommand implements Runnable {
  /** Keys between two looks at whether anybody still reads. */
  private static final int FLUSH_KEYS = 1000;

  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  MapKeysCommand() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (ShareMap<String, byte[]> map = parent.open(Codec.BYTES);
        Progress progress = new Progress(spec.commandLine().getErr(), "keys", map.sizeLong())) {
      long keys = 0;
      for (String key : map.keySet()) {
        out.write(Printable.line(key) + '\n');
        progress.add(1);
        if (++keys % FLUSH_KEYS == 0 && out.checkError()) {
          return; // told by the command's end
        }
      }
    }
  }
}
