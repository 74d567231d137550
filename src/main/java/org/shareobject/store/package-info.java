/**
 * State that processes share by messages. A {@link org.shareobject.store.Manager} keeps it, and the
 * {@link org.shareobject.store.User}s of its workers set and get it, each through a {@link
 * org.shareobject.ipc.Channel}. Manager and users may be JVMs or Node, on either side.
 *
 * <p>A request and its answer take about 30 microseconds and go through one process. If all are
 * JVMs of one host, a {@link org.shareobject.ShareMap} is read in a fraction of a microsecond. That
 * map may be the manager's store; then both ways lead to the same data.
 *
 * <p><b>Wire.</b> Request {@code {isSharedMemoryMessage: true, method, id, uuid, key, value}};
 * answer {@code {isSharedMemoryMessage: true, uuid, value}}, without a value if there is no such
 * key. A refusal also has {@code error: {code, message}} and, except for {@code get}, the message
 * as its value. Methods are {@code get}, {@code set} (without a key, sets all pairs of the value;
 * without a value, removes the key), {@code remove} and {@code plusOne}.
 *
 * <p><b>Needs</b> the same as {@code org.shareobject.ipc}.
 */
package org.shareobject.store;
