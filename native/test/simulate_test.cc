// What simulate computes, path by path, on every instruction set that this machine runs: against the definition in
// simulate.h, written again here in f64 and with the C library.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "kernel_of.h"
#include "simulate_contract.h"

namespace {

using namespace acceld;

// What is wrong, empty if nothing is.
using Case = std::function<std::string(const Kernel&)>;

constexpr size_t kBlocks = 3;
constexpr uint64_t kFirstBlock = 0x3ffffffff;  // Paths beyond 2^32, and a carry between the blocks.

struct Words {
  uint32_t word[4];
};

Words Philox(uint64_t counter, uint32_t draw, uint64_t seed) {
  Words now = {{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), draw, 0}};
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = 0xd2511f53ULL * now.word[0], product1 = 0xcd9e8d57ULL * now.word[2];
    now = {{static_cast<uint32_t>(product1 >> 32) ^ now.word[1] ^ key0, static_cast<uint32_t>(product1),
            static_cast<uint32_t>(product0 >> 32) ^ now.word[3] ^ key1, static_cast<uint32_t>(product0)}};
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  return now;
}

double NormalOf(uint64_t sample, size_t step, const SimulateContract& contract) {
  const bool is_single = contract.payoff == kEuropean && contract.times.size() == 1;
  const uint64_t counter = is_single ? sample / 64 * 16 + sample % 16 : sample;
  const size_t normal = is_single ? sample / 16 % 4 : step;
  const Words words = Philox(counter, static_cast<uint32_t>(normal / 4), contract.seed);
  const uint32_t radius_word = words.word[normal % 4 < 2 ? 0 : 2], angle_word = words.word[normal % 4 < 2 ? 1 : 3];
  const double radius = std::sqrt(-2 * std::log(((radius_word >> 1) | 1) * 0x1p-31));
  const double angle = static_cast<int32_t>(angle_word << 1) * (M_PI / 2 * 0x1p-31);
  if (normal % 2 == 0) return radius * std::sin(angle);
  return (angle_word >> 31 != 0 ? -1 : 1) * radius * std::cos(angle);
}

double PayoffOf(const SimulateContract& contract, double underlying) {
  const double gain = contract.option == 1 ? underlying - contract.strike : contract.strike - underlying;
  return std::exp(-contract.rate * contract.years) * std::max(gain, 0.0);
}

// The discounted value of a path of which `sign` mirrors the normals.
double ValueOf(const SimulateContract& contract, uint64_t sample, double sign) {
  const double count = static_cast<double>(contract.times.size());
  double log = std::log(contract.spot), before = 0, sum = 0, log_sum = 0, touched = -1;
  for (size_t step = 0; step < contract.times.size(); ++step) {
    const double years = contract.times[step] - before, volatility = contract.volatility;
    log += (contract.rate - contract.dividend_yield - volatility * volatility / 2) * years +
           sign * volatility * std::sqrt(years) * NormalOf(sample, step, contract);
    before = contract.times[step];
    sum += std::exp(log) / count;
    log_sum += log / count;
    const bool is_up = contract.barrier_kind <= 2;
    const bool is_beyond = is_up ? std::exp(log) >= contract.barrier : std::exp(log) <= contract.barrier;
    if (is_beyond && touched < 0) touched = before;
  }
  if (contract.payoff == kArithmeticAsian) return PayoffOf(contract, sum);
  if (contract.payoff == kGeometricAsian) return PayoffOf(contract, std::exp(log_sum));
  if (contract.payoff == kEuropean) return PayoffOf(contract, std::exp(log));
  const bool is_in = contract.barrier_kind % 2 == 0;
  if (is_in == (touched >= 0)) return PayoffOf(contract, std::exp(log));
  return contract.rebate * std::exp(-contract.rate * (is_in ? contract.years : touched));
}

std::vector<SimulateContract> Contracts() {
  std::vector<SimulateContract> contracts;
  for (const uint32_t payoff : {kEuropean, kArithmeticAsian, kGeometricAsian, kBarrier}) {
    for (const size_t steps : {1, 2, 4, 7}) {
      for (const bool antithetic : {false, true}) {
        SimulateContract contract;
        contract.payoff = payoff;
        contract.antithetic = antithetic;
        contract.option = 1 + steps % 2;
        contract.times = EvenTimes(contract.years, steps);
        contract.rebate = 3;
        contract.barrier_kind = steps == 7 ? 4 : static_cast<uint32_t>(1 + steps % 4);
        contract.barrier = contract.barrier_kind <= 2 ? 115 : 90;
        contract.seed = 0x0123456789abcdef + steps;
        contracts.push_back(contract);
      }
    }
  }
  return contracts;
}

uint32_t RunBlocks(const Kernel& kernel, const SimulateContract& contract, SimulateBlocks* blocks) {
  const std::vector<unsigned char> params = ParamsOf(contract, kFirstBlock);
  return kernel.function({params.data(), nullptr, blocks->outputs, 0, blocks->columns[0].size(), params.size()});
}

std::string NameOf(const SimulateContract& contract) {
  return "payoff " + std::to_string(contract.payoff) + ", " + std::to_string(contract.times.size()) + " steps" +
         (contract.antithetic ? ", antithetic" : "");
}

