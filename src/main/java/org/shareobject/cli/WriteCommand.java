package org.shareobject.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.shareobject.ShareObject;
import org.shareobject.internal.Utf8;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code shareobject write TEXT}. */
@Command(
    name = "write",
    description = {
      "Stores a text, and creates the file if it is missing.",
      "Of a text longer than 1023 bytes the whole characters that fit are stored, and that is a"
          + " failure."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class WriteCommand implements Callable<Integer> {
  @Mixin private FileOption file;

  @Parameters(
      paramLabel = "TEXT",
      description = "The text; - reads it, as it is, from standard input.")
  private String text;

  WriteCommand() {}

  @Override
  public Integer call() throws IOException {
    String wanted = text.equals("-") ? standardInput() : text;
    file.use();
    int stored = ShareObject.write(wanted);
    int length = Utf8.encodeLossy(wanted).length;
    if (stored < length) {
      throw new IOException(
          "the text was cut: " + stored + " of " + length + " bytes are stored in " + file.file());
    }
    return ExitCode.OK;
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
