/**
 * Processes that talk: Node's channel between parent and child, for the JVM.
 *
 * <p>A {@link org.shareobject.ipc.Worker} is a child, a JVM or any program that speaks the channel,
 * as {@code node worker.js}; {@link org.shareobject.ipc.Channel#parent()} is the other end, in the
 * child, whether a JVM or Node forked it. Messages are JSON, each on a line of its own; sockets and
 * maps without a file go along as descriptors. What a Node process can do with a Node child it can
 * do with this package's, and the other way round.
 *
 * <p><b>Needs</b> Jackson ({@code com.fasterxml.jackson.core:jackson-databind}), {@code /bin/sh} to
 * start workers, and a JDK whose channels can be made of descriptors: 17 to 25 were tried. No flag
 * of the JVM.
 *
 * <p><b>Threads.</b> Every method may be called by any thread at any time. A channel has one thread
 * that reads and calls listeners; what cannot be written at once is written by another, so that
 * sending never blocks. As in Node, a channel with a listener keeps the JVM alive while it is
 * connected.
 *
 * <p><b>Failure.</b> What cannot be sent fails the future of {@code send}. What comes and is no
 * message is dropped and told to the handler of uncaught exceptions of the channel's thread.
 *
 * <p><b>Settings</b>, each a system property that is read when a channel is made. {@code
 * shareobject.ipc.maxMessageBytes}: the largest message, in bytes of JSON; by default a 16th of the
 * heap ({@code -Xmx}), at most 64 MiB. A longer one is not sent, and one that comes ends the
 * channel. {@code shareobject.ipc.maxQueuedBytes}: how many bytes of the heap messages may take
 * that wait to be written, and as many again that wait to be listened to; by default a 16th of the
 * heap, at most 256 MiB. Objects are counted, not only text: a message of one number takes some 400
 * bytes while it waits to be written, and some 100 while it waits to be listened to. Beyond that
 * {@code send} fails, and no more is read until a listener has taken some.
 */
package org.shareobject.ipc;
