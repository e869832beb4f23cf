#include <chrono>

#include "../backends/cpu/dispatch.h"
#include "../host/platform.h"
#include "engine.h"

namespace acceld {

namespace {

class CpuEngine : public Engine {
 public:
  CpuEngine() : name_(CpuName()) {
    size_t count = 0;
    const Kernel* kernels = acceld::Kernels(&count);
    for (size_t i = 0; i < count; ++i) kernels_.push_back({&kernels[i], kernels[i].digest});
  }

  EngineInfo Info() const override { return {"own", name_, InstructionSet()}; }
  const std::vector<EngineKernel>& Kernels() const override { return kernels_; }
  GpuResult Prepare(size_t) override { return {}; }
  GpuResult Attach(void*, size_t) override { return {}; }
  void Detach(void*) override {}

  GpuResult Run(const GpuRun& run) noexcept override {
    const auto begin = std::chrono::steady_clock::now();
    GpuResult result;
    result.flags = kernels_[run.kernel].shape->function(
        {run.params, run.inputs, run.outputs, run.begin, run.end, run.params_bytes});
    result.compute_ns = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count());
    return result;
  }

 private:
  const std::string name_;
  std::vector<EngineKernel> kernels_;
};

}  // namespace

const Kernel* FindShape(const std::string& name) {
  size_t count = 0;
  const Kernel* kernels = Kernels(&count);
  for (size_t i = 0; i < count; ++i) {
    if (name == kernels[i].name) return &kernels[i];
  }
  return nullptr;
}

std::unique_ptr<Engine> OpenCpuEngine() { return std::make_unique<CpuEngine>(); }

}  // namespace acceld
