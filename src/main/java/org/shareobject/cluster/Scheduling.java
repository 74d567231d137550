package org.shareobject.cluster;

/** Who accepts the connections to a port that workers share. */
public enum Scheduling {
  /**
   * The workers, all on one socket ({@code SCHED_NONE} in Node's terms). No connection passes
   * through the primary or waits for it. The system chooses the worker: under little load it is
   * often the same one, so connections that last, as of WebSockets, may gather in a few workers.
   */
  SHARED,

  /**
   * The primary, which hands each connection to the next worker that is free ({@code SCHED_RR}).
   * Connections that last spread evenly. Each new connection takes an exchange of two messages with
   * a worker. Datagrams are shared.
   */
  ROUND_ROBIN
}
