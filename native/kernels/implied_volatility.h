// Implied volatility of European options by Black-Scholes-Merton; f64 only. Black-76 passes the forward as underlying
// and the rate as dividend_yield as well. Units and ranges are those of proto/acceld/v1/price_options.proto, and the
// price is 0 or more. The kernel judges every row itself. Status:
//   1 OK; at exactly the lower bound the volatility is 0
//   2 the price is below the discounted intrinsic value
//   3 the price is at or above the upper bound
//   4 an input is not finite or out of range
//   5 the price says nothing of the volatility: rounding it, or a leg of the forward, to f64 moves the volatility by
//   0.1 %
// Volatility is 0 where the status is not 1.

typedef struct {
  uint32_t reserved;  // 0.
} ImpliedVolatilityParams;

#define ImpliedVolatilityInputColumns(CODE, NUMBER) \
  CODE(type) NUMBER(underlying) NUMBER(strike) NUMBER(rate) NUMBER(dividend_yield) NUMBER(years) NUMBER(price)

#define ImpliedVolatilityOutputColumns(NUMBER) NUMBER(volatility) NUMBER(status)

typedef struct {
  whole type;  // OptionType.
  real underlying, strike, rate, dividend_yield, years, price;
} ImpliedVolatilityInputs;

typedef struct {
  real volatility, status;
} ImpliedVolatilityOutputs;

FUNCTION mask AtMost(real a, real b) { return Equal(Lesser(a, b), a); }
FUNCTION mask Within(real low, real value, real high) { return AtMost(low, value) & AtMost(value, high); }

FUNCTION mask IsValid(ImpliedVolatilityInputs option) {
  const real sign = Choose(IsCode(option.type, 1), REAL(1.0), Choose(IsCode(option.type, 2), REAL(-1.0), REAL(0.0)));
  const real underlying_exponent = option.dividend_yield * option.years;
  const real strike_exponent = option.rate * option.years;
  return Equal(sign * sign, REAL(1.0)) & Within(REAL(1e-9), option.underlying, REAL(1e14)) &
         Within(REAL(1e-9), option.strike, REAL(1e14)) & Within(REAL(1e-9), option.years, REAL(200.0)) &
         Within(REAL(-2.0), option.rate, REAL(2.0)) & Within(REAL(-50.0), strike_exponent, REAL(50.0)) &
         Within(REAL(-2.0), option.dividend_yield, REAL(2.0)) & Within(REAL(-50.0), underlying_exponent, REAL(50.0)) &
         Within(REAL(0.0), option.price, REAL(0x1.fffffffffffffp1023));
}

// An option out of the money by its forward, with x = ln(upper / lower). Calls and puts look the same from here:
//   price = lower * N(d1) - upper * N(d2),  d1 = s / 2 - x / s,  d2 = -s / 2 - x / s,
// and with Mills' ratio M and y = |d1|, as lower * n(d1) = upper * n(d2),
//   price         = lower * n(y) * (M(y) - M(-d2))  where d1 <= 0: the deviation s is at most sqrt(2 x),
//   lower - price = lower * n(y) * (M(y) + M(-d2))  elsewhere.
// So the logarithm of either value is -y^2 / 2 plus that of a slowly varying `spread` of the ratios.
typedef struct {
  mask deep;           // The deviation is at most sqrt(2 x).
  real x, root;        // root = sqrt(2 x).
  real border_spread;  // The spread where the deviation is sqrt(2 x).
  real lower, target;  // Raised by 2^200: a smallest price is subnormal. target = sqrt(2 pi) * value.
} Quote;

FUNCTION Quote QuoteOf(RealPair legs, RealPair values) {
  Quote quote;
  quote.x = LogRatio(legs.second, legs.first);
  quote.root = Sqrt(quote.x + quote.x);
  quote.lower = legs.first * REAL(0x1p200);
  const real at_zero = REAL(0x1.40d931ff62706p+0);
  const real other = MillsNumerator(quote.root, quote.x + quote.x) / MillsDenominator(quote.root, quote.x + quote.x);
  const real price = values.first * REAL(0x1.40d931ff62706p+201);
  const real lacking = values.second * REAL(0x1.40d931ff62706p+201);
  quote.deep = AtMost(price, (at_zero - other) * quote.lower);
  quote.target = Choose(quote.deep, price, lacking);
  quote.border_spread = at_zero + Choose(quote.deep, -other, other);
  return quote;
}

