package org.shareobject.jcache;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.WeakHashMap;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.OptionalFeature;
import javax.cache.spi.CachingProvider;

/**
 * The provider of caches that the processes of one host share.
 *
 * <p>The URI of a manager names the folder of the cache files, for example {@code
 * file:///dev/shm/shop/}, or a properties file (its name ends in {@code .properties}) whose setting
 * {@code folder} does so. The folder is created with mode 0700 if it is missing, and refused if
 * others may write to it or if it belongs to another user. Two processes, or two class loaders of
 * one, share the caches of managers with the same folder. A settings file {@code jcache.properties}
 * in the folder is read when a manager is created.
 *
 * <p>The default URI is the one that the system property {@value #URI_PROPERTY} names, else a
 * folder below {@code java.io.tmpdir} that is private to the user.
 *
 * <p>All methods may be called by any thread at any time.
 */
public final class ShareCachingProvider implements CachingProvider {
  /** The system property that names the default URI. */
  public static final String URI_PROPERTY = "shareobject.jcache.uri";

  /** By class loader, then by URI; guarded by this. */
  private final Map<ClassLoader, Map<URI, ShareCacheManager>> managers = new WeakHashMap<>();

  /** Creates a provider without managers; {@link java.util.ServiceLoader} calls it. */
  public ShareCachingProvider() {}

  /**
   * Returns the manager of a URI and a class loader; creates it if there is none that is open.
   *
   * @param uri names the folder or the settings file; null for the default
   * @param classLoader loads the classes of keys and values; null for the default
   * @param properties what {@link CacheManager#getProperties} returns, otherwise unused; may be
   *     null
   * @return the manager
   * @throws CacheException if the URI cannot be used, the folder is refused, or a settings file has
   *     an error; the message names the file and the remedy
   */
  @Override
  public CacheManager getCacheManager(URI uri, ClassLoader classLoader, Properties properties) {
    URI managerUri = uri == null ? getDefaultURI() : uri;
    ClassLoader loader = classLoader == null ? getDefaultClassLoader() : classLoader;
    synchronized (this) {
      return managers
          .computeIfAbsent(loader, any -> new HashMap<>())
          .computeIfAbsent(
              managerUri, any -> new ShareCacheManager(this, managerUri, loader, properties));
    }
  }

  @Override
  public ClassLoader getDefaultClassLoader() {
    return getClass().getClassLoader();
  }

  @Override
  public URI getDefaultURI() {
    String wanted = System.getProperty(URI_PROPERTY);
    return wanted == null ? Folder.defaultPath().toUri() : URI.create(wanted);
  }

  @Override
  public Properties getDefaultProperties() {
    return new Properties();
  }

  @Override
  public CacheManager getCacheManager(URI uri, ClassLoader classLoader) {
    return getCacheManager(uri, classLoader, null);
  }

  @Override
  public CacheManager getCacheManager() {
    return getCacheManager(null, null, null);
  }

  /** Closes all managers and their caches. The entries stay in the files. */
  @Override
  public void close() {
    List<ShareCacheManager> open = new ArrayList<>();
    synchronized (this) {
      managers.values().forEach(byUri -> open.addAll(byUri.values()));
      managers.clear();
    }
    open.forEach(ShareCacheManager::close);
  }

  @Override
  public void close(ClassLoader classLoader) {
    Map<URI, ShareCacheManager> open;
    synchronized (this) {
      open = managers.remove(classLoader == null ? getDefaultClassLoader() : classLoader);
    }
    if (open != null) {
      open.values().forEach(ShareCacheManager::close);
    }
  }

  @Override
  public void close(URI uri, ClassLoader classLoader) {
    ShareCacheManager open;
    synchronized (this) {
      Map<URI, ShareCacheManager> byUri =
          managers.get(classLoader == null ? getDefaultClassLoader() : classLoader);
      open = byUri == null ? null : byUri.get(uri == null ? getDefaultURI() : uri);
    }
    if (open != null) {
      open.close();
    }
  }

  /** Forgets a manager that is closed. */
  synchronized void remove(URI uri, ClassLoader classLoader, ShareCacheManager closed) {
    Map<URI, ShareCacheManager> byUri = managers.get(classLoader);
    if (byUri != null && byUri.remove(uri, closed) && byUri.isEmpty()) {
      managers.remove(classLoader);
    }
  }

  /**
   * Returns whether an optional feature is supported: none is, since entries are stored by value.
   */
  @Override
  public boolean isSupported(OptionalFeature optionalFeature) {
    return false;
  }
}
