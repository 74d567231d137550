package org.shareobject.ipc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.shareobject.ShareFullException;

/**
 * The messages that wait to be written, in order, and how much heap they take. Guarded by its
 * {@link Outbox}.
 */
final class SendQueue {
  /** Small messages that wait are written together, up to this many bytes. */
  private static final int BATCH_BYTES = 64 << 10;

  private final long mostCost;
  private final ArrayDeque<Outgoing> answers = new ArrayDeque<>();
  private final ArrayDeque<Outgoing> messages = new ArrayDeque<>();
  private long cost;

  SendQueue(Limits limits) {
    mostCost = limits.queuedBytes();
  }

  /** Returns why a message cannot wait here as well; null if it can. */
  ShareFullException refusal(Outgoing message) {
    if (cost == 0 || message.cost() <= mostCost - cost) {
      return null;
    }
    return new ShareFullException(
        "SHO_EFULL",
        cost
            + " bytes of the heap wait to be written already: wait for the futures of earlier"
            + " messages, or raise -D"
            + Limits.QUEUE_PROPERTY
            + "="
            + mostCost);
  }

  void add(Outgoing message) {
    messages.add(message);
    cost += message.cost();
  }

  /** Adds a message that is to be sent again. */
  void addFirst(Outgoing message) {
    messages.addFirst(message);
    cost += message.cost();
  }

  /** Adds an answer about a handle, which is written before all messages. */
  void addAnswer(Outgoing answer) {
    answers.add(answer);
    cost += answer.cost();
  }

  boolean hasTooManyAnswers() {
    return answers.size() >= Limits.ANSWERS;
  }

  boolean isEmpty() {
    return answers.isEmpty() && messages.isEmpty();
  }

  /** Returns the next answer, or null. */
  Outgoing pollAnswer() {
    return poll(answers);
  }

  /** Returns the next message, or null. */
  Outgoing pollMessage() {
    return poll(messages);
  }

  private Outgoing poll(ArrayDeque<Outgoing> from) {
    Outgoing message = from.poll();
    cost -= message == null ? 0 : message.cost();
    return message;
  }

  /** Returns a batch of a message without a handle and those behind it that fit in. */
  Batch withFollowers(Outgoing first) {
    int bytes = first.length();
    if (!fits(messages.peek(), bytes)) {
      return Batch.of(first);
    }
    List<Outgoing> together = new ArrayList<>();
    together.add(first);
    while (fits(messages.peek(), bytes)) {
      Outgoing next = pollMessage();
      together.add(next);
      bytes += next.length();
    }
    return Batch.of(together, bytes);
  }

  private static boolean fits(Outgoing message, int bytes) {
    return message != null && !message.hasHandle() && message.length() <= BATCH_BYTES - bytes;
  }

  /** Moves the messages with handles to a list. */
  void drainHandlesTo(List<Outgoing> list) {
    messages.removeIf(
        message -> {
          if (message.hasHandle()) {
            cost -= message.cost();
            list.add(message);
          }
          return message.hasHandle();
        });
  }

  /** Moves all to a list. */
  void drainTo(List<Outgoing> list) {
    list.addAll(answers);
    list.addAll(messages);
    answers.clear();
    messages.clear();
    cost = 0;
  }
}
