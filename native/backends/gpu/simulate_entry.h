// The kernel simulate on a GPU: a group for each block. Its items compute samples side by side; then an item for each
// sum and virtual lane adds the samples of its lane. Included once, after the words and the texts. The order in a lane
// and over the lanes is that of backends/cpu/simulate_entry.h, which is what keeps the bits equal.

enum { kLanesOfBlock = 16 };
enum { kSimulateTotals = sizeof(SimulateTotals) / sizeof(Total) };

FUNCTION RandomWords CounterAt(uint64_t counter, uint32_t draw) {
  RandomWords words;
  words.first = (uint32_t)counter;
  words.second = (uint32_t)(counter >> 32);
  words.third = draw;
  words.fourth = 0;
  return words;
}

FUNCTION RandomKey KeyOf(uint64_t seed) {
  RandomKey key;
  key.first = (uint32_t)seed;
  key.second = (uint32_t)(seed >> 32);
  return key;
}

FUNCTION SimulatePair Stepped(SimulatePair pair, real normal, Simulation simulation, SimulateStep step) {
  simulation.step = step;
  return AdvancedPair(pair, normal, simulation);
}

FUNCTION SimulatePair PathsOf(uint64_t sample, Simulation simulation, GLOBAL const SimulateStep* steps,
                              uint32_t count) {
  const RandomKey key = KeyOf(simulation.params.seed);
  SimulatePair pair = PairStart();
  for (uint32_t step = 0; step < count; step += 4) {
    const FourNormals normals = NormalsOf(CounterAt(sample, step / 4), key);
    pair = Stepped(pair, normals.first, simulation, steps[step]);
    if (step + 1 < count) pair = Stepped(pair, normals.second, simulation, steps[step + 1]);
    if (step + 2 < count) pair = Stepped(pair, normals.third, simulation, steps[step + 2]);
    if (step + 3 < count) pair = Stepped(pair, normals.fourth, simulation, steps[step + 3]);
  }
  return pair;
}

// European options of one step, of which four samples share a counter.
FUNCTION SimulatePair OneStepOf(uint64_t sample, Simulation simulation, SimulateStep step) {
  const uint64_t counter = sample / 64 * 16 + sample % 16;
  const uint32_t place = (uint32_t)(sample / 16 % 4);
  const RandomWords words = Philox(CounterAt(counter, 0), KeyOf(simulation.params.seed), 10);
  const int is_left = place < 2;
  const RealPair normals = Normals(is_left ? words.first : words.third, is_left ? words.second : words.fourth);
  return Stepped(PairStart(), place % 2 == 0 ? normals.first : normals.second, simulation, step);
}

FUNCTION SimulateSample SampleAt(uint64_t sample, Simulation simulation, GLOBAL const SimulateStep* steps,
                                 uint32_t count) {
  const int is_one_step = simulation.kind.payoff == kPayoffEuropean && count == 1;
  const SimulatePair pair =
      is_one_step ? OneStepOf(sample, simulation, steps[0]) : PathsOf(sample, simulation, steps, count);
  return SampleOfPair(pair, simulation);
}

// One of the sums of AddedSample, by its place in SimulateOutputColumns.
FUNCTION Total AddedToOne(Total total, SimulateSample sample, uint32_t sum) {
  switch (sum) {
    case 0: return Added(total, sample.x);
    case 1: return AddedProduct(total, sample.x, sample.x);
    case 2: return Added(total, sample.control);
    case 3: return AddedProduct(total, sample.control, sample.control);
    case 4: return AddedProduct(total, sample.x, sample.control);
    case 5: return Added(total, sample.delta);
    case 6: return AddedProduct(total, sample.delta, sample.delta);
    case 7: return Added(total, sample.vega);
    default: return AddedProduct(total, sample.vega, sample.vega);
  }
}

