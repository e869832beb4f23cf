// European options: price and Greeks by Black-Scholes-Merton or Black-76. Units and ranges of every value are in
// proto/acceld/v1/price_options.proto; inputs outside those ranges give meaningless numbers, never a fault.

typedef struct {
  uint32_t model;  // OptionModel. Black-76 passes the forward as underlying and the rate as dividend_yield as well.
} PriceOptionsParams;

#define PriceOptionsInputColumns(CODE, NUMBER) \
  CODE(type) NUMBER(underlying) NUMBER(strike) NUMBER(rate) NUMBER(dividend_yield) NUMBER(volatility) NUMBER(years)

#define PriceOptionsOutputColumns(NUMBER) \
  NUMBER(price)                           \
  NUMBER(delta) NUMBER(gamma) NUMBER(vega) NUMBER(theta) NUMBER(rho) NUMBER(dividend_rho) NUMBER(vanna) NUMBER(volga)

typedef struct {
  whole type;  // OptionType.
  real underlying, strike, rate, dividend_yield, volatility, years;
} PriceOptionsInputs;

typedef struct {
  real price, delta, gamma, vega, theta, rho, dividend_rho, vanna, volga;
} PriceOptionsOutputs;

// Zero variance: price, delta, rho and vega are the limits for volatility -> 0, which the general formulas give for
// infinite d1 and d2, or for d1 = d2 = 0 at the money forward. This is that d1, as a number beyond every density.
FUNCTION real CertainMoneyness(real log_moneyness) {
  const real side = Choose(Less(log_moneyness, REAL(0.0)), REAL(-1000.0), REAL(0.0));
  return Choose(Less(REAL(0.0), log_moneyness), REAL(1000.0), side);
}

// At the money forward without variance. Vanna and volga are their limits for volatility -> 0; gamma has none, and
// neither has theta at expiry with some volatility.
FUNCTION PriceOptionsOutputs AtTheKink(PriceOptionsInputs option, PriceOptionsOutputs values, mask kink) {
  values.gamma = Choose(kink, NOT_A_NUMBER, values.gamma);
  const mask decaying = Equal(option.years, REAL(0.0)) & Less(REAL(0.0), option.volatility);
  values.theta = Choose(kink & decaying, NOT_A_NUMBER, values.theta);
  values.vanna = Choose(kink, values.vega / (option.underlying + option.underlying), values.vanna);
  return values;
}

// One option. No value is ever the difference of two nearly equal probabilities: the price is the discounted intrinsic
// value of the forward plus a time value of two tails, and each tail is the density times Mills' ratio, so that out of
// the money the digits hold down to the smallest numbers.
FUNCTION PriceOptionsOutputs PriceOptions(PriceOptionsInputs option, PriceOptionsParams params) {
  const real zero = REAL(0.0);
  const real years = option.years;
  const real volatility = option.volatility;
  const real sign = Choose(IsCode(option.type, 2), REAL(-1.0), REAL(1.0));
  const real root_years = Sqrt(years);
  const mask certain = Equal(volatility * root_years, zero);
  const real deviation = Choose(certain, REAL(1.0), volatility * root_years);
  const real inverse = REAL(1.0) / (option.underlying * deviation);
  const real inverse_underlying = deviation * inverse;
  const real inverse_deviation = option.underlying * inverse;

  const real underlying_discount = Exp(-option.dividend_yield * years);
  const real underlying_leg = option.underlying * underlying_discount;
  const real strike_leg = option.strike * Exp(-option.rate * years);
  const real carry_rate = option.rate - option.dividend_yield;
  const real log_moneyness = Flush(LogRatio(option.underlying, option.strike) + carry_rate * years);
  real middle = log_moneyness * inverse_deviation;
  real half_deviation = REAL(0.5) * deviation;
  if (Any(certain)) {
    middle = Choose(certain, CertainMoneyness(log_moneyness), middle);
    half_deviation = Choose(certain, zero, half_deviation);
  }
  const real d1 = middle + half_deviation;
  const real d2 = middle - half_deviation;

  // underlying_leg * n(d1) = strike_leg * n(d2): the shallower of the two does not underflow before both do.
  const real depth1 = Absolute(d1);
  const real depth2 = Absolute(d2);
  const real scale = Choose(Less(depth1, depth2), underlying_leg, strike_leg);
  const Deep density = ScaledDensity(scale, Lesser(depth1, depth2));
  const RealPair mills = MillsRatios(depth1, depth2);
  const real tail1 = density.value * mills.first;
  const real tail2 = density.value * mills.second;

  // Each leg times the probability N(sign * d).
  const mask likely1 = Less(zero, sign * d1);
  const mask likely2 = Less(zero, sign * d2);
  const real rest1 = Flush(tail1 * density.unit);
  const real rest2 = Flush(tail2 * density.unit);
  const real share1 = Choose(likely1, underlying_leg - rest1, rest1);
  const real share2 = Choose(likely2, strike_leg - rest2, rest2);
  const real intrinsic = Choose(likely1, underlying_leg, zero) - Choose(likely2, strike_leg, zero);
  const real ratios = Choose(likely1, -mills.first, mills.first) - Choose(likely2, -mills.second, mills.second);
  const real price = sign * Fma(density.value * ratios, density.unit, intrinsic);
  const real unit_tail = ((density.value * inverse_underlying) * mills.first) * density.unit;
  const real carry = sign * (Flush(option.dividend_yield * share1) - Flush(option.rate * share2));
  const real decay = density.value * ((REAL(0.5) * volatility) * (volatility * inverse_deviation));
  const real d2_per_volatility = d2 * (root_years * inverse_deviation);

  PriceOptionsOutputs values;
  // Rounding can leave a worthless option slightly below zero.
  values.price = Flush(Choose(Less(price, zero), zero, price));
  values.delta = Flush(sign * Choose(likely1, underlying_discount - unit_tail, unit_tail));
  values.gamma = Flush((density.value * (inverse_underlying * inverse)) * density.unit);
  values.vega = Flush((density.value * root_years) * density.unit);
  values.theta = Flush(Fma(-decay, density.unit, carry));
  const real signed_years = sign * years;
  const real spot_rho = Choose(likely2, signed_years * share2, (signed_years * tail2) * density.unit);
  values.rho = Flush(params.model == 2 ? -years * values.price : spot_rho);
  values.dividend_rho = Flush(-Choose(likely1, signed_years * share1, (signed_years * tail1) * density.unit));
  values.vanna = Flush((-density.value * (inverse_underlying * d2_per_volatility)) * density.unit);
  values.volga = Flush((density.value * ((root_years * d1) * d2_per_volatility)) * density.unit);
  if (Any(certain)) values = AtTheKink(option, values, certain & Equal(log_moneyness, zero));
  return values;
}
