// What surrounds a kernel on columns that others may write to at any time: which values its inputs may hold, and what
// becomes of outputs that no caller may see as they are. Free of JavaScript.
#pragma once
#include <vector>

#include "../backends/cpu/domain.h"

namespace acceld {

// One output stored as a byte, whose value is a code.
struct Codes {
  size_t output;
  unsigned char* bytes;
};

constexpr size_t kCodesMax = 2;

// Where the kernel runs: here, or in another process on copies of the columns, which this call only takes there or
// back.
enum class Way : uint8_t { kHere, kThere, kBack };

struct Guard {
  Domain domain;
  Way way = Way::kHere;
  // Of the inputs, then of the outputs: the rows of the run alone. Null: an output that nobody wants.
  unsigned char* copies[2 * kColumnsMax] = {};
  // One u32 per row, bit i + 1 for output i: set where it is not finite, and 0 stored in its place. Null: not wanted.
  unsigned char* mask = nullptr;
  std::vector<Codes> codes;
};

// Rows that are judged at once. Ten columns of f64 take 160 KB: the outputs are in the second cache when they are
// looked at again.
constexpr size_t kGuardRows = 2048;
constexpr unsigned kGuardBlockShift = 8;

// As kernel.function, until a block has a value outside the domain: kOutOfDomain then stands beside the number of that
// block, shifted by kGuardBlockShift.
uint32_t RunGuarded(const Kernel& kernel, const Guard& guard, const KernelRun& run);

}  // namespace acceld
