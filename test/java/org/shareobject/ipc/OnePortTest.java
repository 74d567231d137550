package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.testing.Futures;
import org.shareobject.testing.NeedsNode;

/** Two JVMs and two Node processes accept on one port. */
@NeedsNode
@Timeout(240)
class OnePortTest {
  private static final int CONNECTIONS = 2_000;
  private static final int THREADS = 8;

  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final Queue<Caller> callers = new ConcurrentLinkedQueue<>();
  private OnePort port;

  @BeforeEach
  void open() throws IOException {
    port = OnePort.open("java", "java", "node", "node");
  }

  @AfterEach
  void close() throws IOException {
    threads.shutdownNow();
    for (Caller caller : callers) {
      caller.close();
    }
    port.close();
  }

  @Test
  void shouldServeAllConnectionsByEveryWorker() throws Exception {
    await(call(CONNECTIONS));
    report("");
    assertEquals(CONNECTIONS, callers.size());
    assertEquals(List.of(), lost());
    for (OnePort.Member member : port.members()) {
      assertTrue(answeredBy(member) > 0, member + " answered none");
    }
  }

  /**
   * Each worker tells of each connection that it accepts before it does anything else with it. So
   * it is known whose the unanswered ones are; the killed worker may have died before it could tell
   * of its last one.
   */
  @ParameterizedTest
  @ValueSource(strings = {"java", "node"})
  void shouldAnswerAllThatLivingWorkersAccepted(String kind) throws Exception {
    List<Caller> silent = openUntilEachHasOne();
    OnePort.Member victim =
        port.members().stream().filter(member -> member.kind().equals(kind)).findFirst().get();
    List<Future<?>> calls = call(CONNECTIONS / 2 - silent.size());
    Futures.await(() -> callers.size() > CONNECTIONS / 4);
    port.kill(victim);
    OnePort.Member successor = port.start(kind);
    port.awaitServing();
    await(calls);
    for (Caller caller : silent) {
      caller.ask();
    }
    await(call(CONNECTIONS / 2));

    port.awaitTold();
    report(victim + " killed with " + lost().size() + " connections, " + successor + " came; ");
    assertEquals(CONNECTIONS, callers.size());
    long told = lost().stream().filter(each -> port.isAcceptedBy(victim.pid(), each)).count();
    assertTrue(told > 0, "none was lost");
    assertTrue(lost().size() - told <= 1, lost().size() + " lost, " + told + " with the victim");
    assertTrue(callers.stream().allMatch(this::isAnsweredByItsAcceptor));
    for (OnePort.Member member : port.members()) {
      assertTrue(answeredBy(member) > 0, member + " answered none");
    }
  }

  private List<Caller> openUntilEachHasOne() throws IOException {
    List<Caller> silent = new ArrayList<>();
    while (port.members().stream().anyMatch(member -> port.acceptedBy(member) == 0)) {
      assertFalse(silent.size() > CONNECTIONS / 4, "one accepts nothing");
      silent.add(connect());
      Futures.await(() -> port.accepted() == silent.size());
    }
    return silent;
  }

  private Caller connect() throws IOException {
    Caller caller = new Caller(port);
    callers.add(caller);
    return caller;
  }

  /** Begins to open connections and to ask on each, by all threads. */
  private List<Future<?>> call(int count) {
    List<Future<?>> calls = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      calls.add(
          threads.submit(
              () -> {
                connect().ask();
                return null;
              }));
    }
    return calls;
  }

  private static void await(List<Future<?>> calls) throws Exception {
    for (Future<?> call : calls) {
      call.get();
    }
  }

  private List<Caller> lost() {
    return callers.stream().filter(caller -> caller.answer() == null).toList();
  }

  private long answeredBy(OnePort.Member member) {
    return callers.stream().filter(caller -> isBy(member, caller.answer())).count();
  }

  private boolean isAnsweredByItsAcceptor(Caller caller) {
    return caller.answer() == null || port.isAcceptedBy(caller.answer(), caller);
  }

  private static boolean isBy(OnePort.Member member, Long pid) {
    return pid != null && pid == member.pid();
  }

  private void report(String what) {
    StringBuilder line = new StringBuilder("one port, " + callers.size() + " connections: " + what);
    for (OnePort.Member member : port.members()) {
      line.append(member).append(" answered ").append(answeredBy(member)).append(", ");
    }
    System.out.println(line.append(lost().size()).append(" lost"));
  }
}
