// Prints a hash of every output bit of pinned work for each kernel: identity_main THREADS CHUNK_ROWS [flush].
// The instruction set is the one in use (ACCELD_FORCE_ISA chooses it). With `flush` the threads replace subnormal
// numbers by zero, as GPUs do. Output: the name of the set, and NAME:HASH of each kernel.
// Without arguments: the names of the sets that can run here.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "identity_work.h"

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
  const size_t chunk_rows = run.end == kBlocks ? 1 + split.chunk_rows % kBlocks : split.chunk_rows;
  const auto work = [&] {
    if (split.flushes_subnormals) FlushSubnormals();
    for (size_t begin; (begin = next.fetch_add(chunk_rows)) < run.end;) {
      const size_t end = std::min(begin + chunk_rows, run.end);
      kernel.function({run.params, run.inputs, run.outputs, begin, end, run.params_bytes});
    }
  };
  std::vector<std::thread> pool;
  for (size_t i = 0; i < split.threads; ++i) pool.emplace_back(work);
  for (auto& thread : pool) thread.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    for (const KernelSet* set : RunnableKernelSets()) std::printf("%s\n", set->instruction_set);
    return 0;
  }
  const Split split{std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                    argc > 3 && std::strcmp(argv[3], "flush") == 0};
  const RunRows run_rows = [&](const Kernel& kernel, const KernelRun& run) { RunSplit(kernel, run, split); };
  size_t count;
  const Kernel* const kernels = Kernels(&count);
  std::printf("%s", InstructionSet());
  for (size_t i = 0; i < count; ++i) {
    std::printf(" %s:%016llx", kernels[i].name, static_cast<unsigned long long>(HashOf(kernels[i], run_rows)));
  }
  std::printf("\n");
}
