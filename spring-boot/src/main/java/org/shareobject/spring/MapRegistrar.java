package org.shareobject.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.ResourceLoaderAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.ResolvableType;
import org.springframework.core.env.Environment;
import org.springframework.core.io.ResourceLoader;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.util.unit.DataSize;

/** Registers a bean for each map that the settings name. */
final class MapRegistrar
    implements ImportBeanDefinitionRegistrar, EnvironmentAware, ResourceLoaderAware {
  private static final String MAPS = "shareobject.maps";

  /** Names of files; with a dot they are those of caches. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,100}");

  private Environment environment;
  private ResourceLoader loader;

  /**
   * The settings of a map; each may be null.
   *
   * @param keyType {@code string} (the default), {@code long}, {@code bytes}, or a class that is
   *     stored as JSON
   * @param valueType as {@code keyType}
   * @param capacity of a file that is created
   * @param eviction of a file that is created
   * @param timeToLive of entries that are stored without one
   */
  record MapSettings(
      String keyType,
      String valueType,
      DataSize capacity,
      Eviction eviction,
      Duration timeToLive) {}

  /** A type, and how it is stored. */
  private record Kind<T>(Class<T> type, Codec<T> codec) {}

  @Override
  public void setEnvironment(Environment environment) {
    this.environment = environment;
  }

  @Override
  public void setResourceLoader(ResourceLoader loader) {
    this.loader = loader;
  }

  @Override
  public void registerBeanDefinitions(AnnotationMetadata metadata, BeanDefinitionRegistry beans) {
    Path folder = Path.of(environment.getRequiredProperty(ShareAutoConfiguration.FOLDER));
    Map<String, MapSettings> maps =
        Binder.get(environment)
            .bind(
                MAPS,
                Bindable.mapOf(String.class, MapSettings.class),
                new NoUnboundElementsBindHandler(BindHandler.DEFAULT))
            .orElseGet(Map::of);
    maps.forEach(
        (name, settings) -> {
          if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                MAPS + " names a map \"" + name + "\"; letters, digits, - and _ make a name");
          }
          register(
              beans,
              name,
              folder,
              settings,
              kind(name, "key-type", settings.keyType()),
              kind(name, "value-type", settings.valueType()));
        });
  }

  private static <K, V> void register(
      BeanDefinitionRegistry beans,
      String name,
      Path folder,
      MapSettings settings,
      Kind<K> keys,
      Kind<V> values) {
    RootBeanDefinition bean = new RootBeanDefinition();
    bean.setTargetType(
        ResolvableType.forClassWithGenerics(ShareMap.class, keys.type(), values.type()));
    bean.setInstanceSupplier(() -> open(folder, name, settings, keys, values));
    bean.setDestroyMethodName("close");
    beans.registerBeanDefinition(name, bean);
  }

  private static <K, V> ShareMap<K, V> open(
      Path folder, String name, MapSettings settings, Kind<K> keys, Kind<V> values) {
    ShareMap.Builder<K, V> builder = ShareMap.builder(keys.codec(), values.codec());
    if (settings.capacity() != null) {
      builder.capacity(settings.capacity().toBytes());
    }
    if (settings.eviction() != null) {
      builder.eviction(settings.eviction());
    }
    if (settings.timeToLive() != null) {
      builder.timeToLive(settings.timeToLive());
    }
    return builder.open(made(folder).resolve(name));
  }

  private static Path made(Path folder) {
    try {
      return Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the folder " + folder + " of " + ShareAutoConfiguration.FOLDER + " cannot be made", e);
    }
  }

  private Kind<?> kind(String map, String setting, String type) {
    return switch (type == null ? "string" : type) {
      case "string" -> new Kind<>(String.class, Codec.STRING);
      case "long" -> new Kind<>(Long.class, Codec.LONG);
      case "bytes" -> new Kind<>(byte[].class, Codec.BYTES);
      default -> json(map, setting, type);
    };
  }

  private Kind<?> json(String map, String setting, String type) {
    try {
      return json(Class.forName(type, false, loader.getClassLoader()));
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException(
          MAPS
              + "."
              + map
              + "."
              + setting
              + " = "
              + type
              + " is no class; string, long, bytes or the name of a class is expected",
          e);
    }
  }

  private static <T> Kind<T> json(Class<T> type) {
    return new Kind<>(type, Codec.json(type));
  }
}
