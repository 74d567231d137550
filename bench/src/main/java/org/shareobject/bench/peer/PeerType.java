package org.shareobject.bench.peer;

import io.lettuce.core.RedisURI;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** The product and what users would take instead of it. */
public enum PeerType {
  SHAREOBJECT("ShareObject", Reach.PROCESSES, ShareMapPeer::open, List.of()),
  HEAP("ConcurrentHashMap", Reach.HEAP, HeapPeer::new, List.of()),
  CAFFEINE("Caffeine", Reach.HEAP, CaffeinePeer::new, List.of()),
  CHRONICLE("Chronicle Map", Reach.PROCESSES, ChroniclePeer::open, Flags.CHRONICLE),
  LMDB("lmdbjava", Reach.PROCESSES, LmdbPeer::new, Flags.LMDB),
  MAPDB("MapDB", Reach.ONE_PROCESS, MapDbPeer::open, List.of()),
  MVSTORE("H2 MVStore", Reach.ONE_PROCESS, MvStorePeer::open, List.of()),
  LOCKED_FILE("mapped file, FileLock", Reach.PROCESSES, LockedFilePeer::new, List.of()),
  REDIS_UNIX(
      "Redis, Unix socket",
      Reach.PROCESSES,
      spec ->
          new RedisPeer(
              RedisURI.Builder.socket(redisFolder().resolve("socket").toString()).build()),
      List.of()),
  REDIS_LOOPBACK(
      "Redis, loopback",
      Reach.PROCESSES,
      spec -> new RedisPeer(RedisURI.create("127.0.0.1", Integer.getInteger("bench.redis.port"))),
      List.of());

  /** Who can use one and the same store. */
  public enum Reach {
    /** Threads of a JVM; nothing is in a file. */
    HEAP,
    /** Threads of a JVM that has the file for itself. */
    ONE_PROCESS,
    /** Unrelated processes. */
    PROCESSES
  }

  private final String label;
  private final Reach reach;
  private final Function<Spec, Peer> opener;
  private final List<String> flags;

  PeerType(String label, Reach reach, Function<Spec, Peer> opener, List<String> flags) {
    this.label = label;
    this.reach = reach;
    this.opener = opener;
    this.flags = flags;
  }

  /** Opens it; the files are made if they are missing. */
  public Peer open(Spec spec) {
    return opener.apply(spec);
  }

  /** Returns its name in tables and charts. */
  public String label() {
    return label;
  }

  /** Returns who can share it. */
  public Reach reach() {
    return reach;
  }

  /** Returns the flags that it needs of the JVM. */
  public List<String> flags() {
    return flags;
  }

  /** Returns whether it is a server that must run. */
  public boolean isRedis() {
    return this == REDIS_UNIX || this == REDIS_LOOPBACK;
  }

  private static Path redisFolder() {
    return Path.of(System.getProperty("bench.redis.folder"));
  }

  /** What the peers' own documentation demands on JDK 17. */
  private static final class Flags {
    static final List<String> CHRONICLE =
        List.of(
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
            "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
            "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
            "-Dchronicle.analytics.disable=true",
            "-Dchronicle.announcer.disable=true");

    static final List<String> LMDB =
        List.of(
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");
  }
}
