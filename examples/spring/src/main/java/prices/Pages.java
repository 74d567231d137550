package prices;

import java.util.Map;
import java.util.TreeMap;
import javax.cache.Cache;
import javax.cache.CacheManager;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** What the page asks for. The page itself is {@code static/index.html}. */
@RestController
public class Pages {
  private static final int ITEMS = 10_000;

  private final Prices prices;
  private final Counters counters;
  private final Cache<Integer, Price> cache;

  /** Creates it; the cache is the one of {@link Prices}. */
  public Pages(Prices prices, Counters counters, CacheManager caches) {
    this.prices = prices;
    this.counters = counters;
    cache = caches.getCache("prices");
  }

  /**
   * The answer to a request.
   *
   * @param price from the cache, or computed
   * @param answeredBy the process that answers
   */
  public record Answer(Price price, long answeredBy) {}

  /**
   * The state of all JVMs.
   *
   * @param items the process that computed each item in the cache, by item
   */
  public record State(Iterable<Counters.Line> copies, Map<Integer, Long> items) {}

  /** Answers with the price of an item. */
  @GetMapping("/price/{item}")
  public Answer price(@PathVariable int item) throws InterruptedException {
    if (item < 0 || item >= ITEMS) {
      throw new ResponseStatusException(HttpStatus.NOT_FOUND);
    }
    Answer answer = new Answer(prices.of(item), ProcessHandle.current().pid());
    counters.answered();
    return answer;
  }

  /** Answers with who did what. */
  @GetMapping("/state")
  public State state() {
    Map<Integer, Long> items = new TreeMap<>();
    cache.forEach(entry -> items.put(entry.getKey(), entry.getValue().computedBy()));
    return new State(counters.lines(), items);
  }
}
