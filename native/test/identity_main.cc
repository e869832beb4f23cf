// Prints a hash of every output bit of pinned work for each kernel: identity_main THREADS CHUNK_ROWS [flush].
// The instruction set is the one in use (ACCELD_FORCE_ISA chooses it). With `flush` the threads replace subnormal
// numbers by zero, as GPUs do. Output: the name of the set, and NAME:HASH of each kernel.
// Without arguments: the names of the sets that can run here.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <thread>

#include "../backends/cpu/dispatch.h"
#include "implied_chain.h"
#include "simulate_contract.h"

namespace {

using namespace acceld;

struct Split {
  size_t threads, chunk_rows;
  bool flushes_subnormals;
};

void FlushSubnormals() {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" ::"r"(control | 1 << 24));
#endif
}

// The rows from 0 to run.end.
void RunSplit(const Kernel& kernel, const KernelRun& run, const Split& split) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    if (split.flushes_subnormals) FlushSubnormals();
    for (size_t begin; (begin = next.fetch_add(split.chunk_rows)) < run.end;) {
      const size_t end = std::min(begin + split.chunk_rows, run.end);
      kernel.function({run.params, run.inputs, run.outputs, begin, end, run.params_bytes});
    }
  };
  std::vector<std::thread> pool;
  for (size_t i = 0; i < split.threads; ++i) pool.emplace_back(work);
  for (auto& thread : pool) thread.join();
}

uint64_t Fnv1a(uint64_t hash, const void* data, size_t count) {
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

uint64_t HashPrices(const Kernel& kernel, const Split& split) {
  const OptionChain chain = RandomChain(kRows);
  uint64_t hash = kNoHash;
  for (const uint32_t model : {kBlackScholesMerton, kBlack76}) {
    OptionColumns data(chain, kernel, 0);
    RunSplit(kernel, {&model, data.columns, data.outputs, 0, data.rows(), sizeof model}, split);
    for (size_t output = 0; output < kOptionOutputs; ++output) hash = Fnv1a(hash, data.Bytes(output));
  }
  return hash;
}

// Prices with every status: as they come, and some that are no prices.
uint64_t HashVolatilities(const Kernel& kernel, const Split& split) {
  size_t count;
  const Kernel* const kernels = Kernels(&count);
  ImpliedChain chain = PricedChain(RandomChain(kRows), {InstructionSet(), kernels, count, Parts()});
  for (const double price : {std::numeric_limits<double>::quiet_NaN(), -1.0, 1.0, 100.0, 1e300}) {
    chain.Add({1, 100, 90, 0, 0, 1, price});
  }
  KernelRun run = chain.Bind();
  run.end = chain.Rows();
  RunSplit(kernel, run, split);
  return Fnv1a(Fnv1a(kNoHash, chain.volatility), chain.status);
}

constexpr size_t kBlocks = 4;

uint64_t HashSimulations(const Kernel& kernel, Split split) {
  split.chunk_rows = 1 + split.chunk_rows % kBlocks;
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
    RunSplit(kernel, {params.data(), nullptr, blocks.outputs, 0, kBlocks, params.size()}, split);
    for (const std::vector<float>& column : blocks.columns) hash = Fnv1a(hash, column);
  }
  return hash;
}

uint64_t HashOf(const Kernel& kernel, const Split& split) {
  const std::string name = kernel.name;
  if (IsPriceOptions(kernel)) return HashPrices(kernel, split);
  if (name == "implied-volatility-f64") return HashVolatilities(kernel, split);
  if (name == "simulate-f32") return HashSimulations(kernel, split);
  throw std::runtime_error("no work for kernel " + name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    for (const KernelSet* set : RunnableKernelSets()) std::printf("%s\n", set->instruction_set);
    return 0;
  }
  const Split split{std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                    argc > 3 && std::strcmp(argv[3], "flush") == 0};
  size_t count;
  const Kernel* const kernels = Kernels(&count);
  std::printf("%s", InstructionSet());
  for (size_t i = 0; i < count; ++i) {
    std::printf(" %s:%016llx", kernels[i].name, static_cast<unsigned long long>(HashOf(kernels[i], split)));
  }
  std::printf("\n");
}
