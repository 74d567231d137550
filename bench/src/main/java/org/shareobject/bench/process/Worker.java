package org.shareobject.bench.process;

import java.io.PrintStream;

/** The main class of a {@link Child}. */
public final class Worker {
  private Worker() {}

  /** Runs the job that the settings name. */
  public static void main(String[] args) throws Exception {
    // What peers print goes to the log, not into the conversation.
    PrintStream out = System.out;
    System.setOut(System.err);
    Settings settings = new Settings(args);
    job(settings.text("job")).run(settings, new Parent(out));
    System.exit(0);
  }

  private static Job job(String name) {
    return switch (name) {
      case "Fill" -> new Fill();
      case "Throughput" -> new Throughput();
      case "Overwrite" -> new Overwrite();
      case "Survive" -> new Survive();
      case "OpenTimes" -> new OpenTimes();
      case "Footprint" -> new Footprint();
      case "AwaitTimes" -> new AwaitTimes();
      case "Sleepers" -> new Sleepers();
      case "Listeners" -> new Listeners();
      case "Stampede" -> new Stampede();
      case "HitRatio" -> new HitRatio();
      case "Echo" -> new Echo();
      case "Sockets" -> new Sockets();
      case "UserCalls" -> new UserCalls();
      case "TextCalls" -> new TextCalls();
      default -> throw new IllegalArgumentException("no such job: " + name);
    };
  }
}
