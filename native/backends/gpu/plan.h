// How a run reaches a GPU: which columns it uses where they lie and which it copies. All decisions that backends share,
// without a driver.
#pragma once
#include <map>

#include "entry.h"

namespace acceld {

// Attached memory that the device uses in place.
struct GpuMemory {
  size_t bytes;
  void* buffer;  // The backend's own.
};
using GpuMemories = std::map<const unsigned char*, GpuMemory>;  // By the first byte.

// Between the host and the staging buffer of the backend.
struct GpuCopy {
  unsigned char* host;  // Only read where the copy goes to the device.
  size_t place;
  size_t bytes;
};

struct GpuPlan {
  GpuCall call = {};
  size_t columns = 0;                              // Inputs and outputs of the kernel.
  const GpuMemory* memories[kGpuColumnsMax] = {};  // Of each column; null: the staging buffer.
  std::vector<GpuCopy> to_device, from_device;
  size_t staged_bytes = 0;
  size_t copied_bytes = 0;
  size_t items = 0;  // Whole groups.
};

// Of one run at most, so that items are numbered in 32 bits.
constexpr size_t kGpuItemsMax = 1 << 30;

// Of the parameters of one run at most. By estimate an item takes four times a microsecond for each, and where a
// display is attached the system ends what keeps the device for long.
constexpr size_t kGpuStepsMax = 1 << 14;

// Whether the device could use this memory in place: whole pages.
bool IsWholePages(const void* memory, size_t bytes);

// What is wrong with a run, or empty. Backends plan and run only what is right.
std::string Refusal(const GpuRun& run);

GpuPlan PlanOf(const GpuRun& run, const GpuMemories& memories);

}  // namespace acceld
