// Options on one underlying by Monte Carlo: geometric Brownian motion by exact lognormal steps, f32 paths. Not the
// estimate but sums over samples come out, so that any number of them can be merged.
//
// A ROW IS A BLOCK of 1024 paths: row r computes block first_block + r, whose bits depend on nothing else. A sample is
// a path, or the mean of the pair of paths (2 k, 2 k + 1) that have the same normals with opposite signs (antithetic).
// Sample n has the normals of the counter (n mod 2^32, n / 2^32, draw, 0) under the key seed: step s moves by normal
// s mod 4 of draw s / 4. European options of one step take four samples from a counter: sample n moves by normal
// (n / 16) mod 4 of draw 0 of counter 16 (n / 64) + n mod 16.
//
// Prices should be scaled by a power of two so that the spot lies from 1 to 2: discounted samples below 2^-38 count as
// 0, and a block with a sample above 2^50 is marked as not finite.

enum { kSimulateBlockPaths = 1024 };

enum { kPayoffEuropean = 1, kPayoffArithmeticAsian = 2, kPayoffGeometricAsian = 3, kPayoffBarrier = 4 };

// 80 bytes, and then the steps. Numbers of the payoffs that do not read them are ignored.
typedef struct {
  uint64_t seed;          // Byte 0.
  uint64_t first_block;   // 8
  uint32_t payoff;        // 16. European, arithmetic or geometric Asian, barrier.
  uint32_t option;        // 20. OptionType.
  uint32_t barrier_kind;  // 24. 1 up-out, 2 up-in, 3 down-out, 4 down-in.
  uint32_t antithetic;    // 28. 1 or 0.
  float spot;             // 32
  float strike;           // 36
  float discount;         // 40. Factor from expiry.
  float rebate;           // 44. Of an out-barrier paid at the touch, of an in-barrier at expiry if there was none.
  // log2(barrier / spot) with the spot as it is, bumped up, and bumped down; down-barriers: times -1. A path touches a
  // barrier that it reaches exactly.
  float barrier, barrier_spot_up, barrier_spot_down;  // 48, 52, 56
  float spot_up, spot_down;                           // 60, 64. The bumped spots.
  // Greeks. Barriers: delta = delta_scale * (value of spot_up - value of spot_down), with delta_scale = 1 / (spot_up -
  // spot_down), and vega in the same way of the bumped volatilities. Other payoffs, pathwise: vega_scale = ln 2 /
  // volatility, and score = (rate - yield + volatility^2 / 2) * years / volatility of the expiry (European), or the
  // mean of that, weighted, over the fixings (geometric Asian).
  float delta_scale, vega_scale, score;  // 68, 72, 76
} SimulateParams;

// 36 bytes. Over a step log2(spot) grows by drift + deviation * normal. A fixing or a look at the barrier at time 0 is
// a first step without drift and deviation.
typedef struct {
  float drift, deviation;            // 0, 4
  float weight;                      // 8. In the average, of weights whose sum is 1. 0: no fixing.
  float score;                       // 12. (rate - yield + volatility^2 / 2) * years / volatility of the fixing.
  float discount;                    // 16. Factor from this date, positive. 0: the barrier is not looked at.
  float up_drift, up_deviation;      // 20, 24. With the volatility bumped up,
  float down_drift, down_deviation;  // 28, 32. and down.
} SimulateStep;

// Sums over the samples of a block: of the discounted payoff x, of its control c and of the Greeks. Each is an
// unevaluated sum of two. The control: European and geometric Asian: the discounted underlying at expiry; arithmetic
// Asian: the geometric one; barrier: the European option. Sums come in groups, x, control and Greeks; a group of which
// no output is wanted is not computed.
#define SimulateOutputColumns(SUM) \
  SUM(x) SUM(x_x) SUM(c) SUM(c_c) SUM(x_c) SUM(delta) SUM(delta_delta) SUM(vega) SUM(vega_vega)

