// Every kernel in both precisions for one instruction set, and the one symbol that leaves the translation unit. A file
// of an instruction set includes its lanes, then this, and defines the table.
#pragma once
#include "../../kernels/kernel.h"
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
// clang-format on
}  // namespace f32

#define ACCELD_DESCRIBE_F64(Name, operation) f64::Describe<f64::Name##Entry>(operation "-f64"),
#define ACCELD_DESCRIBE_F32(Name, operation) f32::Describe<f32::Name##Entry>(operation "-f32"),

constexpr Kernel kKernels[] = {FOR_EACH_KERNEL(ACCELD_DESCRIBE_F64) FOR_EACH_KERNEL(ACCELD_DESCRIBE_F32)};

constexpr KernelSet SetOf(const char* instruction_set) {
  return {instruction_set, kKernels, sizeof kKernels / sizeof(Kernel)};
}

}  // namespace
}  // namespace acceld
