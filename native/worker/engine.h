// What a worker serves: the kernels of one device. Implemented by cpu_engine.cc and gpu_engine.cc.
#pragma once
#include <memory>
#include <string>

#include "../device/gpu.h"

namespace acceld {

struct EngineInfo {
  std::string engine, name, variant;
};

// A kernel of an engine, with the shape that the CPU's kernel of the same name has.
struct EngineKernel {
  const Kernel* shape;
  std::string digest;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineInfo Info() const = 0;
  // A kernel keeps its place.
  virtual const std::vector<EngineKernel>& Kernels() const = 0;
  // Makes a kernel ready. kCompile with an empty reason: the store has no binary of it.
  virtual GpuResult Prepare(size_t kernel) = 0;
  virtual GpuResult Attach(void* memory, size_t bytes) = 0;
  virtual void Detach(void* memory) = 0;
  virtual GpuResult Run(const GpuRun& run) noexcept = 0;
};

// The kernel of the CPU with that name, or null.
const Kernel* FindShape(const std::string& name);

std::unique_ptr<Engine> OpenCpuEngine();
// Null and the reason in one line: there is no GPU now. One that compiles fills the store with what it lacks.
std::unique_ptr<Engine> OpenGpuEngine(const std::string& store, bool compiles, std::string* reason);

}  // namespace acceld
