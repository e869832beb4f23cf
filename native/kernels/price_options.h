// European options: price and Greeks by Black-Scholes-Merton or Black-76. Units and ranges of every value are in
// proto/acceld/v1/price_options.proto; inputs outside those ranges give meaningless numbers, never a fault.
#include "language.h"

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

// One option. Each leg of the forward is paid with probability N(sign * d): whole or not at all, corrected by a tail,
// which is the common density times Mills' ratio. No value is the difference of two nearly equal probabilities, so that
// out of the money the digits hold down to the smallest numbers.
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
  const mask likely1 = Less(zero, sign * d1);
  const mask likely2 = Less(zero, sign * d2);
  // What multiplies the density is computed first: on its own the density may be too small for some of the factors.
  const real ratio1 = Choose(likely1, -mills.first, mills.first);
  const real ratio2 = Choose(likely2, -mills.second, mills.second);
  const real leg1 = Choose(likely1, underlying_leg, zero);
  const real leg2 = Choose(likely2, strike_leg, zero);
  const real carry = Flush(option.dividend_yield * leg1) - Flush(option.rate * leg2);
  const real tail_carry = option.dividend_yield * ratio1 - option.rate * ratio2;
  const real decay = (REAL(0.5) * volatility) * (volatility * inverse_deviation);
  const real d2_per_volatility = d2 * (root_years * inverse_deviation);

  PriceOptionsOutputs values;
  const real price = sign * Fma(density.value * (ratio1 - ratio2), density.unit, leg1 - leg2);
  // Rounding can leave a worthless option slightly below zero.
  values.price = Flush(Choose(Less(price, zero), zero, price));
  const real unit_leg = Choose(likely1, underlying_discount, zero);
  values.delta = Flush(sign * Fma(density.value * (inverse_underlying * ratio1), density.unit, unit_leg));
  values.gamma = Flush((density.value * (inverse_underlying * inverse)) * density.unit);
  values.vega = Flush((density.value * root_years) * density.unit);
  values.theta = Flush(Fma(density.value * (sign * tail_carry - decay), density.unit, sign * carry));
  const real spot_rho = sign * Fma(density.value * (ratio2 * years), density.unit, leg2 * years);
  values.rho = Flush(params.model == 2 ? -years * values.price : spot_rho);
  values.dividend_rho = Flush(-sign * Fma(density.value * (ratio1 * years), density.unit, leg1 * years));
  values.vanna = Flush((-density.value * (inverse_underlying * d2_per_volatility)) * density.unit);
  values.volga = Flush((density.value * ((root_years * d1) * d2_per_volatility)) * density.unit);
  if (Any(certain)) values = AtTheKink(option, values, certain & Equal(log_moneyness, zero));
  return values;
}
