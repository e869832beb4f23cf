// The kernel simulate on a GPU: an item for each of a block's 16 virtual lanes. Included once, after the words and the
// texts. The samples of a lane and the sum over the lanes are in the order of backends/cpu/simulate_entry.h, which is
// what keeps the bits equal.

enum { kLanesOfBlock = 16 };
enum { kSimulateTotals = sizeof(SimulateTotals) / sizeof(Total) };

FUNCTION FourNormals NormalsAt(uint64_t counter, uint32_t draw, uint64_t seed) {
  RandomWords words;
  words.first = (uint32_t)counter;
  words.second = (uint32_t)(counter >> 32);
  words.third = draw;
  words.fourth = 0;
  RandomKey key;
  key.first = (uint32_t)seed;
  key.second = (uint32_t)(seed >> 32);
  return NormalsOf(words, key);
}

FUNCTION SimulatePair Stepped(SimulatePair pair, real normal, Simulation simulation, SimulateStep step) {
  simulation.step = step;
  return AdvancedPair(pair, normal, simulation);
}

FUNCTION SimulateTotals AddSample(SimulateTotals totals, Simulation simulation, GLOBAL const SimulateStep* steps,
                                  uint32_t count, uint64_t counter) {
  SimulatePair pair = PairStart();
  for (uint32_t step = 0; step < count; step += 4) {
    const FourNormals normals = NormalsAt(counter, step / 4, simulation.params.seed);
    pair = Stepped(pair, normals.first, simulation, steps[step]);
    if (step + 1 < count) pair = Stepped(pair, normals.second, simulation, steps[step + 1]);
    if (step + 2 < count) pair = Stepped(pair, normals.third, simulation, steps[step + 2]);
    if (step + 3 < count) pair = Stepped(pair, normals.fourth, simulation, steps[step + 3]);
  }
  return AddedPair(totals, pair, simulation);
}

// Four samples of one step each, which are 16 apart. The step is in hand.
FUNCTION SimulateTotals AddFourSamples(SimulateTotals totals, Simulation simulation, uint64_t counter) {
  const FourNormals normals = NormalsAt(counter, 0, simulation.params.seed);
  totals = AddedPair(totals, AdvancedPair(PairStart(), normals.first, simulation), simulation);
  totals = AddedPair(totals, AdvancedPair(PairStart(), normals.second, simulation), simulation);
  totals = AddedPair(totals, AdvancedPair(PairStart(), normals.third, simulation), simulation);
  return AddedPair(totals, AdvancedPair(PairStart(), normals.fourth, simulation), simulation);
}

#define ZERO_TOTAL(sum) totals.sum.high = totals.sum.low = REAL(0.0);

FUNCTION SimulateTotals LaneTotals(Simulation simulation, GLOBAL const SimulateStep* steps, uint32_t count,
                                   uint64_t block, uint32_t lane) {
  SimulateTotals totals;
  SimulateOutputColumns(ZERO_TOTAL);
  const uint32_t samples = simulation.kind.is_antithetic ? kSimulateBlockPaths / 2 : kSimulateBlockPaths;
  const uint64_t first = block * samples;
  if (simulation.kind.payoff == kPayoffEuropean && count == 1) {
    simulation.step = steps[0];
    for (uint32_t counter = lane; counter < samples / 4; counter += kLanesOfBlock) {
      totals = AddFourSamples(totals, simulation, first / 4 + counter);
    }
  } else {
    for (uint32_t sample = lane; sample < samples; sample += kLanesOfBlock) {
      totals = AddSample(totals, simulation, steps, count, first + sample);
    }
  }
  return totals;
}

#define SUM_ARGUMENTS(sum) OUTPUT_ARGUMENT(sum##_high) OUTPUT_ARGUMENT(sum##_low)
#define SHARE_TOTAL(sum)                \
  highs[total][item] = totals.sum.high; \
  lows[total++][item] = totals.sum.low;
#define STORE_SUM(column, sums)                                                   \
  if ((call.wanted >> output & 1) != 0) {                                         \
    StoreBits(column, OUTPUT_PLACE(output, row), BitsOf(sums[output / 2][item])); \
  }                                                                               \
  ++output;
#define STORE_TOTAL(sum) STORE_SUM(sum##_high_column, highs) STORE_SUM(sum##_low_column, lows)

// Beyond this, a sum of squares holds a sample whose growth was limited, or could overflow when blocks are merged.
#define SQUARES_MAX REAL(1.2676506e30)

ENTRY void Run(SimulateOutputColumns(SUM_ARGUMENTS) GLOBAL const SimulateParams* params, FLAGS flags,
               VALUE(GpuCall) call ITEM_ARGUMENTS) {
  LOCAL float highs[kSimulateTotals][kGpuGroupItems];
  LOCAL float lows[kSimulateTotals][kGpuGroupItems];
  const uint32_t item = ITEM_OF_GROUP;
  const uint32_t lane = item % kLanesOfBlock;
  const uint32_t row = ITEM / kLanesOfBlock;
  Simulation simulation = SimulationOf(*params);
  simulation.is_wild = (int)call.is_wild;
  simulation.kind.payoff = (int)simulation.params.payoff;
  simulation.kind.is_rich = call.wanted >> 4 != 0;
  simulation.kind.is_antithetic = (int)simulation.params.antithetic;
  if (row < call.rows) {
    const uint64_t block = simulation.params.first_block + call.begin + row;
    const SimulateTotals totals =
        LaneTotals(simulation, (GLOBAL const SimulateStep*)(params + 1), call.steps, block, lane);
    int total = 0;
    SimulateOutputColumns(SHARE_TOTAL);
  }
  // The lanes of a block, 8 to 8, 4 to 4, 2 to 2 and 1 to 1.
  for (uint32_t other = kLanesOfBlock / 2; other > 0; other /= 2) {
    BARRIER();
    if (lane >= other) continue;
    for (int total = 0; total < kSimulateTotals; ++total) {
      const float left = highs[total][item];
      const float right = highs[total][item + other];
      const float high = left + right;
      const float part = high - left;
      const float error = (left - (high - part)) + (right - part);
      highs[total][item] = high;
      lows[total][item] = error + (lows[total][item] + lows[total][item + other]);
    }
  }
  if (lane != 0 || row >= call.rows) return;
  int is_finite = 1;
  for (int total = 0; total < kSimulateTotals; ++total) is_finite &= highs[total][item] < SQUARES_MAX;
  int output = 0;
  SimulateOutputColumns(STORE_TOTAL);
  if (!is_finite) RAISE(flags, kGpuNotFinite);
}
