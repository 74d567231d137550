/**
 * State that processes share by messages: a {@link org.shareobject.store.Manager} keeps it, the
 * {@link org.shareobject.store.User}s of its workers set and get it, each through a {@link
 * org.shareobject.ipc.Channel}. Manager and users may be JVMs or Node, on either side.
 *
 * <p>A request and its answer take some 30 microseconds, and go through one process; where all are
 * JVMs of one host, a {@link org.shareobject.ShareMap} is read in a fraction of one. It may be the
 * manager's store, and both ways lead to the same data.
 *
 * <p><b>Wire.</b> Request {@code {isSharedMemoryMessage: true, method, id, uuid, key, value}};
 * answer {@code {isSharedMemoryMessage: true, uuid, value}}, without a value if there is no such
 * key; a refusal has {@code error: {code, message}} besides, and the message as its value, unless
 * to {@code get}. Methods are {@code get}, {@code set} (without a key: of all pairs of the value;
 * without a value: remove), {@code remove} and {@code plusOne}.
 *
 * <p><b>Needs</b> what {@code org.shareobject.ipc} does.
 */
package org.shareobject.store;
