// The kernel simulate: blocks of paths in vectors of lanes. Included once, in f32, after the texts.

// Samples are summed in the lanes of 16 virtual vectors, whatever the width: sample n of a block belongs to lane n
// mod 16.
constexpr size_t kVirtualLanes = 16;
constexpr size_t kSimulateTotals = sizeof(SimulateTotals) / sizeof(Total);

#define ACCELD_SUM_ELEMENTS(sum) Element::kF32, Element::kF32,
constexpr Element kSimulateOutputs[] = {SimulateOutputColumns(ACCELD_SUM_ELEMENTS)};

// What the blocks of a run have in common.
struct SimulateJob {
  Simulation simulation;
  const unsigned char* steps;
  size_t step_count;
};

// A total of each virtual lane.
struct LaneTotals {
  float high[kSimulateTotals][kVirtualLanes];
  float low[kSimulateTotals][kVirtualLanes];
};

// The counters first to first + kLanes - 1 of one draw. They differ in the lowest 32 bits alone: blocks are aligned.
ACCELD_LANES RandomWords CountersFrom(uint64_t first, size_t draw) {
  whole lanes;
  for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = static_cast<uint32_t>(lane);
  RandomWords counter;
  counter.first = lanes + static_cast<uint32_t>(first);
  counter.second = WHOLE(0) + static_cast<uint32_t>(first >> 32);
  counter.third = WHOLE(0) + static_cast<uint32_t>(draw);
  counter.fourth = WHOLE(0);
  return counter;
}

ACCELD_LANES RandomKey KeyOf(const SimulateJob& job) {
  const uint64_t seed = job.simulation.params.seed;
  return {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
}

ACCELD_LANES SimulateStep StepOf(const SimulateJob& job, size_t step) {
  SimulateStep copy;
  __builtin_memcpy(&copy, job.steps + step * sizeof copy, sizeof copy);
  return copy;
}

// The samples of one vector of lanes, of a kind known when this is compiled.
template <int payoff, bool is_rich, bool is_antithetic>
struct Sampler {
  ACCELD_LANES Simulation KindOf(const SimulateJob& job) {
    Simulation simulation = job.simulation;
    simulation.kind = {payoff, is_rich, is_antithetic};
    return simulation;
  }

  ACCELD_LANES Simulation With(const SimulateJob& job, size_t step) {
    Simulation simulation = KindOf(job);
    simulation.step = StepOf(job, step);
    return simulation;
  }

  ACCELD_LANES SimulateTotals AddSample(SimulateTotals totals, const SimulateJob& job, uint64_t counter) {
    const size_t count = job.step_count;
    SimulatePair pair = PairStart();
    for (size_t step = 0; step < count; step += 4) {
      const FourNormals normals = NormalsOf(CountersFrom(counter, step / 4), KeyOf(job));
      pair = AdvancedPair(pair, normals.first, With(job, step));
      if (step + 1 < count) pair = AdvancedPair(pair, normals.second, With(job, step + 1));
      if (step + 2 < count) pair = AdvancedPair(pair, normals.third, With(job, step + 2));
      if (step + 3 < count) pair = AdvancedPair(pair, normals.fourth, With(job, step + 3));
    }
    return AddedSample(totals, SampleOfPair(pair, KindOf(job)), KindOf(job).kind);
  }

  ACCELD_LANES SimulateTotals AddOneStep(SimulateTotals totals, const SimulateJob& job, real normal) {
    const Simulation simulation = With(job, 0);
    return AddedSample(totals, SampleOfPair(AdvancedPair(PairStart(), normal, simulation), simulation),
                       simulation.kind);
  }

  // Four samples of one step each, which are 16 apart.
  ACCELD_LANES SimulateTotals AddFourSamples(SimulateTotals totals, const SimulateJob& job, uint64_t counter) {
    const FourNormals normals = NormalsOf(CountersFrom(counter, 0), KeyOf(job));
    totals = AddOneStep(totals, job, normals.first);
    totals = AddOneStep(totals, job, normals.second);
    totals = AddOneStep(totals, job, normals.third);
    return AddOneStep(totals, job, normals.fourth);
  }
};

ACCELD_LANES void StoreTotals(const SimulateTotals& totals, size_t lane, LaneTotals* lanes) {
  size_t place = 0;
#define ACCELD_STORE_TOTAL(sum)                                                \
  __builtin_memcpy(lanes->high[place] + lane, &totals.sum.high, sizeof(real)); \
  __builtin_memcpy(lanes->low[place++] + lane, &totals.sum.low, sizeof(real));
  SimulateOutputColumns(ACCELD_STORE_TOTAL)
}

template <int payoff, bool is_rich, bool is_antithetic>
__attribute__((noinline)) void RunBlock(const SimulateJob& job, uint64_t block, LaneTotals* lanes) {
  using Kind = Sampler<payoff, is_rich, is_antithetic>;
  constexpr size_t kSamples = is_antithetic ? kSimulateBlockPaths / 2 : kSimulateBlockPaths;
  const uint64_t first = block * kSamples;
  for (size_t lane = 0; lane < kVirtualLanes; lane += kLanes) {
    SimulateTotals totals = {};
    if (payoff == kPayoffEuropean && job.step_count == 1) {
      for (size_t counter = lane; counter < kSamples / 4; counter += kVirtualLanes) {
        totals = Kind::AddFourSamples(totals, job, first / 4 + counter);
      }
    } else {
      for (size_t sample = lane; sample < kSamples; sample += kVirtualLanes) {
        totals = Kind::AddSample(totals, job, first + sample);
      }
    }
    StoreTotals(totals, lane, lanes);
  }
}

// The lanes of one total, 8 to 8, 4 to 4, 2 to 2 and 1 to 1, to high[0] and low[0].
inline void FoldLanes(float* high, float* low) {
  for (size_t half = kVirtualLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) {
      const float left = high[i], right = high[i + half];
      high[i] = left + right;
      const float part = high[i] - left;
      const float error = (left - (high[i] - part)) + (right - part);
      low[i] = error + (low[i] + low[i + half]);
    }
  }
}

