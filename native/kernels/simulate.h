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

// The payoff, whether the groups of the control and the Greeks are wanted, and whether samples are pairs. Known when a
// kernel is compiled for a CPU.
typedef struct {
  int payoff;
  int is_rich;
  int is_antithetic;
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
