/**
 * Memory that the processes of one host share.
 *
 * <p><b>Contents.</b> {@link org.shareobject.ShareMap} is a {@code ConcurrentMap} in shared memory;
 * a {@link org.shareobject.Codec} converts its keys or values to bytes, {@link
 * org.shareobject.Eviction} says what a full map does, {@link org.shareobject.Versioned} is a value
 * with its version, and {@link org.shareobject.ShareStats} has a map's statistics. {@link
 * org.shareobject.ShareObject} is one text with versions; its static methods are those of the Node
 * addon. All of them throw {@link org.shareobject.ShareException}. The packages {@code
 * org.shareobject.ipc}, {@code cluster} and {@code store} are for processes that talk, share ports,
 * or keep a store by messages.
 *
 * <p><b>Lifecycle.</b> {@code open} maps a file and creates it if it is missing; {@code close} ends
 * every call in progress on the object, even those that sleep, with {@link
 * org.shareobject.ShareClosedException}. What is shared outlives the object and every process; only
 * removing the file ends it. The garbage collector closes an object that became unreachable without
 * being closed.
 *
 * <p><b>Threads.</b> Every method may be called by any thread at any time. Atomic means: between
 * all threads of all processes that use this library on the file, in whatever language. A process
 * that is killed at any instruction blocks nobody and leaves the old state or the new one. A
 * virtual thread that waits in {@code await} or {@code computeIfAbsent} parks. Its carrier is
 * pinned only while it waits for a lock to write.
 *
 * <p><b>Failure.</b> Misuse throws {@link java.lang.NullPointerException} or {@link
 * java.lang.IllegalArgumentException}; every other failure throws a {@link
 * org.shareobject.ShareException}, whose {@code code()} names the C error and whose message names
 * the file, the cause and the remedy. A method on one key or text that throws has changed nothing.
 * Whatever other processes do to a file &mdash; damage, truncate or remove it &mdash; leads to an
 * exception at most, and never takes the JVM down.
 *
 * <p><b>Monitoring.</b> {@link org.shareobject.ShareMap#stats} counts for all processes. A
 * recording of JFR has events of the category ShareObject: locks taken over, full maps, bursts of
 * evictions, damage, and waits longer than the event's threshold. They cost nothing while JFR is
 * off.
 */
package org.shareobject;
