// The kernels compiled for one instruction set. Each kernels_<set>.cc defines one of the symbols below and exports
// nothing else.
#pragma once
#include "../../kernels/kernel.h"

namespace acceld {

// Parts of kernels that tests reach alone.
struct KernelParts {
  // Whether every lane gave the same words.
  bool (*philox)(const uint32_t (&counter)[4], const uint32_t (&key)[2], int rounds, uint32_t (&words)[4]);
  double (*normal_inverse)(double probability);
};

struct KernelSet {
  const char* instruction_set;  // As "x86-64-v3".
  const Kernel* kernels;        // In the same order in every set.
  size_t count;
  KernelParts parts;
};

extern "C" {
extern const KernelSet acceld_kernels_base;
extern const KernelSet acceld_kernels_v3;
extern const KernelSet acceld_kernels_v4;
extern const KernelSet acceld_kernels_neon;
}

}  // namespace acceld
