package org.shareobject.jcache;

import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.expiry.EternalExpiryPolicy;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.expiry.ModifiedExpiryPolicy;
import javax.cache.expiry.TouchedExpiryPolicy;

/**
 * The deadlines that a policy sets, in milliseconds since the epoch; {@link #NEVER} for none. A
 * policy that throws counts as one without a deadline for new entries, and as one that changes
 * nothing for others.
 */
final class Expiry {
  static final long NEVER = Long.MAX_VALUE;

  private final ExpiryPolicy policy;

  Expiry(ExpiryPolicy policy) {
    this.policy = policy;
  }

  /** Returns whether no deadline is ever set, so that nobody needs the time. */
  boolean isEternal() {
    return policy instanceof EternalExpiryPolicy;
  }

  /** Returns whether a read never changes a deadline. */
  boolean ignoresReads() {
    return policy instanceof EternalExpiryPolicy
        || policy instanceof CreatedExpiryPolicy
        || policy instanceof ModifiedExpiryPolicy;
  }

  /** Returns whether a write sets the same deadline, whether the key is there or not. */
  boolean ignoresPresence() {
    return policy instanceof EternalExpiryPolicy
        || policy instanceof ModifiedExpiryPolicy
        || policy instanceof TouchedExpiryPolicy;
  }

  long created(long now) {
    try {
      return after(policy.getExpiryForCreation(), now, NEVER);
    } catch (RuntimeException e) {
      return NEVER;
    }
  }

  long updated(long now, long deadline) {
    try {
      return after(policy.getExpiryForUpdate(), now, deadline);
    } catch (RuntimeException e) {
      return deadline;
    }
  }

  long accessed(long now, long deadline) {
    try {
      return after(policy.getExpiryForAccess(), now, deadline);
    } catch (RuntimeException e) {
      return deadline;
    }
  }

  private static long after(Duration duration, long now, long otherwise) {
    if (duration == null) {
      return otherwise;
    }
    if (duration.isEternal()) {
      return NEVER;
    }
    long millis = duration.getTimeUnit().toMillis(duration.getDurationAmount());
    return millis > NEVER - now ? NEVER : now + millis;
  }

  void close() {
    Closing.quietly(policy);
  }
}
