package org.shareobject.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.shareobject.ShareObject;
import org.shareobject.internal.text.Utf8;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shareobject write TEXT}. */
@Command(
    name = "write",
    description = {
      "Stores a text, and creates the file if it is missing.",
      "If a text does not fit, its first characters that do are stored, and that is a"
          + " failure.",
      "Refuses a file that another program made, unless it is empty or has exactly the Node"
          + " addon's 1024 bytes."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class WriteCommand implements Callable<Integer> {
  @Mixin private FileOption file;
  @Mixin private CapacityOption capacity;

  @Option(
      names = "--adopt",
      description = "Takes over any file of at most 1024 bytes and overwrites its contents.")
  private boolean adopts;

  @Parameters(paramLabel = "TEXT", description = "The text; - reads it from standard input.")
  private String text;

  WriteCommand() {}

  @Override
  public Integer call() throws IOException {
    byte[] wanted = Utf8.encodeLossy(text.equals("-") ? standardInput() : text);
    int stored;
    try (ShareObject cell = file.openToWrite(capacity, adopts)) {
      stored = wholeCharacters(wanted, cell.capacity() - 1);
      cell.set(Utf8.decode(wanted, stored));
    }
    if (stored < wanted.length) {
      throw new IOException(
          "the text was cut: "
              + stored
              + " of "
              + wanted.length
              + " bytes are stored in "
              + file.file()
              + "; a new file has room for more with --capacity");
    }
    return ExitCode.OK;
  }

  /** Returns how many bytes of the text end between characters and are not above the most. */
  private static int wholeCharacters(byte[] text, int most) {
    int end = Math.min(text.length, most);
    while (end > 0 && end < text.length && (text[end] & 0xC0) == 0x80) {
      end--;
    }
    return end;
  }

  private static String standardInput() throws IOException {
    byte[] bytes = System.in.readAllBytes();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("standard input is not UTF-8", e);
    }
  }
}
