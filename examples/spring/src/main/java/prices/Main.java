package prices;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cache.annotation.EnableCaching;

/** A web server that runs as several JVMs, which share one cache and one port. */
@SpringBootApplication
@EnableCaching
public class Main {
  /**
   * Starts one JVM of it.
   *
   * @param args settings of Spring Boot, for example {@code --server.port=8080}
   */
  public static void main(String[] args) {
    SpringApplication.run(Main.class, args);
  }
}