// What a step adds at most to |log2(spot)|: no normal is beyond 6.57.
FUNCTION float StepReach(SimulateStep step) {
  const float up = 6.6f * step.up_deviation + (step.up_drift < 0.0f ? -step.up_drift : step.up_drift);
  const float down = 6.6f * step.down_deviation + (step.down_drift < 0.0f ? -step.down_drift : step.down_drift);
  const float own = 6.6f * step.deviation + (step.drift < 0.0f ? -step.drift : step.drift);
  const float bumped = up < down ? down : up;
  return own < bumped ? bumped : own;
}

// What is known when a kernel is compiled: the payoff, and whether the groups of the control and the Greeks are wanted.
typedef struct {
  int payoff;
  int is_rich;
} SimulateKind;

typedef struct {
  SimulateParams params;
  SimulateKind kind;
  float payout;        // The discount factor, for a put times -1.
  float barrier_side;  // 1 up, -1 down.
  int is_wild;         // Some path may grow beyond 2^100 or below 2^-100.
  SimulateStep step;   // In hand.
} Simulation;

// All that does not depend on kind and steps.
FUNCTION Simulation SimulationOf(SimulateParams params) {
  Simulation simulation;
  simulation.params = params;
  simulation.payout = params.option == 2 ? -params.discount : params.discount;
  simulation.barrier_side = params.barrier_kind <= 2 ? 1.0f : -1.0f;
  return simulation;
}

typedef struct {
  real log;                      // log2(spot / first spot).
  real log_up, log_down;         // With the volatility bumped.
  real sum, log_sum, score_sum;  // Over the fixings: of growth, its log2 and its vega.
  // Discount factor of the first touch of the barrier, 0 before, and the same with the spot or the volatility bumped.
  real touch, touch_spot_up, touch_spot_down, touch_up, touch_down;
} SimulatePath;

typedef struct {
  real x, control, delta, vega;
} SimulateSample;

FUNCTION SimulatePath SimulateStart(void) {
  const real zero = REAL(0.0);
  SimulatePath path;
  path.log = path.log_up = path.log_down = zero;
  path.sum = path.log_sum = path.score_sum = zero;
  path.touch = path.touch_spot_up = path.touch_spot_down = path.touch_up = path.touch_down = zero;
  return path;
}

FUNCTION real Growth(real log) {
  const real below = Lesser(log, REAL(125.0));
  return PowerOfTwo(Choose(Less(below, REAL(-100.0)), REAL(-100.0), below));
}

FUNCTION real Touch(real touch, mask away, float discount) {
  return Choose(away, touch, Choose(Equal(touch, REAL(0.0)), Broadcast(discount), touch));
}

FUNCTION SimulatePath LookAtBarrier(SimulatePath path, Simulation simulation) {
  const SimulateStep step = simulation.step;
  const SimulateParams params = simulation.params;
  const real sign = Broadcast(simulation.barrier_side);
  const real place = sign * path.log;
  path.touch = Touch(path.touch, Less(place, Broadcast(params.barrier)), step.discount);
  if (!simulation.kind.is_rich) return path;
  const mask away_spot_up = Less(place, Broadcast(params.barrier_spot_up));
  const mask away_spot_down = Less(place, Broadcast(params.barrier_spot_down));
  path.touch_spot_up = Touch(path.touch_spot_up, away_spot_up, step.discount);
  path.touch_spot_down = Touch(path.touch_spot_down, away_spot_down, step.discount);
  path.touch_up = Touch(path.touch_up, Less(sign * path.log_up, Broadcast(params.barrier)), step.discount);
  path.touch_down = Touch(path.touch_down, Less(sign * path.log_down, Broadcast(params.barrier)), step.discount);
  return path;
}