using BlockFunction = void (*)(const SimulateJob& job, uint64_t block, LaneTotals* lanes);

template <int payoff>
BlockFunction ChooseBlock(bool is_rich, bool is_antithetic) {
  if (is_rich) return is_antithetic ? &RunBlock<payoff, true, true> : &RunBlock<payoff, true, false>;
  return is_antithetic ? &RunBlock<payoff, false, true> : &RunBlock<payoff, false, false>;
}

inline BlockFunction BlockOf(const SimulateParams& params, bool is_rich) {
  const bool is_antithetic = params.antithetic != 0;
  switch (params.payoff) {
    case kPayoffArithmeticAsian: return ChooseBlock<kPayoffArithmeticAsian>(is_rich, is_antithetic);
    case kPayoffGeometricAsian: return ChooseBlock<kPayoffGeometricAsian>(is_rich, is_antithetic);
    case kPayoffBarrier: return ChooseBlock<kPayoffBarrier>(is_rich, is_antithetic);
    default: return ChooseBlock<kPayoffEuropean>(is_rich, is_antithetic);
  }
}

// Beyond this, a sum of squares holds a sample whose growth was limited, or could overflow when blocks are merged.
constexpr float kSquaresMax = 0x1p100f;

inline SimulateJob JobOf(const KernelRun& run) {
  SimulateParams params;
  __builtin_memcpy(&params, run.params, sizeof params);
  SimulateJob job;
  job.simulation = SimulationOf(params);
  job.steps = static_cast<const unsigned char*>(run.params) + sizeof params;
  job.step_count = (run.params_bytes - sizeof params) / sizeof(SimulateStep);
  double reach = 0;
  for (size_t step = 0; step < job.step_count; ++step) reach += StepReach(StepOf(job, step));
  job.simulation.is_wild = !(reach < 100);
  return job;
}

uint32_t RunSimulate(const KernelRun& run) {
  constexpr size_t kOutputs = 2 * kSimulateTotals;
  const SimulateJob job = JobOf(run);
  const SimulateParams& params = job.simulation.params;
  bool is_rich = false;
  for (size_t i = 4; i < kOutputs; ++i) is_rich |= run.outputs[i] != nullptr;
  const BlockFunction block = BlockOf(params, is_rich);
  bool is_finite = true;
  for (size_t row = run.begin; row < run.end; ++row) {
    LaneTotals lanes;
    block(job, params.first_block + row, &lanes);
    for (size_t i = 0; i < kSimulateTotals; ++i) {
      FoldLanes(lanes.high[i], lanes.low[i]);
      is_finite &= lanes.high[i][0] < kSquaresMax;
      const float* const sums[] = {lanes.high[i], lanes.low[i]};
      for (size_t part = 0; part < 2; ++part) {
        unsigned char* const column = run.outputs[2 * i + part];
        if (column != nullptr) __builtin_memcpy(column + row * sizeof(float), sums[part], sizeof(float));
      }
    }
  }
  return is_finite ? 0 : kNotFinite;
}

constexpr Kernel DescribeSimulate() {
  Kernel kernel{};
  kernel.name = "simulate-f32";
  kernel.digest = ACCELD_KERNEL_DIGEST;
  kernel.params_bytes = sizeof(SimulateParams);
  kernel.params_step_bytes = sizeof(SimulateStep);
  for (const Element element : kSimulateOutputs) kernel.output_elements[kernel.outputs++] = element;
  kernel.function = &RunSimulate;
  return kernel;
}
