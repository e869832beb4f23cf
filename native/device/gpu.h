// What a GPU backend does for the worker that owns it. Implemented once each by backends/opencl, backends/metal and
// backends/absent, which says why there is none. One thread calls it at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../kernels/kernel.h"

namespace acceld {

// A kernel that has a GPU text.
struct GpuKernel {
  const char* name;    // As "price-options-f32".
  const char* digest;  // As Kernel::digest, over the GPU text.
};

struct GpuInfo {
  std::string engine;  // "opencl" or "metal".
  std::string name;    // The hardware's own name.
  std::string driver;  // Driver and its version: binaries and qualification are valid for this driver only.
};

// Why a call failed. Only kSticky ends the worker: the driver will fail everything from now on.
enum class GpuFault : uint8_t { kNone, kCompile, kMemory, kExecution, kSticky };

struct GpuResult {
  GpuFault fault = GpuFault::kNone;
  std::string reason;         // Of a fault: one line, the driver's own words where it has some.
  uint32_t flags = 0;         // As KernelFunction returns them.
  uint64_t compute_ns = 0;    // On the device, as the device measured it.
  uint64_t copied_bytes = 0;  // Moved because a column could not be used where it lies.
};

// Rows [begin, end) of a kernel on memory that was attached. Columns as in KernelRun.
struct GpuRun {
  size_t kernel;  // Place in GpuKernels().
  const void* params;
  size_t params_bytes;
  const Column* inputs;
  unsigned char* const* outputs;
  size_t rows;  // Of whole columns.
  size_t begin, end;
};

// In a fixed order, the same in every backend of one build.
const std::vector<GpuKernel>& GpuKernels();

class Gpu {
 public:
  virtual ~Gpu() = default;
  virtual const GpuInfo& Info() const = 0;
  // Compiles a kernel from its text for every shape that Run uses, and returns what Load takes. The driver may start
  // programs and use any file: only the short-lived compile process calls this.
  virtual GpuResult Compile(size_t kernel, std::vector<unsigned char>* binary) = 0;
  // Makes a kernel ready from a binary of this driver. kCompile: the binary is stale or damaged.
  virtual GpuResult Load(size_t kernel, const std::vector<unsigned char>& binary) = 0;
  // Memory that columns may lie in, mapped until Detach, page-aligned. Used without a copy where the device can.
  virtual GpuResult Attach(void* memory, size_t bytes) = 0;
  virtual void Detach(void* memory) = 0;
  // Blocks until the rows are computed. Never throws.
  virtual GpuResult Run(const GpuRun& run) noexcept = 0;
};

// The machine's GPU, or null and the reason in one line.
std::unique_ptr<Gpu> OpenGpu(std::string* reason);

}  // namespace acceld
