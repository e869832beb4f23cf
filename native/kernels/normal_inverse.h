// The inverse of the normal distribution in f64, for numbers of low discrepancy: x with N(x) = probability, for a
// probability above 0 and below 1, with an error of 4 units in the last place.

// Two steps of Householder's method of fourth order on the logarithm of the smaller tail, n(x) M(x) with Mills' ratio
// M, from a parabola through it that is within 4 %. Improve of implied_volatility.h is the same for two tails.
FUNCTION real ImprovedTail(real x, real tail) {
  const real mills = MillsNumerator(x, x * x) / MillsDenominator(x, x * x);
  const real excess = LogRatio(mills * REAL(0x1p200), tail) - REAL(0.5) * (x * x);
  const real newton = excess * mills;
  const real bend = -x * newton;
  const real sum = bend + excess;
  const real squares = Fma(x * x - REAL(1.0), newton * newton, REAL(2.0) * (excess * excess));
  const real twist = Fma(REAL(3.0) * bend, excess, squares);
  const real above = newton * Fma(REAL(0.5), sum, REAL(1.0));
  const real below = Fma(twist, REAL(0.16666666666666666), REAL(1.0) + sum);
  return x + above / below;
}

FUNCTION real NormalInverse(real probability) {
  const real rest = REAL(1.0) - probability;
  // sqrt(2 pi) times the smaller tail, raised by 2^200 because it may be subnormal.
  const real tail = Lesser(probability, rest) * REAL(0x1.40d931ff62706p+201);
  const real at_zero = REAL(0x1.40d931ff62706p+0);
  const real depth = LogRatio(at_zero * REAL(0x1p200), tail);
  const real guess = (REAL(2.5066282746310002) * depth) / (REAL(1.0) + Sqrt(Fma(REAL(2.8274), depth, REAL(1.0))));
  const real x = ImprovedTail(ImprovedTail(guess, tail), tail);
  return Choose(Less(probability, rest), -x, x);
}
