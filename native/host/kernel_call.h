// One call of a kernel with everything it needs, free of JavaScript: checked when it is made, run on any thread.
#pragma once
#include <vector>

#include "../kernels/kernel.h"

namespace acceld {

// Pointers into memory that the maker keeps alive until the call has run.
struct KernelCall {
  const Kernel* kernel = nullptr;
  std::vector<unsigned char> params;
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
  size_t begin = 0;
  size_t end = 0;

  uint32_t Run() const { return kernel->function({params.data(), inputs, outputs, begin, end, params.size()}); }
};

}  // namespace acceld
