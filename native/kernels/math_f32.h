// Elementary functions in f32. Errors are relative, of the approximation alone; rounding adds 1 to 4 units in the last
// place. The same functions as in math_f64.h, where their method is explained.

// e^x for |x| <= 87; exactly 1 for x = 0.
FUNCTION real Exp(real x) {
  const real shifted = Fma(x, REAL(1.44269504), REAL(12582912.0));
  const real n = shifted - REAL(12582912.0);
  real r = Fma(n, REAL(-0.693145752), x);
  r = Fma(n, REAL(-1.42860677e-6), r);
  // (e^r - 1 - r) / r^2 for |r| <= 0.3467: 1.1e-8 of e^r.
  const real r2 = r * r;
  const real p01 = Fma(REAL(0.1666657627), r, REAL(0.5));
  const real p23 = Fma(REAL(0.008363203146), r, REAL(0.04166655615));
  const real p = Fma(Fma(REAL(0.001392621314), r2, p23), r2, p01);
  const real power = Fma(p, r2, r) + REAL(1.0);
  return RealOf(BitsOf(power) + (BitsOf(shifted) << 23));
}

// ln(x / y) for positive normal numbers, relatively accurate where x is close to y as well.
FUNCTION real LogRatio(real x, real y) {
  const whole n = ShiftRight(BitsOf(x) - BitsOf(y) + WHOLE(0x40400000), 23);
  const real scaled = RealOf(BitsOf(x) - (n << 23) + WHOLE(0x40000000));
  const real s = (scaled - y) / (scaled + y);
  const real z = s * s;
  // (ln((1 + s) / (1 - s)) - 2 s) / s^3 for z <= 0.0403: 9.5e-9 of the logarithm.
  real p = REAL(0.2996638417);
  p = Fma(p, z, REAL(0.3997869492));
  p = Fma(p, z, REAL(0.6666671634));
  const real exponent = RealOf(n + WHOLE(0x4b000000)) - REAL(8388736.0);
  const real low = Fma(exponent, REAL(1.42860677e-6), (s * z) * p);
  return Fma(exponent, REAL(0.693145752), s + s + low);
}

// A number that may lie below the range of f32: value times unit. Multiply by unit last.
typedef struct {
  real value, unit;
} Deep;

// scale times the standard normal density at x >= 0, for scale <= 1e34.
FUNCTION Deep ScaledDensity(real scale, real x) {
  // The square of e^(-x^2 / 4) reaches deeper than the range of Exp. Beyond 18.6 the density is 0 for every scale. From
  // 9.5 on it is below 2^-65, which leaves room to keep it raised by 2^64.
  const mask raised = Less(REAL(9.5), x);
  const real reach = Lesser(x, REAL(18.6));
  const real root = Exp((reach * reach) * REAL(-0.25)) * Choose(raised, REAL(4294967296.0), REAL(1.0));
  const real value = Flush(((scale * REAL(0.39894228)) * root) * root);
  Deep density;
  density.value = Choose(Less(x, REAL(18.6)), value, REAL(0.0));
  density.unit = Choose(raised, REAL(5.42101086e-20), REAL(1.0));
  return density;
}

// Mills' ratio of the normal distribution, (1 - N(x)) / n(x), as a quotient of polynomials without cancellation:
// 3.8e-8 for 0 <= x <= 25.5.
FUNCTION real MillsNumerator(real x, real x2) {
  real even = REAL(0.01168260816);
  even = Fma(even, x2, REAL(0.4855584502));
  even = Fma(even, x2, REAL(1.253314137));
  real odd = REAL(0.1108295172);
  odd = Fma(odd, x2, REAL(1.133448124));
  return Fma(odd, x, even);
}

FUNCTION real MillsDenominator(real x, real x2) {
  real even = REAL(0.1108323336);
  even = Fma(even, x2, REAL(1.245605707));
  even = Fma(even, x2, REAL(1.0));
  real odd = REAL(0.01168256905);
  odd = Fma(odd, x2, REAL(0.4971583188));
  odd = Fma(odd, x2, REAL(1.702246189));
  return Fma(odd, x, even);
}

typedef struct {
  real first, second;
} RealPair;

// Mills' ratio of two numbers >= 0, which share one division. Above 25.5 it is taken as at 25.5.
FUNCTION RealPair MillsRatios(real x, real y) {
  x = Lesser(x, REAL(25.5));
  y = Lesser(y, REAL(25.5));
  const real below_x = MillsDenominator(x, x * x);
  const real below_y = MillsDenominator(y, y * y);
  const real inverse = REAL(1.0) / (below_x * below_y);
  RealPair ratios;
  ratios.first = MillsNumerator(x, x * x) * (below_y * inverse);
  ratios.second = MillsNumerator(y, y * y) * (below_x * inverse);
  return ratios;
}

// 2^x for |x| <= 125; exactly 1 for x = 0.
FUNCTION real PowerOfTwo(real x) {
  const real shifted = x + REAL(12582912.0);
  const real r = x - (shifted - REAL(12582912.0));
  // (2^r - 1) / r for |r| <= 0.5: 1.9e-9 of 2^r.
  real p = REAL(0.00015353360504377633);
  p = Fma(p, r, REAL(0.0013398875016719103));
  p = Fma(p, r, REAL(0.00961843691766262));
  p = Fma(p, r, REAL(0.055503323674201965));
  p = Fma(p, r, REAL(0.24022647738456726));
  p = Fma(p, r, REAL(0.6931471824645996));
  p = Fma(p, r, REAL(1.0));
  return RealOf(BitsOf(p) + (BitsOf(shifted) << 23));
}
