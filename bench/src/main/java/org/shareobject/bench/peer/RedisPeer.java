package org.shareobject.bench.peer;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;

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
    return new CommandSession(connection.sync());
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
    private final RedisCommands<byte[], byte[]> commands;

    CommandSession(RedisCommands<byte[], byte[]> commands) {
      this.commands = commands;
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
    public void increment(Object key) {
      commands.incr(("n" + Keys.text(Keys.bytesOf(key))).getBytes());
    }
  }
}
