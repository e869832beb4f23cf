// What surrounds a kernel on columns that others may write to at any time: whether its inputs are what the operation
// allows, and what becomes of outputs that no caller may see as they are. Free of JavaScript.
#pragma once
#include <vector>

#include "../kernels/kernel.h"

namespace acceld {

// Flag beside those of kernel.h: some input was outside the domain. Rows of the run may not be computed.
constexpr uint32_t kOutOfDomain = 2;

struct Range {
  double min, max;  // NaN: any value.
  bool zero;        // 0 is allowed too.
};

// |first x second| is at most max.
struct Product {
  size_t first, second;
  double max;
};

// One output stored as a byte, whose value is a code.
struct Codes {
  size_t output;
  unsigned char* bytes;
};

constexpr size_t kCodesMax = 2;

struct Guard {
  std::vector<Range> ranges;  // One for each input.
  std::vector<Product> products;
  // One u32 per row, bit i + 1 for output i: set where it is not finite, and 0 stored in its place. Null: not wanted.
  unsigned char* mask = nullptr;
  std::vector<Codes> codes;
};

// As kernel.function, in blocks that stay in the cache between the checks and the kernel.
uint32_t RunGuarded(const Kernel& kernel, const Guard& guard, const KernelRun& run);

}  // namespace acceld
