package org.shareobject.bench.process;

/** What a child does. */
interface Job {
  /** Runs to its end; results are lines to the parent. */
  void run(Settings settings, Parent parent) throws Exception;
}
