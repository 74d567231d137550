package org.shareobject.ipc;

import java.util.Optional;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.process.ProcessLauncher;
import org.shareobject.internal.socket.Endpoint;

/** The channel to the process that forked this one; there is one in a JVM. */
final class ParentChannel {
  private static Found found;

  /**
   * What was found.
   *
   * @param channel the channel, or null
   * @param failure why there is none though there should be, or null
   * @param clusterId the number that a primary of Node's cluster gave this process, or null
   */
  private record Found(Channel channel, ShareException failure, String clusterId) {}

  private ParentChannel() {}

  static Optional<Channel> get() {
    Found found = found();
    if (found.failure() != null) {
      throw found.failure();
    }
    return Optional.ofNullable(found.channel());
  }

  /** Returns the number that a primary of Node's cluster gave this process. */
  static Optional<String> clusterId() {
    return Optional.ofNullable(found().clusterId());
  }

  private static synchronized Found found() {
    if (found == null) {
      found = find();
    }
    return found;
  }

  private static Found find() {
    String number = System.getenv(ProcessLauncher.CHANNEL_VARIABLE);
    String form = System.getenv(ProcessLauncher.FORM_VARIABLE);
    String id = System.getenv(ProcessLauncher.CLUSTER_VARIABLE);
    if (number == null) {
      return new Found(null, null, null);
    }
    Endpoint.forgetVariable(ProcessLauncher.CHANNEL_VARIABLE);
    Endpoint.forgetVariable(ProcessLauncher.FORM_VARIABLE);
    Endpoint.forgetVariable(ProcessLauncher.CLUSTER_VARIABLE);
    try {
      checkForm(form);
      return new Found(Channel.open(endpoint(number)), null, id);
    } catch (ShareException e) {
      return new Found(null, e, null);
    }
  }

  private static void checkForm(String form) {
    if (form != null && !form.equals("json")) {
      throw new ShareIoException(
          "SHO_EFORMAT",
          "the parent process wants messages in the form '"
              + form
              + "' ("
              + ProcessLauncher.FORM_VARIABLE
              + "); only json is supported: fork without that option");
    }
  }

  private static Endpoint endpoint(String number) {
    try {
      return Endpoint.adopt(Integer.parseInt(number.strip()));
    } catch (IllegalArgumentException e) {
      throw new ShareIoException(
          "SHO_EINVAL",
          ProcessLauncher.CHANNEL_VARIABLE
              + "="
              + number
              + " names no channel ("
              + e.getMessage()
              + "); the process that starts this one must pass a Unix stream socket, or unset the"
              + " variable",
          e);
    }
  }
}
