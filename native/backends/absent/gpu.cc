#include "../../device/gpu.h"

namespace acceld {

const std::vector<GpuKernel>& GpuKernels() {
  static const std::vector<GpuKernel> none;
  return none;
}

std::unique_ptr<Gpu> OpenGpu(std::string* reason) {
  *reason = "acceld was built without a GPU backend";
  return nullptr;
}

}  // namespace acceld
