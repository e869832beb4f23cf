// Which values the columns of a kernel may hold.
#pragma once
#include <vector>

#include "../../kernels/kernel.h"

namespace acceld {

struct Range {
  double min, max;  // NaN: any value.
  bool zero;        // 0 is allowed too.
};

// |first x second| is at most max.
struct BoundedProduct {
  size_t first, second;
  double max;
};

struct Domain {
  std::vector<Range> ranges;  // One for each input.
  std::vector<BoundedProduct> products;
};

}  // namespace acceld