// A deviation so near the solution that Improve leaves rounding alone the second time: within 7 % where it is deep, 17
// % elsewhere. From sqrt(2 x) on by a parabola through the logarithm; deep with a small x from Bachelier's model, in
// which x / s depends on price / (x * lower) alone.
FUNCTION real Guess(Quote quote) {
  const mask bachelier = quote.deep & AtMost(quote.x, REAL(1.0));
  const real spread = quote.border_spread;
  const real width = Fma(REAL(0.5) * quote.x, quote.x, quote.x) * REAL(0x1.40d931ff62706p+1);
  const real above = Choose(bachelier, Fma(width, quote.lower, quote.target), spread * quote.lower);
  const real depth = LogRatio(above, quote.target);

  // Bachelier: x / s = depth * sqrt(fraction), 0.5 %.
  const real below = Fma(depth, Fma(depth, REAL(0.02159394), REAL(0.23640782)), REAL(1.0));
  const real fraction = Fma(depth, REAL(0.04254108), REAL(0.1577778)) / below;
  // The parabola, in y where it is deep, elsewhere in s - sqrt(2 x).
  const real bend = Choose(quote.deep, (REAL(1.8) * spread) * spread, REAL(1.9));
  const real root = Sqrt(Choose(bachelier, fraction, Fma(bend, depth, REAL(1.0))));
  const real step =
      Choose(bachelier, quote.x, (spread + spread) * depth) / Choose(bachelier, depth * root, REAL(1.0) + root);
  const real deep_parabola = Sqrt(Fma(step, step, quote.x + quote.x)) - step;
  const real deep = Lesser(Choose(bachelier, step, deep_parabola), quote.root);
  return Choose(quote.deep, deep, quote.root + step);
}

// A deviation, its inverse, and the ratios there.
typedef struct {
  real deviation, inverse;
  real y, first, second, spread;
} Deviation;

FUNCTION Deviation At(Quote quote, real deviation) {
  Deviation at;
  at.deviation = deviation;
  at.inverse = REAL(1.0) / deviation;
  const real half = REAL(0.5) * deviation;
  const real tilt = quote.x * at.inverse;
  const real y = Choose(quote.deep, tilt - half, half - tilt);
  at.y = Choose(Less(y, REAL(0.0)), REAL(0.0), y);
  const real other = tilt + half;
  const real below_first = MillsDenominator(at.y, at.y * at.y);
  const real below_second = MillsDenominator(other, other * other);
  const real inverse = REAL(1.0) / (below_first * below_second);
  at.first = MillsNumerator(at.y, at.y * at.y) * (below_second * inverse);
  at.second = MillsNumerator(other, other * other) * (below_first * inverse);
  const real spread = at.first + Choose(quote.deep, -at.second, at.second);
  // Less is rounding alone, and the row will be found ill-conditioned.
  const real least = REAL(0x1p-52) * at.first;
  at.spread = Choose(Less(spread, least), least, spread);
  return at;
}

// A step of Householder's method of fourth order on the logarithm: of the relative error e of a deviation it leaves
// less than 100 e^4.
FUNCTION real Improve(Quote quote, Deviation at) {
  const real excess = LogRatio(at.spread * quote.lower, quote.target) - REAL(0.5) * (at.y * at.y);
  const real newton = Choose(quote.deep, -excess, excess) * (at.spread * at.inverse);
  const real tilt = quote.x * at.inverse;
  const real tilt2 = tilt * tilt;
  const real half2 = REAL(0.25) * (at.deviation * at.deviation);
  const real bend = (tilt2 - half2) * newton;
  const real sum = bend + excess;
  const real squares =
      Fma(bend, bend, REAL(2.0) * (excess * excess)) - Fma(REAL(3.0), tilt2, half2) * (newton * newton);
  const real twist = Fma(REAL(3.0) * bend, excess, squares);
  const real above = newton * Fma(REAL(0.5), sum, REAL(1.0));
  const real below = Fma(twist, REAL(0.16666666666666666), REAL(1.0) + sum);
  const real change = above / below;
  // More than the error of the guess is rounding alone.
  return Fma(at.deviation, Choose(Less(Absolute(change), REAL(0.5)), change, REAL(0.0)), at.deviation);
}