FUNCTION SimulatePath Fix(SimulatePath path, Simulation simulation) {
  const SimulateStep step = simulation.step;
  const int is_rich = simulation.kind.is_rich;
  const real weight = Broadcast(step.weight);
  const int needs_logs = simulation.kind.payoff == kPayoffGeometricAsian || is_rich;
  if (needs_logs) path.log_sum = Fma(weight, path.log, path.log_sum);
  if (simulation.kind.payoff == kPayoffGeometricAsian) return path;
  const real part = weight * (simulation.is_wild ? Growth(path.log) : PowerOfTwo(path.log));
  path.sum = path.sum + part;
  const real score = Fma(path.log, Broadcast(simulation.params.vega_scale), -Broadcast(step.score));
  if (is_rich) path.score_sum = Fma(part, score, path.score_sum);
  return path;
}

FUNCTION real Moved(real log, real normal, RealPair drift_and_deviation) {
  return log + Fma(drift_and_deviation.second, normal, drift_and_deviation.first);
}

FUNCTION RealPair Broadcasts(float first, float second) {
  RealPair pair;
  pair.first = Broadcast(first);
  pair.second = Broadcast(second);
  return pair;
}

// The path after the step in hand.
FUNCTION SimulatePath AdvancedPath(SimulatePath path, real normal, Simulation simulation) {
  const SimulateKind kind = simulation.kind;
  const SimulateStep step = simulation.step;
  path.log = Moved(path.log, normal, Broadcasts(step.drift, step.deviation));
  if (kind.payoff == kPayoffBarrier) {
    if (kind.is_rich) path.log_up = Moved(path.log_up, normal, Broadcasts(step.up_drift, step.up_deviation));
    if (kind.is_rich) path.log_down = Moved(path.log_down, normal, Broadcasts(step.down_drift, step.down_deviation));
    if (step.discount != 0.0f) path = LookAtBarrier(path, simulation);
  } else if (kind.payoff != kPayoffEuropean) {
    if (step.weight != 0.0f) path = Fix(path, simulation);
  }
  return path;
}

// Smaller values count as 0, so that their squares' rounding errors are normal numbers.
FUNCTION real Floored(real value) { return Choose(Less(REAL(3.6379788e-12), value), value, REAL(0.0)); }

// The discounted payoff of a European option whose underlying grew from a spot.
FUNCTION real Paid(real growth, float spot, Simulation simulation) {
  const float payout = simulation.payout;
  return Floored(Fma(Broadcast(payout * spot), growth, Broadcast(-payout * simulation.params.strike)));
}

FUNCTION real BarrierValue(real touch, real paid, Simulation simulation) {
  const SimulateParams params = simulation.params;
  const mask never = Equal(touch, REAL(0.0));
  const int is_in = params.barrier_kind == 2 || params.barrier_kind == 4;
  if (is_in) return Choose(never, Floored(Broadcast(params.rebate * params.discount)), paid);
  return Choose(never, paid, Floored(Broadcast(params.rebate) * touch));
}

FUNCTION SimulateSample BarrierSample(SimulatePath path, Simulation simulation) {
  const SimulateParams params = simulation.params;
  const real growth = Growth(path.log);
  const real paid = Paid(growth, params.spot, simulation);
  SimulateSample sample;
  sample.x = BarrierValue(path.touch, paid, simulation);
  sample.control = sample.delta = sample.vega = REAL(0.0);
  if (!simulation.kind.is_rich) return sample;
  sample.control = paid;
  const real paid_spot_up = Paid(growth, params.spot_up, simulation);
  const real paid_spot_down = Paid(growth, params.spot_down, simulation);
  const real paid_up = Paid(Growth(path.log_up), params.spot, simulation);
  const real paid_down = Paid(Growth(path.log_down), params.spot, simulation);
  const real spot_up = BarrierValue(path.touch_spot_up, paid_spot_up, simulation);
  const real spot_down = BarrierValue(path.touch_spot_down, paid_spot_down, simulation);
  const real up = BarrierValue(path.touch_up, paid_up, simulation);
  const real down = BarrierValue(path.touch_down, paid_down, simulation);
  sample.delta = Broadcast(params.delta_scale) * (spot_up - spot_down);
  sample.vega = Broadcast(params.vega_scale) * (up - down);
  return sample;
}

