package manager;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.shareobject.ipc.Worker;
import org.shareobject.store.Manager;

/** The manager: keeps what users in forked workers set and get by messages. */
final class Main {
  private Main() {}

  /**
   * Runs until all users have ended, then prints what they left.
   *
   * @param args the workers: {@code java} or {@code node} for each, {@code java java node} by
   *     default
   */
  public static void main(String[] args) throws Exception {
    // A ShareMap would do as well; then other processes could look into it without messages.
    ConcurrentMap<String, JsonNode> store = new ConcurrentSkipListMap<>();
    Manager manager = new Manager(store);
    List<Worker> workers = new ArrayList<>();
    for (String kind : args.length == 0 ? List.of("java", "java", "node") : List.of(args)) {
      int id = workers.size() + 1;
      Worker worker = fork(kind, id);
      workers.add(worker);
      manager.attach(id, worker.channel());
    }
    for (Worker worker : workers) {
      worker.process().waitFor();
    }
    store.forEach((key, value) -> System.out.println(key + " = " + value));
  }

  private static Worker fork(String kind, int id) {
    return switch (kind) {
      case "java" -> Worker.fork(UserWorker.class, "" + id);
      case "node" -> Worker.spawn(new ProcessBuilder("node", script().toString(), "" + id));
      default -> throw new IllegalArgumentException("a worker is java or node, not " + kind);
    };
  }

  private static Path script() {
    return Path.of(System.getProperty("examples"), "manager", "user.js");
  }
}
