package org.shareobject.bench.peer;

import java.util.SplittableRandom;

/**
 * Draws indices from 0 on so that index {@code i} comes with a probability in proportion to {@code
 * 1 / (i + 1)^s}. By rejection from the inverted integral: W. Hörmann and G. Derflinger,
 * "Rejection-inversion to generate variates from monotone discrete distributions", 1996.
 */
public final class Zipf {
  private final int count;
  private final double exponent;
  private final double least;
  private final double most;
  private final double sure;

  /**
   * Prepares to draw.
   *
   * @param count how many indices there are
   * @param exponent how steep, above 0 and not 1
   */
  public Zipf(int count, double exponent) {
    this.count = count;
    this.exponent = exponent;
    least = integral(1.5) - 1;
    most = integral(count + 0.5);
    sure = 2 - inverse(integral(2.5) - weight(2));
  }

  /** Draws one. */
  public int next(SplittableRandom random) {
    while (true) {
      double u = most + random.nextDouble() * (least - most);
      double x = inverse(u);
      long k = Math.min(count, Math.max(1, (long) (x + 0.5)));
      if (k - x <= sure || u >= integral(k + 0.5) - weight(k)) {
        return (int) k - 1;
      }
    }
  }

  private double weight(double x) {
    return Math.pow(x, -exponent);
  }

  private double integral(double x) {
    return (Math.pow(x, 1 - exponent) - 1) / (1 - exponent);
  }

  private double inverse(double y) {
    return Math.pow(1 + y * (1 - exponent), 1 / (1 - exponent));
  }
}