FUNCTION SimulateSample PathwiseSample(SimulatePath path, Simulation simulation) {
  const SimulateParams params = simulation.params;
  const int is_arithmetic = simulation.kind.payoff == kPayoffArithmeticAsian;
  const real log = simulation.kind.payoff == kPayoffEuropean ? path.log : path.log_sum;
  const real growth = is_arithmetic ? path.sum : Growth(log);
  SimulateSample sample;
  sample.x = Paid(growth, params.spot, simulation);
  sample.control = sample.delta = sample.vega = REAL(0.0);
  if (!simulation.kind.is_rich) return sample;
  const real score = Fma(log, Broadcast(params.vega_scale), -Broadcast(params.score));
  const real scored = is_arithmetic ? path.score_sum : growth * score;
  const mask pays = Less(REAL(0.0), sample.x);
  sample.delta = Choose(pays, Broadcast(simulation.payout) * growth, REAL(0.0));
  sample.vega = Choose(pays, Broadcast(simulation.payout * params.spot) * scored, REAL(0.0));
  const real held = Floored(Broadcast(params.discount * params.spot) * Growth(path.log));
  sample.control = is_arithmetic ? Paid(Growth(path.log_sum), params.spot, simulation) : held;
  return sample;
}

FUNCTION SimulateSample SampleOf(SimulatePath path, Simulation simulation) {
  return simulation.kind.payoff == kPayoffBarrier ? BarrierSample(path, simulation) : PathwiseSample(path, simulation);
}

FUNCTION real FlooredSize(real value) {
  const real size = Floored(Absolute(value));
  return Choose(Less(value, REAL(0.0)), -size, size);
}

// An unevaluated sum of two, which takes part in sums with an error of 2^-46 or so.
typedef struct {
  real high, low;
} Total;

// The sum of the highs is exact (Knuth); the lows collect its errors.
FUNCTION Total Added(Total total, real value) {
  const real high = total.high + value;
  const real part = high - total.high;
  const real error = (total.high - (high - part)) + (value - part);
  total.high = high;
  total.low = total.low + error;
  return total;
}

FUNCTION Total AddedProduct(Total total, real a, real b) {
  const real product = a * b;
  total = Added(total, product);
  total.low = total.low + Fma(a, b, -product);
  return total;
}

typedef struct {
  Total x, x_x, c, c_c, x_c, delta, delta_delta, vega, vega_vega;
} SimulateTotals;

FUNCTION SimulateTotals AddedSample(SimulateTotals totals, SimulateSample sample, SimulateKind kind) {
  const real x = sample.x;
  totals.x = Added(totals.x, x);
  totals.x_x = AddedProduct(totals.x_x, x, x);
  if (!kind.is_rich) return totals;
  const real c = sample.control;
  const real delta = FlooredSize(sample.delta);
  const real vega = FlooredSize(sample.vega);
  totals.c = Added(totals.c, c);
  totals.c_c = AddedProduct(totals.c_c, c, c);
  totals.x_c = AddedProduct(totals.x_c, x, c);
  totals.delta = Added(totals.delta, delta);
  totals.delta_delta = AddedProduct(totals.delta_delta, delta, delta);
  totals.vega = Added(totals.vega, vega);
  totals.vega_vega = AddedProduct(totals.vega_vega, vega, vega);
  return totals;
}

FUNCTION SimulateSample PairSample(SimulateSample left, SimulateSample right) {
  SimulateSample sample;
  sample.x = REAL(0.5) * (left.x + right.x);
  sample.control = REAL(0.5) * (left.control + right.control);
  sample.delta = REAL(0.5) * (left.delta + right.delta);
  sample.vega = REAL(0.5) * (left.vega + right.vega);
  return sample;
}
