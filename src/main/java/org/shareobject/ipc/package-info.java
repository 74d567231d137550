/**
 * Node's channel between parent and child processes, for the JVM.
 *
 * <p>A {@link org.shareobject.ipc.Worker} is a child, a JVM or any program that speaks the
 * channel's protocol, such as {@code node worker.js}; {@link org.shareobject.ipc.Channel#parent()}
 * is the other end, in the child, whether a JVM or Node forked it. Messages are JSON, each on a
 * line of its own. Sockets, and maps without a file, are sent along as descriptors. A Node process
 * can use a child of this package like a Node child, and vice versa.
 *
 * <p><b>Needs</b> Jackson ({@code com.fasterxml.jackson.core:jackson-databind}), {@code /bin/sh} to
 * start workers, and a JDK whose channels can be made from descriptors; 17 to 25 are tested. It
 * needs no JVM flag.
 *
 * <p><b>Threads.</b> Every method may be called by any thread at any time. A channel has one thread
 * that reads and calls listeners. A second one writes what cannot be written at once, so sending
 * never blocks. As in Node, a channel with a listener keeps the JVM alive while it is connected.
 *
 * <p><b>Failure.</b> If a message cannot be sent, the future of {@code send} fails. Input that is
 * not a message is dropped and reported to the uncaught exception handler of the channel's thread.
 *
 * <p><b>Settings</b>, each a system property that is read when a channel is made. {@code
 * shareobject.ipc.maxMessageBytes}: the largest message, in bytes of JSON; by default a 16th of the
 * heap ({@code -Xmx}), at most 64 MiB. A longer one is not sent, and one that arrives ends the
 * channel. {@code shareobject.ipc.maxQueuedBytes}: how many bytes of the heap the messages that
 * wait to be written may take; those that wait for a listener may take as many again; by default a
 * 16th of the heap, at most 256 MiB. Objects are counted, not only text: a message of one number
 * takes about 400 bytes while it waits to be written, and about 100 while it waits for a listener.
 * Beyond that {@code send} fails, and no more is read until a listener has taken some.
 */
package org.shareobject.ipc;
