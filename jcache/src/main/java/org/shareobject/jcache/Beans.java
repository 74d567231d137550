package org.shareobject.jcache;

import java.lang.management.ManagementFactory;
import java.net.URI;
import javax.cache.CacheException;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.management.CacheMXBean;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** The management beans of a cache, in the platform's MBean server. */
final class Beans {
  private final URI manager;
  private final String cache;
  private ObjectName statistics;
  private ObjectName configuration;

  Beans(URI manager, String cache) {
    this.manager = manager;
    this.cache = cache;
  }

  /** Registers the bean of the statistics, or removes it. */
  synchronized void statistics(Statistics bean) {
    statistics = change(statistics, "CacheStatistics", bean);
  }

  /** Registers the bean of the configuration, or removes it. */
  synchronized void configuration(CompleteConfiguration<?, ?> bean) {
    configuration =
        change(
            configuration, "CacheConfiguration", bean == null ? null : new ConfigurationBean(bean));
  }

  /** Returns the name of the bean if it is registered by this object. */
  private ObjectName change(ObjectName registered, String type, Object bean) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      if (registered != null) {
        server.unregisterMBean(registered);
      }
    } catch (InstanceNotFoundException e) {
      // Somebody else has removed it.
    } catch (JMException e) {
      throw new CacheException("the bean " + registered + " cannot be removed: " + e, e);
    }
    if (bean == null) {
      return null;
    }
    try {
      ObjectName name =
          new ObjectName(
              "javax.cache:type="
                  + type
                  + ",CacheManager="
                  + plain(manager.toString())
                  + ",Cache="
                  + plain(cache));
      server.registerMBean(bean, name);
      return name;
    } catch (InstanceAlreadyExistsException e) {
      return null; // of the same cache in a manager of another class loader
    } catch (JMException e) {
      throw new CacheException("the bean of the cache " + cache + " cannot be registered: " + e, e);
    }
  }

  /** Replaces what an object name must not contain. */
  private static String plain(String name) {
    return name.replaceAll("[,:=\n*?\"]", ".");
  }

  /** What JMX shows of a configuration. */
  private record ConfigurationBean(CompleteConfiguration<?, ?> configuration)
      implements CacheMXBean {
    @Override
    public String getKeyType() {
      return configuration.getKeyType().getName();
    }

    @Override
    public String getValueType() {
      return configuration.getValueType().getName();
    }

    @Override
    public boolean isReadThrough() {
      return configuration.isReadThrough();
    }

    @Override
    public boolean isWriteThrough() {
      return configuration.isWriteThrough();
    }

    @Override
    public boolean isStoreByValue() {
      return configuration.isStoreByValue();
    }

    @Override
    public boolean isStatisticsEnabled() {
      return configuration.isStatisticsEnabled();
    }

    @Override
    public boolean isManagementEnabled() {
      return configuration.isManagementEnabled();
    }
  }
}
