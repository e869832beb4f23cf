// Pinned work for each kernel, and a hash of every bit that it puts out.
#pragma once
#include <functional>
#include <limits>

#include "../backends/cpu/dispatch.h"
#include "implied_chain.h"
#include "simulate_contract.h"

namespace acceld {

// Runs the rows from 0 to run.end, in whatever pieces and wherever.
using RunRows = std::function<void(const Kernel& kernel, const KernelRun& run)>;

inline uint64_t Fnv1a(uint64_t hash, const void* data, size_t count) {
  const auto* const bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

template <typename Element>
uint64_t Fnv1a(uint64_t hash, const std::vector<Element>& column) {
  return Fnv1a(hash, column.data(), column.size() * sizeof(Element));
}

constexpr uint64_t kNoHash = 0xcbf29ce484222325;
constexpr size_t kRows = 20011;

inline uint64_t HashPrices(const Kernel& kernel, const RunRows& run_rows) {
  const OptionChain chain = RandomChain(kRows);
  uint64_t hash = kNoHash;
  for (const uint32_t model : {kBlackScholesMerton, kBlack76}) {
    OptionColumns data(chain, kernel, 0);
    run_rows(kernel, {&model, data.columns, data.outputs, 0, data.rows(), sizeof model});
    for (size_t output = 0; output < kOptionOutputs; ++output) hash = Fnv1a(hash, data.Bytes(output));
  }
  return hash;
}

inline const KernelSet& SetInUse() {
  const std::vector<const KernelSet*>& sets = RunnableKernelSets();
  const auto is_in_use = [](const KernelSet* set) { return std::string(set->instruction_set) == InstructionSet(); };
  return **std::find_if(sets.begin(), sets.end(), is_in_use);
}

// Prices with every status: as they come, and some that are no prices.
inline uint64_t HashVolatilities(const Kernel& kernel, const RunRows& run_rows) {
  ImpliedChain chain = PricedChain(RandomChain(kRows), SetInUse());
  for (const double price : {std::numeric_limits<double>::quiet_NaN(), -1.0, 1.0, 100.0, 1e300}) {
    chain.Add({1, 100, 90, 0, 0, 1, price});
  }
  KernelRun run = chain.Bind();
  run.end = chain.Rows();
  run_rows(kernel, run);
  return Fnv1a(Fnv1a(kNoHash, chain.volatility), chain.status);
}

// Rows of simulate.
constexpr size_t kBlocks = 4;

inline uint64_t HashSimulations(const Kernel& kernel, const RunRows& run_rows) {
  uint64_t hash = kNoHash;
  for (uint32_t code = 0; code < 32; ++code) {
    SimulateContract contract;
    contract.payoff = kEuropean + code / 8;
    contract.antithetic = code % 2 == 1;
    contract.times = EvenTimes(1, code / 2 % 2 == 0 ? 1 : 7);
    contract.option = 1 + code / 4 % 2;
    contract.barrier_kind = 1 + code % 4;
    contract.barrier = contract.barrier_kind <= 2 ? 115 : 90;
    contract.rebate = 3;
    const std::vector<unsigned char> params = ParamsOf(contract, 0x3fffffffe);
    SimulateBlocks blocks(kBlocks);
    run_rows(kernel, {params.data(), nullptr, blocks.outputs, 0, kBlocks, params.size()});
    for (const std::vector<float>& column : blocks.columns) hash = Fnv1a(hash, column);
  }
  return hash;
}

inline uint64_t HashOf(const Kernel& kernel, const RunRows& run_rows) {
  const std::string name = kernel.name;
  if (IsPriceOptions(kernel)) return HashPrices(kernel, run_rows);
  if (name == "implied-volatility-f64") return HashVolatilities(kernel, run_rows);
  if (name == "simulate-f32") return HashSimulations(kernel, run_rows);
  throw std::runtime_error("no work for kernel " + name);
}

}  // namespace acceld
