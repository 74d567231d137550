package org.shareobject.spring;

import java.nio.file.Path;
import java.util.List;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.Configuration;
import org.shareobject.jcache.ShareCachingProvider;
import org.shareobject.jcache.ShareConfiguration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;

/**
 * Makes the caches of an application ones that the processes of one host share, and opens its maps.
 *
 * <p>{@code shareobject.folder} names the folder of the files, and switches all of this on. All
 * processes with the same folder share the caches that {@code spring.cache.cache-names} names, and
 * the maps of {@code shareobject.maps.NAME.*}: beans of the type {@link org.shareobject.ShareMap}.
 * The file {@code jcache.properties} in the folder has the settings of the caches. It works with
 * Spring Boot 3 and 4.
 */
@AutoConfiguration(
    beforeName = {
      "org.springframework.boot.autoconfigure.cache.CacheAutoConfiguration", // of Spring Boot 3
      "org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration" // of Spring Boot 4
    })
@ConditionalOnProperty(ShareAutoConfiguration.FOLDER)
@Import(MapRegistrar.class)
public class ShareAutoConfiguration {
  static final String FOLDER = "shareobject.folder";

  private static final String SERIALIZATION = "shareobject.serialization";
  private static final String CACHE_NAMES = "spring.cache.cache-names";

  /** What Spring itself stores: keys of several parameters or of none, and null. */
  private static final String OF_SPRING =
      "org.springframework.cache.interceptor.SimpleKey;"
          + "org.springframework.cache.support.NullValue";

  /** Creates the configuration; Spring calls it. */
  public ShareAutoConfiguration() {}

  /**
   * Returns the manager of the shared caches, unless the application has one of its own or {@code
   * spring.cache.type} names another kind of cache. It is closed with the application; the entries
   * stay.
   *
   * @param environment has the settings
   * @param context loads the classes of keys and values
   * @param configuration the configuration of all caches, if the application has such a bean. By
   *     default keys and values are of any class that can be stored without a declaration, or that
   *     {@code shareobject.serialization} names
   * @return the manager
   * @throws CacheException if the folder is refused, or if a cache cannot be opened; the message
   *     names the file and the remedy
   */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean({CacheManager.class, org.springframework.cache.CacheManager.class})
  @ConditionalOnProperty(name = "spring.cache.type", havingValue = "jcache", matchIfMissing = true)
  public CacheManager shareCacheManager(
      Environment environment,
      ApplicationContext context,
      ObjectProvider<Configuration<?, ?>> configuration) {
    Path folder = Path.of(environment.getRequiredProperty(FOLDER)).toAbsolutePath();
    CacheManager manager =
        new ShareCachingProvider().getCacheManager(folder.toUri(), context.getClassLoader());
    try {
      Configuration<?, ?> wanted =
          configuration.getIfAvailable(() -> defaults(environment.getProperty(SERIALIZATION, "")));
      List<String> names =
          Binder.get(environment)
              .bind(CACHE_NAMES, Bindable.listOf(String.class))
              .orElseGet(List::of);
      for (String name : names) {
        if (manager.getCache(name) == null) { // the settings file does not name it
          manager.createCache(name, wanted);
        }
      }
      return manager;
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private static Configuration<?, ?> defaults(String serialization) {
    return new ShareConfiguration<>()
        .setSerialization(
            serialization.isBlank() ? OF_SPRING : serialization.strip() + ";" + OF_SPRING);
  }
}