// The legs of the forward, smaller first, and what an option is worth that is out of the money by it.
typedef struct {
  mask out;  // The option itself is out of the money.
  RealPair legs;
  RealPair weights;  // Of each leg's rounding: 1 unit, and its exponent's.
  RealPair values;   // The price out of the money, and what the option lacks to its bound.
} Sides;

FUNCTION Sides SidesOf(ImpliedVolatilityInputs option) {
  const real one = REAL(1.0);
  const mask call = IsCode(option.type, 1);
  const real underlying_exponent = -option.dividend_yield * option.years;
  const real strike_exponent = -option.rate * option.years;
  const real underlying_leg = option.underlying * Exp(underlying_exponent);
  const real strike_leg = option.strike * Exp(strike_exponent);
  const real bound = Choose(call, underlying_leg, strike_leg);
  const real other = Choose(call, strike_leg, underlying_leg);
  Sides sides;
  sides.out = AtMost(bound, other);
  const mask underlying_first = AtMost(underlying_leg, strike_leg);
  sides.legs.first = Choose(underlying_first, underlying_leg, strike_leg);
  sides.legs.second = Choose(underlying_first, strike_leg, underlying_leg);
  sides.weights.first = one + Absolute(Choose(underlying_first, underlying_exponent, strike_exponent));
  sides.weights.second = one + Absolute(Choose(underlying_first, strike_exponent, underlying_exponent));
  sides.values.first = option.price - Choose(sides.out, REAL(0.0), bound - other);
  sides.values.second = bound - option.price;
  return sides;
}

// Whether rounding the price and the legs to f64, 32 units each, moves the volatility by less than 0.1 %.
FUNCTION mask IsSound(Sides sides, Quote quote, Deviation at, real price) {
  // All of them divided by n(y) / spread.
  const real value = Choose(quote.deep, sides.values.first, sides.values.second);
  const real tail1 = value * at.first;
  const real tail2 = value * at.second;
  const real rest1 = sides.legs.first * at.spread - tail1;
  const real rest2 = sides.legs.second * at.spread - tail2;
  const real leg1 = Choose(sides.out, Choose(quote.deep, tail1, rest1), Choose(quote.deep, rest1, tail1));
  const real leg2 = Choose(sides.out, tail2, rest2);
  const real vega = value * at.deviation;
  const real rounded = Fma(leg1, sides.weights.first, leg2 * sides.weights.second) + Fma(price, at.spread, vega);
  return Less(rounded * REAL(0x1p-47), REAL(1e-3) * vega);
}

FUNCTION ImpliedVolatilityOutputs ImpliedVolatility(ImpliedVolatilityInputs option, ImpliedVolatilityParams params) {
  (void)params;
  const real zero = REAL(0.0);
  const Sides sides = SidesOf(option);
  const Quote quote = QuoteOf(sides.legs, sides.values);
  const Deviation near = At(quote, Improve(quote, At(quote, Guess(quote))));
  const real volatility = Improve(quote, near) / Sqrt(option.years);

  ImpliedVolatilityOutputs outputs;
  const mask sound = IsSound(sides, quote, near, option.price);
  const mask certain = Equal(sides.values.first, zero);
  outputs.status = Choose(sound, REAL(1.0), REAL(5.0));
  outputs.status = Choose(certain, REAL(1.0), outputs.status);
  outputs.status = Choose(Less(sides.values.first, zero), REAL(2.0), outputs.status);
  outputs.status = Choose(AtMost(sides.values.second, zero), REAL(3.0), outputs.status);
  outputs.status = Choose(IsValid(option), outputs.status, REAL(4.0));
  outputs.volatility = Choose(Equal(outputs.status, REAL(1.0)), Choose(certain, zero, volatility), zero);
  return outputs;
}
