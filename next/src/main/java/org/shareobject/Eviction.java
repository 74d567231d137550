package org.shareobject;

/** What a full {@link ShareMap} does. */
public enum Eviction {
  /** Refuses to store: {@link ShareFullException}. Nothing is lost. */
  NONE,

  /**
   * Drops entries that are not read again; storing never fails for lack of room while entries can
   * be dropped. It is S3-FIFO: Yang, Qiu, Zhang, Yue and Rashmi, "FIFO queues are all you need for
   * cache eviction", SOSP 2023.
   *
   * <p>New entries come to a small queue. One that is read or written again before it reaches the
   * end goes to the main queue; the others are dropped, and only a tag of each key is remembered.
   * An entry whose key comes back while its tag is known goes to the main queue at once. There each
   * entry that was read since it came by last stays for another round. So a scan of keys that are
   * used once does not push out those that are in use. A read sets at most one bit.
   */
  S3_FIFO
}
