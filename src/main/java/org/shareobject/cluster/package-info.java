/**
 * Node's {@code cluster} for the JVM: several processes, JVMs and Node, serve one port.
 *
 * <p>A {@link org.shareobject.cluster.ClusterPrimary} starts processes and binds the ports that
 * they ask for; each {@link org.shareobject.cluster.ClusterMember} is one of its workers. A {@link
 * org.shareobject.cluster.ClusterWorker} is the other side: this process, forked by a primary. It
 * listens with {@link org.shareobject.cluster.ClusterServer}s. The primary and each worker may be a
 * JVM or Node. They talk through a {@link org.shareobject.ipc.Channel}.
 *
 * <p><b>Failure.</b> When a worker dies, only the connections that it has accepted are lost; the
 * port stays open for the others. When the primary dies or disconnects, its workers' servers close.
 *
 * <p><b>Needs</b> the same as {@code org.shareobject.ipc}.
 */
package org.shareobject.cluster;
