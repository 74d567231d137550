package prices;

import javax.cache.configuration.Configuration;
import org.eclipse.jetty.server.Connector;
import org.shareobject.jcache.ShareConfiguration;
import org.springframework.boot.web.embedded.jetty.JettyServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;

/** What Spring Boot cannot know by itself. */
@org.springframework.context.annotation.Configuration(proxyBeanMethods = false)
public class Settings {
  /** Returns the configuration of the caches that {@code spring.cache.cache-names} names. */
  @Bean
  public Configuration<Integer, Price> caches() {
    return new ShareConfiguration<Integer, Price>().setTypes(Integer.class, Price.class);
  }

  /** Has Jetty share its port with the other copies, if {@code shareobject fork} started this. */
  @Bean
  public WebServerFactoryCustomizer<JettyServletWebServerFactory> sharedPort() {
    return factory ->
        factory.addServerCustomizers(
            server ->
                SharedPort.join(server, factory.getPort())
                    .ifPresent(port -> server.setConnectors(new Connector[] {port})));
  }
}
