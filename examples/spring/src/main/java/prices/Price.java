package prices;

/**
 * What is cached, as JSON.
 *
 * @param item what it is the price of
 * @param cents the price: a random one, so that a second computation would show
 * @param computedBy the process that computed it
 */
public record Price(int item, long cents, long computedBy) {}
