package org.shareobject.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts the port of Node's inspector up: two copies cannot have the same. */
final class Inspector {
  private static final Set<String> NODE = Set.of("node", "nodejs");
  private static final Pattern OPTION =
      Pattern.compile(
          "--(?:inspect(?:-brk|-wait|-port)?|debug-port)(?:=(?:(?:.*:)?(\\d{1,5})|.*))?");
  private static final int USUAL_PORT = 9229;
  private static final int FIRST_PORT = 1024;
  private static final int LAST_PORT = 65_535;

  private Inspector() {}

  /**
   * Returns the command with a port of its own, if it is Node with an inspector.
   *
   * @param offset what the port is above the wanted one; beyond the last port it begins at 1024
   */
  static List<String> countUp(List<String> command, Map<String, String> environment, int offset) {
    if (!NODE.contains(Path.of(command.get(0)).getFileName().toString())) {
      return command;
    }
    int port = -1;
    for (String word : environment.getOrDefault("NODE_OPTIONS", "").split(" ", -1)) {
      port = port(word, port);
    }
    for (String word : command.subList(1, command.size())) {
      if (!word.startsWith("-")) {
        break;
      }
      port = port(word, port);
    }
    if (port <= 0) {
      return command; // no inspector, or any port
    }
    int own = port + offset;
    own = own > LAST_PORT ? FIRST_PORT + (own - LAST_PORT - 1) : own;
    List<String> words = new ArrayList<>(command);
    int place = 1;
    for (int i = 1; i < words.size() && words.get(i).startsWith("-"); i++) {
      place = OPTION.matcher(words.get(i)).matches() ? i + 1 : place;
    }
    words.add(place, "--inspect-port=" + own);
    return words;
  }

  /** Returns the port that an option names, or the one before it. */
  private static int port(String option, int before) {
    Matcher matcher = OPTION.matcher(option);
    if (!matcher.matches()) {
      return before;
    }
    if (matcher.group(1) != null) {
      return Integer.parseInt(matcher.group(1));
    }
    return before < 0 ? USUAL_PORT : before;
  }
}
