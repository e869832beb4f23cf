// The kernels that have a GPU text, as the host calls them.
#pragma once
#include "../../device/gpu.h"

namespace acceld {

#include "call.h"

struct GpuEntry {
  const char* name;
  const char* macro;        // Defined, it chooses the kernel in the text,
  const char* macro_value;  // with this value.
  size_t params_bytes, params_step_bytes;
  size_t inputs, outputs;
  Element input_elements[kColumnsMax];  // Outputs are f32.
  size_t items_of_row;
  // Fills in what only this kernel is told.
  void (*tell)(const GpuRun& run, GpuCall* call);
};

// In the order of GpuKernels().
const std::vector<GpuEntry>& GpuEntries();

// The text of the language that this build has a backend for.
struct GpuText {
  const char* text;
  const char* digest;
};
extern const GpuText kGpuText;

}  // namespace acceld