#define SUM_ARGUMENTS(sum) OUTPUT_ARGUMENT(sum##_high) OUTPUT_ARGUMENT(sum##_low)
#define STORE_SUM(column, sums)                                                \
  if ((call.wanted >> output & 1) != 0) {                                      \
    StoreBits(column, OUTPUT_PLACE(output, row), BitsOf(sums[output / 2][0])); \
  }                                                                            \
  ++output;
#define STORE_TOTAL(sum) STORE_SUM(sum##_high_column, highs) STORE_SUM(sum##_low_column, lows)

// Beyond this, a sum of squares holds a sample whose growth was limited, or could overflow when blocks are merged.
#define SQUARES_MAX REAL(1.2676506e30)

ENTRY void Run(SimulateOutputColumns(SUM_ARGUMENTS) GLOBAL const SimulateParams* params, FLAGS flags,
               VALUE(GpuCall) call ITEM_ARGUMENTS) {
  LOCAL float xs[kGpuGroupItems];
  LOCAL float controls[kGpuGroupItems];
  LOCAL float deltas[kGpuGroupItems];
  LOCAL float vegas[kGpuGroupItems];
  LOCAL float highs[kSimulateTotals][kLanesOfBlock];
  LOCAL float lows[kSimulateTotals][kLanesOfBlock];
  const uint32_t item = ITEM_OF_GROUP;
  const uint32_t row = ITEM / kGpuGroupItems;
  const uint32_t lane = item % kLanesOfBlock;
  const uint32_t sum = item / kLanesOfBlock;
  Simulation simulation = SimulationOf(*params);
  simulation.is_wild = (int)call.is_wild;
  simulation.kind.payoff = (int)simulation.params.payoff;
  simulation.kind.is_rich = call.wanted >> 4 != 0;
  simulation.kind.is_antithetic = (int)simulation.params.antithetic;
  const uint32_t sums = simulation.kind.is_rich ? kSimulateTotals : 2;
  const uint32_t samples = simulation.kind.is_antithetic ? kSimulateBlockPaths / 2 : kSimulateBlockPaths;
  const uint64_t first = (simulation.params.first_block + call.begin + row) * samples;
  Total total;
  total.high = total.low = REAL(0.0);
  for (uint32_t done = 0; done < samples; done += kGpuGroupItems) {
    const SimulateSample own =
        SampleAt(first + done + item, simulation, (GLOBAL const SimulateStep*)(params + 1), call.steps);
    xs[item] = own.x;
    controls[item] = own.control;
    deltas[item] = FlooredSize(own.delta);
    vegas[item] = FlooredSize(own.vega);
    BARRIER();
    for (uint32_t other = lane; sum < sums && other < kGpuGroupItems; other += kLanesOfBlock) {
      SimulateSample sample;
      sample.x = xs[other];
      sample.control = controls[other];
      sample.delta = deltas[other];
      sample.vega = vegas[other];
      total = AddedToOne(total, sample, sum);
    }
    BARRIER();
  }
  if (sum < kSimulateTotals) {
    highs[sum][lane] = total.high;
    lows[sum][lane] = total.low;
  }
  // The lanes of a block, 8 to 8, 4 to 4, 2 to 2 and 1 to 1.
  for (uint32_t half_lanes = kLanesOfBlock / 2; half_lanes > 0; half_lanes /= 2) {
    BARRIER();
    if (sum >= kSimulateTotals || lane >= half_lanes) continue;
    const float left = highs[sum][lane];
    const float right = highs[sum][lane + half_lanes];
    const float high = left + right;
    const float part = high - left;
    const float error = (left - (high - part)) + (right - part);
    highs[sum][lane] = high;
    lows[sum][lane] = error + (lows[sum][lane] + lows[sum][lane + half_lanes]);
  }
  BARRIER();
  if (item != 0) return;
  int is_finite = 1;
  for (int i = 0; i < kSimulateTotals; ++i) is_finite &= highs[i][0] < SQUARES_MAX;
  int output = 0;
  SimulateOutputColumns(STORE_TOTAL);
  if (!is_finite) RAISE(flags, kGpuNotFinite);
}
