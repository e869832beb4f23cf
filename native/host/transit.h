// Columns on their way to a kernel that runs in another process, and its results on their way back.
#pragma once
#include <cstring>

#include "guard.h"

namespace acceld {

template <typename T>
T Load(const unsigned char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Copies the rows [begin, begin + rows) of the run's inputs and judges the copies, which no caller can change. What the
// results will lie in is cleared, so that nothing of another job is left there. Returns flags.
uint32_t TakeThere(const Kernel& kernel, const Guard& guard, const KernelRun& run, size_t begin, size_t rows);

// Copies the results of a block, which begins `offset` rows behind the first one of the copies. Returns flags.
uint32_t TakeBack(const Kernel& kernel, const Guard& guard, const KernelRun& block, size_t offset);

}  // namespace acceld
