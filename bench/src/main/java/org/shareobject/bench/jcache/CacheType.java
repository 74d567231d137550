package org.shareobject.bench.jcache;

import com.github.benmanes.caffeine.jcache.spi.CaffeineCachingProvider;
import com.hazelcast.cache.HazelcastCachingProvider;
import com.hazelcast.cache.HazelcastMemberCachingProvider;
import com.hazelcast.config.CacheConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.nio.file.Path;
import java.util.function.Function;
import javax.cache.CacheManager;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.spi.CachingProvider;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.ehcache.config.units.MemoryUnit;
import org.ehcache.jsr107.Eh107Configuration;
import org.ehcache.jsr107.EhcacheCachingProvider;
import org.shareobject.jcache.ShareCachingProvider;

/** Providers of JCache, all by value and without a limit that is reached; and our map. */
public enum CacheType {
  SHAREMAP("ShareMap", MapCalls::new),
  SHAREOBJECT("ShareObject", folder -> shareObject(folder, false)),
  SHAREOBJECT_STATISTICS("ShareObject, statistics", folder -> shareObject(folder, true)),
  CAFFEINE("Caffeine", folder -> plain(new CaffeineCachingProvider())),
  EHCACHE_HEAP("Ehcache, heap", folder -> plain(new EhcacheCachingProvider())),
  EHCACHE_OFF_HEAP("Ehcache, off-heap", folder -> offHeap()),
  HAZELCAST("Hazelcast, embedded", folder -> hazelcast());

  private static final int OFF_HEAP_MIB = 128;

  private final String label;
  private final Function<Path, Calls> opener;

  CacheType(String label, Function<Path, Calls> opener) {
    this.label = label;
    this.opener = opener;
  }

  /** Opens it, empty; its files, if it has some, are in the folder. */
  public Calls open(Path folder) {
    return opener.apply(folder);
  }

  /** Returns its name in tables. */
  public String label() {
    return label;
  }

  private static Calls shareObject(Path folder, boolean statistics) {
    CachingProvider provider = new ShareCachingProvider();
    CacheManager manager = provider.getCacheManager(folder.resolve("caches").toUri(), null);
    return new CacheCalls(
        manager,
        byValue(byte[].class).setStatisticsEnabled(statistics),
        byValue(Long.class).setStatisticsEnabled(statistics),
        provider::close);
  }

  private static Calls plain(CachingProvider provider) {
    return new CacheCalls(
        provider.getCacheManager(), byValue(byte[].class), byValue(Long.class), provider::close);
  }

  private static <V> MutableConfiguration<String, V> byValue(Class<V> type) {
    return new MutableConfiguration<String, V>().setTypes(String.class, type).setStoreByValue(true);
  }

  private static Calls offHeap() {
    CachingProvider provider = new EhcacheCachingProvider();
    return new CacheCalls(
        provider.getCacheManager(), offHeap(byte[].class), offHeap(Long.class), provider::close);
  }

  private static <V> Configuration<String, V> offHeap(Class<V> type) {
    return Eh107Configuration.fromEhcacheCacheConfiguration(
        CacheConfigurationBuilder.newCacheConfigurationBuilder(
            String.class,
            type,
            ResourcePoolsBuilder.newResourcePoolsBuilder().offheap(OFF_HEAP_MIB, MemoryUnit.MB)));
  }

  /** One member, which looks for no others. */
  private static Calls hazelcast() {
    Config config = new Config();
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.logging.type", "none");
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = config.getNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    CachingProvider provider = new HazelcastMemberCachingProvider();
    CacheManager manager =
        provider.getCacheManager(
            null, null, HazelcastCachingProvider.propertiesByInstanceItself(member));
    return new CacheCalls(
        manager, unlimited(byte[].class), unlimited(Long.class), member::shutdown);
  }

  /** By default it has room for 10,000 entries. */
  private static <V> Configuration<String, V> unlimited(Class<V> type) {
    CacheConfig<String, V> config = new CacheConfig<>(byValue(type));
    config.getEvictionConfig().setSize(Integer.MAX_VALUE);
    return config;
  }
}
