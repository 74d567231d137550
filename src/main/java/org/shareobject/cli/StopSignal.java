package org.shareobject.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;

/** A signal that asks a program to end. Its number is the same on all systems. */
enum StopSignal {
  HUP(1),
  INT(2),
  QUIT(3),
  TERM(15);

  private final int number;

  StopSignal(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /** Reads names with or without {@code SIG}. */
  static final class Converter implements ITypeConverter<StopSignal> {
    Converter() {}

    @Override
    public StopSignal convert(String text) {
      String name = text.toUpperCase(Locale.ROOT);
      return valueOf(name.startsWith("SIG") ? name.substring("SIG".length()) : name);
    }
  }
}
