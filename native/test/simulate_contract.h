// Contracts for tests of simulate, their parameters, and estimates of their sums.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "../kernels/kernel.h"

namespace acceld {

enum SimulatePayoff { kEuropean = 1, kArithmeticAsian, kGeometricAsian, kBarrier };

struct SimulateContract {
  uint32_t payoff = kEuropean;
  uint32_t option = 1;
  double spot = 100, strike = 100, rate = 0.05, dividend_yield = 0, volatility = 0.2, years = 1;
  // Fixings, or looks at the barrier. The last step ends at expiry.
  std::vector<double> times = {1};
  uint32_t barrier_kind = 1;
  double barrier = 120, rebate = 0;
  bool antithetic = false;
  uint64_t seed = 42;
};

inline std::vector<double> EvenTimes(double years, size_t count) {
  std::vector<double> times;
  for (size_t i = 1; i <= count; ++i) times.push_back(years * static_cast<double>(i) / static_cast<double>(count));
  return times;
}

// Relative size of the bumps of spot and volatility for barriers.
constexpr double kSpotBump = 0x1p-7;
constexpr double kVolatilityBump = 0x1p-6;

constexpr size_t kSimulateParamsBytes = 80;
constexpr size_t kSimulateStepBytes = 36;
constexpr size_t kSimulatePathsOfBlock = 1024;

// Little-endian, as a client's DataView would fill it.
class ParamsWriter {
 public:
  template <typename Number>
  void Put(Number value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void PutFloat(double value) { Put(static_cast<float>(value)); }
  std::vector<unsigned char> Take() { return std::move(bytes_); }

 private:
  std::vector<unsigned char> bytes_;
};

// The power of two that brings the spot within 1 to 2.
inline double ScaleOf(const SimulateContract& contract) { return std::exp2(-std::floor(std::log2(contract.spot))); }

inline void PutSteps(const SimulateContract& contract, ParamsWriter* writer) {
  const double carry = contract.rate - contract.dividend_yield, log2_e = 1 / std::log(2);
  double before = 0;
  for (const double time : contract.times) {
    const double years = time - before, root = std::sqrt(years);
    const auto put_move = [&](double volatility) {
      writer->PutFloat((carry - volatility * volatility / 2) * years * log2_e);
      writer->PutFloat(volatility * root * log2_e);
    };
    put_move(contract.volatility);
    writer->PutFloat(1.0 / static_cast<double>(contract.times.size()));
    writer->PutFloat((carry + contract.volatility * contract.volatility / 2) * time / contract.volatility);
    writer->PutFloat(std::exp(-contract.rate * time));
    put_move(contract.volatility * (1 + kVolatilityBump));
    put_move(contract.volatility * (1 - kVolatilityBump));
    before = time;
  }
}

inline std::vector<unsigned char> ParamsOf(const SimulateContract& contract, uint64_t first_block) {
  ParamsWriter writer;
  const double scale = ScaleOf(contract), volatility = contract.volatility;
  const bool is_barrier = contract.payoff == kBarrier;
  double mean_time = 0;
  for (const double time : contract.times) mean_time += time / static_cast<double>(contract.times.size());
  const double score_time = contract.payoff == kGeometricAsian ? mean_time : contract.years;
  const double score =
      (contract.rate - contract.dividend_yield + volatility * volatility / 2) * score_time / volatility;
  const double side = contract.barrier_kind <= 2 ? 1 : -1;
  writer.Put(contract.seed);
  writer.Put(first_block);
  writer.Put(contract.payoff);
  writer.Put(contract.option);
  writer.Put(contract.barrier_kind);
  writer.Put(static_cast<uint32_t>(contract.antithetic));
  writer.PutFloat(contract.spot * scale);
  writer.PutFloat(contract.strike * scale);
  writer.PutFloat(std::exp(-contract.rate * contract.years));
  writer.PutFloat(contract.rebate * scale);
  for (const double bump : {0.0, kSpotBump, -kSpotBump}) {
    writer.PutFloat(side * std::log2(contract.barrier / (contract.spot * (1 + bump))));
  }
  writer.PutFloat(contract.spot * scale * (1 + kSpotBump));
  writer.PutFloat(contract.spot * scale * (1 - kSpotBump));
  writer.PutFloat(1 / (2 * contract.spot * scale * kSpotBump));
  writer.PutFloat(is_barrier ? 1 / (2 * volatility * kVolatilityBump) : std::log(2) / volatility);
  writer.PutFloat(score);
  PutSteps(contract, &writer);
  return writer.Take();
}

constexpr size_t kSimulateOutputs = 18;
enum SimulateSum { kX, kXX, kC, kCC, kXC, kDelta, kDeltaDelta, kVega, kVegaVega };

// The sums of every block, in columns of highs and lows.
struct SimulateBlocks {
  std::vector<float> columns[kSimulateOutputs];
  unsigned char* outputs[kSimulateOutputs];

  explicit SimulateBlocks(size_t blocks) {
    for (size_t i = 0; i < kSimulateOutputs; ++i) {
      columns[i].assign(blocks, 0);
      outputs[i] = reinterpret_cast<unsigned char*>(columns[i].data());
    }
  }
  // Without the groups of the control and the Greeks.
  void WantPayoffsAlone() {
    for (size_t i = 4; i < kSimulateOutputs; ++i) outputs[i] = nullptr;
  }
  double Sum(SimulateSum sum) const {
    double total = 0;
    for (size_t block = 0; block < columns[0].size(); ++block) {
      total += static_cast<double>(columns[2 * sum][block]) + static_cast<double>(columns[2 * sum + 1][block]);
    }
    return total;
  }
};

struct Estimate {
  double value, error;  // One standard error.
};

inline Estimate EstimateOf(double sum, double squares, double samples) {
  const double mean = sum / samples;
  return {mean, std::sqrt(std::max(squares / samples - mean * mean, 0.0) / (samples - 1))};
}

}  // namespace acceld
