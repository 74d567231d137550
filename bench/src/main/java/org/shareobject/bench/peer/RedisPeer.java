package org.shareobject.bench.peer;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.util.ArrayList;
import java.util.List;

/**
 * Redis by Lettuce: one connection for all threads and synchronous commands, as its documentation
 * advises, over a Unix socket (netty's epoll) or over loopback. The server neither saves nor logs.
 */
final class RedisPeer implements Peer {
  private final RedisClient client;
  private final StatefulRedisConnection<byte[], byte[]> connection;

  RedisPeer(RedisURI address) {
    client = RedisClient.create(address);
    client.setOptions(
        ClientOptions.builder()
            .socketOptions(SocketOptions.builder().keepAlive(false).build())
            .build());
    connection = client.connect(ByteArrayCodec.INSTANCE);
  }

  @Override
  public Session session() {
    return new CommandSession(connection);
  }

  @Override
  public long bytes() {
    return connection
        .sync()
        .info("memory")
        .lines()
        .filter(line -> line.startsWith("used_memory:"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).trim()))
        .findFirst()
        .orElse(-1);
  }

  @Override
  public void close() {
    connection.close();
    client.shutdown();
  }

  private static final class CommandSession extends Session {
    /** How many commands are on their way, at most, while a store is filled. */
    private static final int LOADS = 1000;

    private final RedisCommands<byte[], byte[]> commands;
    private final RedisAsyncCommands<byte[], byte[]> loads;
    private final List<RedisFuture<String>> loading = new ArrayList<>();

    CommandSession(StatefulRedisConnection<byte[], byte[]> connection) {
      commands = connection.sync();
      loads = connection.async();
    }

    @Override
    public byte[] get(Object key) {
      return commands.get(Keys.bytesOf(key));
    }

    @Override
    public void set(Object key, byte[] value) {
      commands.set(Keys.bytesOf(key), value);
    }

    @Override
    public void load(Object key, byte[] value) {
      loading.add(loads.set(Keys.bytesOf(key), value.clone()));
      if (loading.size() == LOADS) {
        close();
      }
    }

    @Override
    public void close() {
      loading.forEach(load -> load.toCompletableFuture().join());
      loading.clear();
    }

    @Override
    public void increment(Object key) {
      commands.incr(("n" + Keys.text(Keys.bytesOf(key))).getBytes());
    }
  }
}
