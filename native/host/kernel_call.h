// One call of a kernel with everything it needs, free of JavaScript: checked when it is made, run on any thread.
#pragma once
#include <memory>
#include <vector>

#include "../kernels/kernel.h"
#include "guard.h"

namespace acceld {

// Pointers into memory that the maker keeps alive until the call has run.
struct KernelCall {
  const Kernel* kernel = nullptr;
  std::vector<unsigned char> params;
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
  size_t begin = 0;
  size_t end = 0;
  std::shared_ptr<const Guard> guard;  // Null: nobody else writes to the columns.

  uint32_t Run() const {
    const KernelRun run{params.data(), inputs, outputs, begin, end, params.size()};
    return guard ? RunGuarded(*kernel, *guard, run) : kernel->function(run);
  }
};

}  // namespace acceld
