package org.shareobject.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.map.RawScan;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE dump}. */
@Command(
    name = "dump",
    description = {
      "Prints each entry as a line of JSON, in no order, for 'load' to read.",
      "{\"key\":\"a\",\"value\":\"b\",\"ttl\":1500}: ttl in milliseconds, if there is one;"
          + " key64 or value64, in base64, for what is not UTF-8."
    },
    mixinStandardHelpOptions = true)
final class MapDumpCommand implements Callable<Integer> {
  /** Entries between two looks at whether anybody still reads. */
  private static final int FLUSH_ENTRIES = 1000;

  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  MapDumpCommand() {}

  @Override
  public Integer call() {
    RawMap map = parent.openRaw();
    try (Progress progress = new Progress(spec.commandLine().getErr(), "dump", map.size())) {
      dump(map, progress);
    } finally {
      map.close();
    }
    return ExitCode.OK;
  }

  private void dump(RawMap map, Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    RawScan scan = map.scan();
    for (long entries = 1; scan.advance(); entries++) {
      out.write(new EntryLine(scan.key(), scan.value(), scan.ttlMs()).toString() + '\n');
      progress.add(1);
      if (entries % FLUSH_ENTRIES == 0 && out.checkError()) {
        return; // told by the command's end
      }
    }
  }
}
