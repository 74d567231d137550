package prices;

import java.util.concurrent.ThreadLocalRandom;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.stereotype.Service;

/** Computes prices, slowly. */
@Service
public class Prices {
  private static final long HIGHEST_CENTS = 1_000_000_000;

  private final Counters counters;
  private final long queryMillis;

  /** Creates it; a query takes {@code queryMillis}. */
  public Prices(Counters counters, @Value("${prices.query-millis}") long queryMillis) {
    this.counters = counters;
    this.queryMillis = queryMillis;
  }

  /**
   * Returns the price of an item. Of all threads of all JVMs that want it at the same time one
   * computes it, and the others wait for that.
   */
  @Cacheable(cacheNames = "prices", sync = true)
  public Price of(int item) throws InterruptedException {
    Thread.sleep(queryMillis); // as long as a query
    counters.computed();
    return new Price(
        item, ThreadLocalRandom.current().nextLong(HIGHEST_CENTS), ProcessHandle.current().pid());
  }
}
