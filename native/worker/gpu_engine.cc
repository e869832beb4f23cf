#include "engine.h"
#include "store.h"

namespace acceld {

namespace {

class GpuEngine : public Engine {
 public:
  GpuEngine(std::unique_ptr<Gpu> gpu, std::string store) : gpu_(std::move(gpu)), store_(std::move(store)) {
    for (const GpuKernel& kernel : GpuKernels()) kernels_.push_back({FindShape(kernel.name), kernel.digest});
  }

  EngineInfo Info() const override { return {gpu_->Info().engine, gpu_->Info().name, gpu_->Info().driver}; }
  const std::vector<EngineKernel>& Kernels() const override { return kernels_; }

  GpuResult Prepare(size_t kernel) override {
    std::vector<unsigned char> binary;
    const bool is_stored = ReadBinary(store_, KeyOf(kernel), &binary);
    const GpuResult result = is_stored ? gpu_->Load(kernel, binary) : GpuResult{};
    // A binary that the driver does not take is as good as none.
    const bool is_missing = !is_stored || result.fault == GpuFault::kCompile;
    return is_missing ? Missing(kernel) : result;
  }

  GpuResult Attach(void* memory, size_t bytes) override { return gpu_->Attach(memory, bytes); }
  void Detach(void* memory) override { gpu_->Detach(memory); }
  GpuResult Run(const GpuRun& run) noexcept override { return gpu_->Run(run); }

 protected:
  virtual GpuResult Missing(size_t) {
    GpuResult result;
    result.fault = GpuFault::kCompile;
    return result;
  }
  std::string KeyOf(size_t kernel) const { return acceld::KeyOf(gpu_->Info(), GpuKernels()[kernel]); }

  const std::unique_ptr<Gpu> gpu_;
  const std::string store_;

 private:
  std::vector<EngineKernel> kernels_;
};

// What the store does not have is made, and put there.
class CompilingEngine : public GpuEngine {
 public:
  using GpuEngine::GpuEngine;

 protected:
  GpuResult Missing(size_t kernel) override {
    std::vector<unsigned char> binary;
    GpuResult result = gpu_->Compile(kernel, &binary);
    if (result.fault == GpuFault::kNone) {
      result.reason = WriteBinary(store_, KeyOf(kernel), binary);
      if (!result.reason.empty()) result.fault = GpuFault::kCompile;
    }
    // An empty reason would say that nobody has tried yet.
    if (result.fault != GpuFault::kNone && result.reason.empty()) result.reason = "the driver gives no reason";
    return result;
  }
};

}  // namespace

std::unique_ptr<Engine> OpenGpuEngine(const std::string& store, bool compiles, std::string* reason) {
  for (const GpuKernel& kernel : GpuKernels()) {
    if (FindShape(kernel.name) != nullptr) continue;
    *reason = std::string("the CPU has no kernel ") + kernel.name;
    return nullptr;
  }
  std::unique_ptr<Gpu> gpu = OpenGpu(reason);
  if (gpu == nullptr) return nullptr;
  if (compiles) return std::make_unique<CompilingEngine>(std::move(gpu), store);
  return std::make_unique<GpuEngine>(std::move(gpu), store);
}

}  // namespace acceld
