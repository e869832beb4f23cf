// The paths of simulate.h, what they pay, and the sums over them.

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

// A path, and its mirror image where samples are pairs.
typedef struct {
  SimulatePath left, right;
} SimulatePair;

FUNCTION SimulatePair PairStart(void) {
  SimulatePair pair;
  pair.left = SimulateStart();
  pair.right = pair.left;
  return pair;
}

FUNCTION SimulatePair AdvancedPair(SimulatePair pair, real normal, Simulation simulation) {
  pair.left = AdvancedPath(pair.left, normal, simulation);
  if (simulation.kind.is_antithetic) pair.right = AdvancedPath(pair.right, -normal, simulation);
  return pair;
}

FUNCTION SimulateSample SampleOfPair(SimulatePair pair, Simulation simulation) {
  SimulateSample sample = SampleOf(pair.left, simulation);
  if (simulation.kind.is_antithetic) sample = PairSample(sample, SampleOf(pair.right, simulation));
  return sample;
}
