// The kernel simulate: blocks of paths in vectors of lanes. Included once, in f32, after the texts.

// Samples are summed in the lanes of 16 virtual vectors, whatever the width: sample n of a block belongs to lane n
// mod 16.
constexpr size_t kVirtualLanes = 16;
constexpr size_t kSimulateTotals = sizeof(SimulateTotals) / sizeof(Total);

#define ACCELD_SUM_ELEMENTS(sum) Element::kF32, Element::kF32,
constexpr Element kSimulateOutputs[] = {SimulateOutputColumns(ACCELD_SUM_ELEMENTS)};

// What the blocks of a run have in common.
struct SimulateJob {
  SimulateParams params;
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

// The samples of one vector of lanes. The order of the samples of a lane is the order of its calls of Finish.
template <int payoff, bool is_rich, bool is_antithetic>
struct Sampler {
  const SimulateJob& job;
  Simulation simulation;
  SimulatePath left, right;
  SimulateTotals totals;

  ACCELD_LANES_MEMBER explicit Sampler(const SimulateJob& of) : job(of) {
    simulation.params = job.params;
    simulation.kind.payoff = payoff;
    simulation.kind.is_rich = is_rich;
    totals = SimulateTotals{};
  }

  ACCELD_LANES_MEMBER void Start() { left = right = SimulateStart(); }

  ACCELD_LANES_MEMBER void Advance(size_t step, real normal) {
    __builtin_memcpy(&simulation.step, job.steps + step * sizeof simulation.step, sizeof simulation.step);
    left = AdvancedPath(left, normal, simulation);
    if (is_antithetic) right = AdvancedPath(right, -normal, simulation);
  }

  ACCELD_LANES_MEMBER void Finish() {
    SimulateSample sample = SampleOf(left, simulation);
    if (is_antithetic) sample = PairSample(sample, SampleOf(right, simulation));
    totals = AddedSample(totals, sample, simulation.kind);
  }

  ACCELD_LANES_MEMBER void RunSample(uint64_t first, RandomKey key) {
    Start();
    for (size_t step = 0; step < job.step_count; step += 4) {
      const FourNormals normals = NormalsOf(CountersFrom(first, step / 4), key);
      Advance(step, normals.first);
      if (step + 1 < job.step_count) Advance(step + 1, normals.second);
      if (step + 2 < job.step_count) Advance(step + 2, normals.third);
      if (step + 3 < job.step_count) Advance(step + 3, normals.fourth);
    }
    Finish();
  }

  // One step each of four samples, which are 16 apart.
  ACCELD_LANES_MEMBER void RunFourSamples(uint64_t counter, RandomKey key) {
    const FourNormals normals = NormalsOf(CountersFrom(counter, 0), key);
    const real in_order[] = {normals.first, normals.second, normals.third, normals.fourth};
    for (const real normal : in_order) {
      Start();
      Advance(0, normal);
      Finish();
    }
  }
};

template <int payoff, bool is_rich, bool is_antithetic>
__attribute__((noinline)) void RunBlock(const SimulateJob& job, uint64_t block, LaneTotals* lanes) {
  constexpr size_t kSamples = is_antithetic ? kSimulateBlockPaths / 2 : kSimulateBlockPaths;
  const uint64_t first = block * kSamples;
  const RandomKey key = {static_cast<uint32_t>(job.params.seed), static_cast<uint32_t>(job.params.seed >> 32)};
  for (size_t lane = 0; lane < kVirtualLanes; lane += kLanes) {
    Sampler<payoff, is_rich, is_antithetic> sampler(job);
    if (job.step_count == 1) {
      for (size_t counter = lane; counter < kSamples / 4; counter += kVirtualLanes) {
        sampler.RunFourSamples(first / 4 + counter, key);
      }
    } else {
      for (size_t sample = lane; sample < kSamples; sample += kVirtualLanes) sampler.RunSample(first + sample, key);
    }
    real sums[2 * kSimulateTotals];
    __builtin_memcpy(sums, &sampler.totals, sizeof sums);
    for (size_t i = 0; i < kSimulateTotals; ++i) {
      __builtin_memcpy(lanes->high[i] + lane, &sums[2 * i], sizeof(real));
      __builtin_memcpy(lanes->low[i] + lane, &sums[2 * i + 1], sizeof(real));
    }
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

// A sum of squares beyond this holds samples that were limited.
constexpr float kSquaresMax = 0x1p100f;

uint32_t RunSimulate(const KernelRun& run) {
  constexpr size_t kOutputs = 2 * kSimulateTotals;
  SimulateJob job;
  __builtin_memcpy(&job.params, run.params, sizeof job.params);
  job.steps = static_cast<const unsigned char*>(run.params) + sizeof job.params;
  job.step_count = (run.params_bytes - sizeof job.params) / sizeof(SimulateStep);
  bool is_rich = false;
  for (size_t i = 4; i < kOutputs; ++i) is_rich |= run.outputs[i] != nullptr;
  const BlockFunction block = BlockOf(job.params, is_rich);
  bool is_finite = true;
  for (size_t row = run.begin; row < run.end; ++row) {
    LaneTotals lanes;
    block(job, job.params.first_block + row, &lanes);
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
