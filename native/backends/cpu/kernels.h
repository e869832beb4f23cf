// Every kernel in both precisions for one instruction set, and the one symbol that leaves the translation unit. A file
// of an instruction set includes its lanes, then this, and defines the table.
#pragma once
#include "../../kernels/kernel.h"
#include "domain.h"
#include "kernel_set.h"

#ifndef ACCELD_KERNEL_DIGEST
#define ACCELD_KERNEL_DIGEST "unknown"
#endif

namespace acceld {
namespace {

// Each of these needs the ones before it.
namespace f64 {
// clang-format off
#include "words_f64.h"
#include "../../kernels/math_f64.h"
#include "../../kernels/kernel_list.h"
#include "entry.h"
// clang-format on
}  // namespace f64

#undef KERNEL_BITS
#undef ACCELD_SUFFIX
#undef FUNCTION
#undef REAL
#undef WHOLE
#undef NOT_A_NUMBER

namespace f32 {
// clang-format off
#include "words_f32.h"
#include "../../kernels/math_f32.h"
#include "../../kernels/kernel_list.h"
#include "entry.h"
#include "simulate_entry.h"
// clang-format on
}  // namespace f32

constexpr size_t kKernelsF64 = sizeof f64::kKernels / sizeof(Kernel);
constexpr size_t kKernelsF32 = sizeof f32::kKernels / sizeof(Kernel);

struct Table {
  Kernel kernels[kKernelsF64 + kKernelsF32 + 1];
};

constexpr Table AllKernels() {
  Table table{};
  size_t count = 0;
  for (const Kernel& kernel : f64::kKernels) table.kernels[count++] = kernel;
  for (const Kernel& kernel : f32::kKernels) table.kernels[count++] = kernel;
  table.kernels[count++] = f32::DescribeSimulate();
  return table;
}

constexpr Table kTable = AllKernels();

#include "parts_entry.h"

constexpr KernelSet SetOf(const char* instruction_set) {
  return {instruction_set, kTable.kernels, sizeof kTable / sizeof(Kernel), {&PhiloxPart, &NormalInversePart}};
}

}  // namespace
}  // namespace acceld
