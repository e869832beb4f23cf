// The machine's OpenCL device, opened.
#pragma once
#include "../../device/gpu.h"
#include "api.h"

namespace acceld::opencl {

struct OpenedDevice {
  std::unique_ptr<Api> api;
  Device* device;
  Held<Context> context;
  Held<Queue> queue;
  GpuInfo info;
  std::string options;  // For compiling.
  bool shares_memory;   // With the host: buffers can lie in memory of the process.
};

// The first GPU; where there is none, the first device of any kind. Null and the reason where there is nothing.
std::unique_ptr<OpenedDevice> OpenDevice(std::string* reason);

// Drivers built on LLVM install handlers of their own for crash signals, which swallow the first one. Whatever runs a
// driver's compiler or loads it for the first time does so while one of these lives: at its end the dispositions, and
// the stack that the calling thread has for handlers, are again what they were.
class KeptSignals {
 public:
  KeptSignals();
  ~KeptSignals();
  KeptSignals(const KeptSignals&) = delete;
  KeptSignals& operator=(const KeptSignals&) = delete;

 private:
  struct Saved;
  std::unique_ptr<Saved> saved_;
};

}  // namespace acceld::opencl
