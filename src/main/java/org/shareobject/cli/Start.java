package org.shareobject.cli;

/** What {@code java -jar} starts: the command, or one line if picocli is missing. */
public final class Start {
  private Start() {}

  /**
   * Runs the command and ends the JVM.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    try {
      Class.forName("picocli.CommandLine");
    } catch (ClassNotFoundException e) {
      System.err.println(
          "shareobject: the command needs picocli on the class path:"
              + " java -cp shareobject.jar:picocli.jar org.shareobject.cli.Main");
      System.exit(1);
    }
    Main.main(args);
  }
}
