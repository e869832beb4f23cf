// Kernels on the machine's GPU as tests run them: in chunks, on attached memory or on columns that lie elsewhere.
#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "../device/gpu.h"

namespace acceld {

inline size_t GpuPlaceOf(const std::string& name) {
  const std::vector<GpuKernel>& kernels = GpuKernels();
  for (size_t i = 0; i < kernels.size(); ++i) {
    if (name == kernels[i].name) return i;
  }
  throw std::runtime_error("no GPU text of " + name);
}

inline GpuResult Expect(const GpuResult& result) {
  if (result.fault != GpuFault::kNone) throw std::runtime_error(result.reason);
  return result;
}

// From `folder`, where an earlier process left the binaries, or compiled.
inline void LoadEveryKernel(Gpu* gpu, const std::string& folder) {
  for (size_t i = 0; i < GpuKernels().size(); ++i) {
    const std::string path = folder + "/" + GpuKernels()[i].name;
    std::ifstream stored(path, std::ios::binary);
    std::vector<unsigned char> binary((std::istreambuf_iterator<char>(stored)), std::istreambuf_iterator<char>());
    if (binary.empty()) {
      Expect(gpu->Compile(i, &binary));
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<const char*>(binary.data()), static_cast<std::streamsize>(binary.size()));
    }
    Expect(gpu->Load(i, binary));
  }
}

// Pages that are attached to a GPU as long as this lives.
class Pages {
 public:
  Pages(Gpu* gpu, size_t bytes) : gpu_(gpu), bytes_((bytes + 65535) / 65536 * 65536) {
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::runtime_error("mmap");
    Expect(gpu->Attach(memory_, bytes_));
  }
  ~Pages() {
    gpu_->Detach(memory_);
    munmap(memory_, bytes_);
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  unsigned char* data() const { return static_cast<unsigned char*>(memory_); }

 private:
  Gpu* gpu_;
  size_t bytes_;
  void* memory_;
};

struct GpuSplit {
  size_t chunk_rows;
  bool is_attached;
  size_t misalignment;  // Of columns in attached memory, in bytes.
};

// What the chunks of a run came to.
struct GpuTotal {
  uint32_t flags = 0;
  uint64_t compute_ns = 0, copied_bytes = 0;
};

// The rows from run.begin to run.end where they lie.
inline GpuTotal RunChunks(Gpu* gpu, const Kernel& kernel, const KernelRun& run, size_t chunk_rows) {
  GpuTotal total;
  for (size_t begin = run.begin; begin < run.end; begin += chunk_rows) {
    const size_t end = std::min(begin + chunk_rows, run.end);
    const GpuResult result = Expect(gpu->Run(
        {GpuPlaceOf(kernel.name), run.params, run.params_bytes, run.inputs, run.outputs, run.end, begin, end}));
    total.flags |= result.flags;
    total.compute_ns += result.compute_ns;
    total.copied_bytes += result.copied_bytes;
  }
  return total;
}

// The same on copies of the columns in attached memory, which are brought back.
inline GpuTotal RunAttached(Gpu* gpu, const Kernel& kernel, const KernelRun& run, const GpuSplit& split) {
  constexpr size_t kElementMax = 8;
  const size_t column_bytes = run.end * kElementMax + 64;
  const Pages pages(gpu, (kernel.inputs + kernel.outputs) * column_bytes);
  unsigned char* place = pages.data() + split.misalignment;
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
  for (size_t i = 0; i < kernel.inputs; ++i, place += column_bytes) {
    const size_t size = SizeOf(kernel.input_elements[i]);
    inputs[i] = {place, run.inputs[i].stride};
    std::memcpy(place, run.inputs[i].data, run.inputs[i].stride == 0 ? size : run.end * size);
  }
  for (size_t i = 0; i < kernel.outputs; ++i, place += column_bytes) {
    outputs[i] = run.outputs[i] == nullptr ? nullptr : place;
  }
  KernelRun attached = run;
  attached.inputs = inputs;
  attached.outputs = outputs;
  const GpuTotal total = RunChunks(gpu, kernel, attached, split.chunk_rows);
  for (size_t i = 0; i < kernel.outputs; ++i) {
    if (outputs[i] != nullptr) std::memcpy(run.outputs[i], outputs[i], run.end * SizeOf(kernel.output_elements[i]));
  }
  return total;
}

}  // namespace acceld
