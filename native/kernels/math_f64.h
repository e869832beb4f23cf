// Elementary functions in f64. Errors are relative, of the approximation alone; rounding adds 1 to 4 units in the last
// place.

// e^x for |x| <= 700; exactly 1 for x = 0.
FUNCTION real Exp(real x) {
  // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
  const real shifted = Fma(x, REAL(1.4426950408889634), REAL(0x1.8p52));
  const real n = shifted - REAL(0x1.8p52);
  // ln 2 in two parts: n * high is exact.
  real r = Fma(n, REAL(-6.93147180369123816490e-01), x);
  r = Fma(n, REAL(-1.90821492927058770002e-10), r);
  // (e^r - 1 - r) / r^2 for |r| <= 0.3467: 1.6e-17 of e^r.
  const real r2 = r * r;
  const real p01 = Fma(REAL(0x1.5555555555556p-3), r, REAL(0x1.0000000000001p-1));
  const real p23 = Fma(REAL(0x1.11111111109adp-7), r, REAL(0x1.5555555553d4fp-5));
  const real p45 = Fma(REAL(0x1.a01a01a7c8d47p-13), r, REAL(0x1.6c16c17893833p-10));
  const real p67 = Fma(REAL(0x1.71de0d9c145d0p-19), r, REAL(0x1.a019b8ef67c6cp-16));
  const real p89 = Fma(REAL(0x1.af38d53857513p-26), r, REAL(0x1.2891a8c1d838dp-22));
  const real r4 = r2 * r2;
  const real p49 = Fma(p89, r4, Fma(p67, r2, p45));
  const real p = Fma(p49, r4, Fma(p23, r2, p01));
  const real power = Fma(p, r2, r) + REAL(1.0);
  return RealOf(BitsOf(power) + (BitsOf(shifted) << 52));
}

// ln(x / y) for positive normal numbers, relatively accurate where x is close to y as well.
FUNCTION real LogRatio(real x, real y) {
  // The bits of a number approximate its base-2 logarithm to 0.09, so the difference, rounded, brings x / 2^n within
  // [0.66, 1.51] of y. Biased by 1024 to stay positive.
  const whole n = ShiftRight(BitsOf(x) - BitsOf(y) + WHOLE(0x4008000000000000), 52);
  const real scaled = RealOf(BitsOf(x) - (n << 52) + WHOLE(0x4000000000000000));
  const real s = (scaled - y) / (scaled + y);
  const real z = s * s;
  // (ln((1 + s) / (1 - s)) - 2 s) / s^3 for z <= 0.0403: 5.8e-17 of the logarithm.
  const real z2 = z * z;
  const real p01 = Fma(REAL(0x1.999999997b790p-2), z, REAL(0x1.555555555556fp-1));
  const real p23 = Fma(REAL(0x1.c71c3bbccc572p-3), z, REAL(0x1.2492495334f5ap-2));
  const real p45 = Fma(REAL(0x1.38fd0e02e5e43p-3), z, REAL(0x1.746bf548d3d63p-3));
  const real p46 = Fma(REAL(0x1.35d2d714b9389p-3), z2, p45);
  const real p = Fma(p46, z2 * z2, Fma(p23, z2, p01));
  const real exponent = RealOf(n + WHOLE(0x4330000000000000)) - REAL(0x1.00000000004p52);
  const real low = Fma(exponent, REAL(1.90821492927058770002e-10), (s * z) * p);
  return Fma(exponent, REAL(6.93147180369123816490e-01), s + s + low);
}

// Value times unit; f64 has range enough for 1 as unit.
typedef struct {
  real value, unit;
} Deep;

// scale times the standard normal density at x >= 0, for scale <= 1e34.
FUNCTION Deep ScaledDensity(real scale, real x) {
  // The square of e^(-x^2 / 4) reaches deeper than the range of Exp. At 50 it is 0 for every scale.
  const real reach = Lesser(x, REAL(50.0));
  const real half = Exp((reach * reach) * REAL(-0.25));
  Deep density;
  density.value = ((scale * REAL(0.39894228040143267794)) * half) * half;
  density.unit = REAL(1.0);
  return density;
}

// Mills' ratio of the normal distribution, (1 - N(x)) / n(x), as a quotient of polynomials without cancellation:
// 1.1e-16 for 0 <= x <= 43.0.
FUNCTION real MillsNumerator(real x, real x2) {
  real even = REAL(0x1.917a81e1575c7p-14);
  even = Fma(even, x2, REAL(0x1.55b18c34f43a0p-7));
  even = Fma(even, x2, REAL(0x1.fb1fa27483aedp-3));
  even = Fma(even, x2, REAL(0x1.7f5d8b82ac7c5p+0));
  even = Fma(even, x2, REAL(0x1.40d931ff62705p+0));
  real odd = REAL(0x1.e034a633f0ee7p-19);
  odd = Fma(odd, x2, REAL(0x1.48fc19eb8b1efp-10));
  odd = Fma(odd, x2, REAL(0x1.ebe548ecc9d60p-5));
  odd = Fma(odd, x2, REAL(0x1.766dde2f4f34cp-1));
  odd = Fma(odd, x2, REAL(0x1.f2ba5053469a7p+0));
  return Fma(odd, x, even);
}

FUNCTION real MillsDenominator(real x, real x2) {
  real even = REAL(0x1.e034a633f51e3p-19);
  even = Fma(even, x2, REAL(0x1.49ec343f5337bp-10));
  even = Fma(even, x2, REAL(0x1.f61e2847e34cap-5));
  even = Fma(even, x2, REAL(0x1.93e7ee67ee04cp-1));
  even = Fma(even, x2, REAL(0x1.492d9092802d3p+1));
  even = Fma(even, x2, REAL(1.0));
  real odd = REAL(0x1.917a81e13ada1p-14);
  odd = Fma(odd, x2, REAL(0x1.58d48133bec71p-7));
  odd = Fma(odd, x2, REAL(0x1.080b2d9e0976cp-2));
  odd = Fma(odd, x2, REAL(0x1.b9a938911c2aep+0));
  odd = Fma(odd, x2, REAL(0x1.2d17c35f4a242p+1));
  return Fma(odd, x, even);
}

typedef struct {
  real first, second;
} RealPair;

// Mills' ratio of two numbers >= 0, which share one division. Above 43 both it and the density are taken as at 43.
FUNCTION RealPair MillsRatios(real x, real y) {
  x = Lesser(x, REAL(43.0));
  y = Lesser(y, REAL(43.0));
  const real below_x = MillsDenominator(x, x * x);
  const real below_y = MillsDenominator(y, y * y);
  const real inverse = REAL(1.0) / (below_x * below_y);
  RealPair ratios;
  ratios.first = MillsNumerator(x, x * x) * (below_y * inverse);
  ratios.second = MillsNumerator(y, y * y) * (below_x * inverse);
  return ratios;
}