std::string FollowsItsDefinition(const Kernel& kernel) {
  double worst = 0;
  for (const SimulateContract& contract : Contracts()) {
    SimulateBlocks blocks(kBlocks);
    if (RunBlocks(kernel, contract, &blocks) != 0) return NameOf(contract) + ": flagged";
    const uint64_t samples = contract.antithetic ? 512 : 1024;
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < kBlocks * samples; ++i) {
      const uint64_t sample = kFirstBlock * samples + i;
      const double left = ValueOf(contract, sample, 1);
      const double value = contract.antithetic ? (left + ValueOf(contract, sample, -1)) / 2 : left;
      sum += value;
      squares += value * value;
    }
    const double scale = ScaleOf(contract);
    worst = std::max(worst, std::abs(blocks.Sum(kX) / (sum * scale) - 1));
    worst = std::max(worst, std::abs(blocks.Sum(kXX) / (squares * scale * scale) - 1));
    if (worst > 4e-6) return NameOf(contract) + ": off by " + std::to_string(worst);
  }
  std::printf("# worst relative error of a sum %.2g\n", worst);
  return "";
}

std::string BordersChangeNothing(const Kernel& kernel) {
  for (const SimulateContract& contract : Contracts()) {
    SimulateBlocks once(5), pieces(5);
    RunBlocks(kernel, contract, &once);
    for (size_t row = 0; row < 5; ++row) {
      // Odd rows as rows of a run that begins there, even ones as its first block.
      const std::vector<unsigned char> params = ParamsOf(contract, kFirstBlock + (row % 2 == 0 ? row : 0));
      SimulateBlocks piece(5);
      const size_t place = row % 2 == 0 ? 0 : row;
      kernel.function({params.data(), nullptr, piece.outputs, place, place + 1, params.size()});
      for (size_t i = 0; i < kSimulateOutputs; ++i) pieces.columns[i][row] = piece.columns[i][place];
    }
    for (size_t i = 0; i < kSimulateOutputs; ++i) {
      if (once.columns[i] != pieces.columns[i]) return NameOf(contract) + ": output " + std::to_string(i);
    }
  }
  return "";
}

std::string UnwantedOutputsChangeNothing(const Kernel& kernel) {
  for (const SimulateContract& contract : Contracts()) {
    SimulateBlocks all(kBlocks), payoffs(kBlocks);
    payoffs.WantPayoffsAlone();
    RunBlocks(kernel, contract, &all);
    RunBlocks(kernel, contract, &payoffs);
    for (size_t i = 0; i < 4; ++i) {
      if (all.columns[i] != payoffs.columns[i]) return NameOf(contract) + ": output " + std::to_string(i);
    }
    for (size_t i = 4; i < kSimulateOutputs; ++i) {
      if (payoffs.columns[i] != std::vector<float>(kBlocks)) return "output " + std::to_string(i) + " was written";
    }
  }
  return "";
}

// At time 0 a path stands exactly at its spot.
std::string TouchesAtTheStart(const Kernel& kernel) {
  for (const uint32_t kind : {1, 2, 3, 4}) {
    SimulateContract contract;
    contract.payoff = kBarrier;
    contract.times = {0, 0.5, 1};
    contract.barrier_kind = kind;
    contract.barrier = contract.spot = 128;
    contract.rebate = 2;
    SimulateBlocks blocks(kBlocks);
    RunBlocks(kernel, contract, &blocks);
    const double mean = blocks.Sum(kX) / (kBlocks * kSimulatePathsOfBlock) / ScaleOf(contract);
    const bool is_out = kind % 2 == 1;
    if (is_out && mean != 2) return "an out-barrier pays " + std::to_string(mean);
    if (!is_out && blocks.Sum(kX) != blocks.Sum(kC)) return "an in-barrier is not the European option";
    contract.barrier = kind <= 2 ? std::nextafter(128.0f, 129.0f) : std::nextafter(128.0f, 127.0f);
    contract.volatility = 1e-9;
    contract.rate = 0;
    SimulateBlocks away(kBlocks);
    RunBlocks(kernel, contract, &away);
    if (is_out && away.Sum(kX) == blocks.Sum(kX)) return "a path touches what it does not reach";
  }
  return "";
}

std::string PaysWithoutVarianceAlike(const Kernel& kernel) {
  SimulateContract contract;
  contract.volatility = 1e-9;
  contract.strike = 90;
  SimulateBlocks blocks(kBlocks);
  RunBlocks(kernel, contract, &blocks);
  const double samples = kBlocks * kSimulatePathsOfBlock;
  const Estimate estimate = EstimateOf(blocks.Sum(kX), blocks.Sum(kXX), samples);
  return estimate.error < 1e-8 ? "" : "standard error " + std::to_string(estimate.error);
}

std::string TellsOfGrowthWithoutLimit(const Kernel& kernel) {
  SimulateContract contract;
  contract.rate = 40;
  contract.dividend_yield = -40;
  SimulateBlocks blocks(kBlocks);
  return RunBlocks(kernel, contract, &blocks) == kNotFinite ? "" : "not flagged";
}

}  // namespace

int main() {
  const std::pair<const char*, Case> cases[] = {
      {"follows its definition", FollowsItsDefinition},
      {"borders change nothing", BordersChangeNothing},
      {"unwanted outputs change nothing", UnwantedOutputsChangeNothing},
      {"touches at the start", TouchesAtTheStart},
      {"pays alike without variance", PaysWithoutVarianceAlike},
      {"tells of growth without limit", TellsOfGrowthWithoutLimit},
  };
  bool failed = false;
  for (const KernelSet* set : RunnableKernelSets()) {
    for (const auto& [name, run] : cases) {
      const std::string fault = run(KernelOf(*set, "simulate-f32"));
      failed |= !fault.empty();
      std::printf("%s %s simulate-f32 %s%s%s\n", fault.empty() ? "ok" : "not ok", set->instruction_set, name,
                  fault.empty() ? "" : ": ", fault.c_str());
    }
  }
  return failed ? 1 : 0;
}
