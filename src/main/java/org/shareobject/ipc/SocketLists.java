package org.shareobject.ipc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The sockets that are open here, by the server of the other side that they came from. Node's
 * {@code server.getConnections} and the callback of {@code server.close} ask for them. For one
 * thread.
 */
final class SocketLists {
  private static final int FIRST_SWEEP = 64;

  private final Map<String, List<Handle>> open = new HashMap<>();
  private final Set<String> closing = new HashSet<>();
  private int adds;
  private int nextSweep = FIRST_SWEEP;

  /** Adds a socket that came with the key of its server. */
  void add(String key, Handle socket) {
    open.computeIfAbsent(key, any -> new ArrayList<>()).add(socket);
    adds++;
    if (adds == nextSweep) {
      sweep();
    }
  }

  /** Forgets closed sockets, once as many were added as are still open. */
  private void sweep() {
    int left = 0;
    for (List<Handle> sockets : open.values()) {
      sockets.removeIf(socket -> !socket.isOpen());
      left += sockets.size();
    }
    open.values().removeIf(List::isEmpty);
    adds = 0;
    nextSweep = Math.max(FIRST_SWEEP, left);
  }

  /** Returns how many sockets of the server are open. */
  int count(String key) {
    List<Handle> sockets = open.get(key);
    if (sockets == null) {
      return 0;
    }
    sockets.removeIf(socket -> !socket.isOpen());
    if (sockets.isEmpty()) {
      open.remove(key);
    }
    return sockets.size();
  }

  /** Makes {@link #closed} report when the server's last socket is closed. */
  void awaitClose(String key) {
    closing.add(key);
  }

  /** Returns whether somebody waits for sockets to be closed. */
  boolean isAwaited() {
    return !closing.isEmpty();
  }

  /** Returns the servers whose last socket is closed now, each once. */
  List<String> closed() {
    List<String> closed = closing.stream().filter(key -> count(key) == 0).toList();
    closed.forEach(closing::remove);
    return closed;
  }
}
