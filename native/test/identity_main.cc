// Prints a hash of every output bit of a pinned chain: identity_main THREADS CHUNK_ROWS [flush].
// The instruction set is the one in use (ACCELD_FORCE_ISA chooses it). With `flush` the threads replace subnormal
// numbers by zero, as GPUs do. Output: the name of the set, the hash of f64, the hash of f32.
// Without arguments: the names of the sets that can run here.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "../backends/cpu/dispatch.h"
#include "option_chain.h"

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

void RunSplit(const Kernel& kernel, uint32_t model, OptionColumns& data, const Split& split) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    if (split.flushes_subnormals) FlushSubnormals();
    for (size_t begin; (begin = next.fetch_add(split.chunk_rows)) < data.rows();) {
      const size_t end = std::min(begin + split.chunk_rows, data.rows());
      kernel.function({&model, data.columns, data.outputs, begin, end});
    }
  };
  std::vector<std::thread> pool;
  for (size_t i = 0; i < split.threads; ++i) pool.emplace_back(work);
  for (auto& thread : pool) thread.join();
}

uint64_t Fnv1a(uint64_t hash, const std::vector<unsigned char>& bytes) {
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    for (const KernelSet* set : RunnableKernelSets()) std::printf("%s\n", set->instruction_set);
    return 0;
  }
  const Split split{std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                    argc > 3 && std::strcmp(argv[3], "flush") == 0};
  const OptionChain chain = RandomChain(20011);
  size_t count;
  const Kernel* kernels = Kernels(&count);
  std::printf("%s", InstructionSet());
  for (size_t i = 0; i < count; ++i) {
    if (!IsPriceOptions(kernels[i])) continue;
    uint64_t hash = 0xcbf29ce484222325;
    for (const uint32_t model : {kBlackScholesMerton, kBlack76}) {
      OptionColumns data(chain, kernels[i], 0);
      RunSplit(kernels[i], model, data, split);
      for (size_t output = 0; output < kOptionOutputs; ++output) hash = Fnv1a(hash, data.Bytes(output));
    }
    std::printf(" %016llx", static_cast<unsigned long long>(hash));
  }
  std::printf("\n");
}
