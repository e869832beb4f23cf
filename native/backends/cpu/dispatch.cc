#include "dispatch.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace acceld {
namespace {

std::vector<const KernelSet*> FindRunnable() {
  std::vector<const KernelSet*> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  sets.push_back(&acceld_kernels_base);
  const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (has_v3) sets.push_back(&acceld_kernels_v3);
  if (has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    sets.push_back(&acceld_kernels_v4);
  }
#elif defined(__aarch64__)
  sets.push_back(&acceld_kernels_neon);
#else
#error "acceld runs on x86-64 and arm64"
#endif
  return sets;
}

const KernelSet* ChooseSet() {
#if defined(ACCELD_TEST)
  if (const char* forced = std::getenv("ACCELD_FORCE_ISA")) {
    for (const KernelSet* set : RunnableKernelSets()) {
      if (std::strcmp(set->instruction_set, forced) == 0) return set;
    }
    std::string runnable;
    for (const KernelSet* set : RunnableKernelSets()) runnable += std::string(" ") + set->instruction_set;
    throw std::runtime_error(std::string("ACCELD_FORCE_ISA=") + forced + " is not one of:" + runnable);
  }
#endif
  return RunnableKernelSets().back();
}

const KernelSet& SetInUse() {
  static const KernelSet* const set = ChooseSet();
  return *set;
}

}  // namespace

const std::vector<const KernelSet*>& RunnableKernelSets() {
  static const std::vector<const KernelSet*> sets = FindRunnable();
  return sets;
}

const char* InstructionSet() { return SetInUse().instruction_set; }

const Kernel* Kernels(size_t* count) {
  *count = SetInUse().count;
  return SetInUse().kernels;
}

const KernelParts& Parts() { return SetInUse().parts; }

}  // namespace acceld
