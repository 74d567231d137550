package manager;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.shareobject.ipc.Channel;
import org.shareobject.store.User;

/** A worker with a user. {@code user.js} is the same in Node. */
final class UserWorker {
  private static final int VISITS = 100;

  private UserWorker() {}

  /**
   * Uses the manager, and ends.
   *
   * @param args the worker's number
   */
  public static void main(String[] args) {
    int id = Integer.parseInt(args[0]);
    Channel parent = Channel.parent().orElseThrow();
    User user = new User(id, parent);

    String answer = user.set("worker " + id, Map.of("in", "Java")).join();
    JsonNode value = user.get("worker " + id).join();
    System.out.println("user " + id + ": set: " + answer + ", get: " + value);

    user.set("scratch " + id, "soon gone").join();
    answer = user.remove("scratch " + id).join();
    value = user.get("scratch " + id).join();
    System.out.println("user " + id + ": remove: " + answer + ", get: " + value);

    for (int i = 0; i < VISITS; i++) {
      user.plusOne("visits").join();
    }
    parent.disconnect();
  }
}
