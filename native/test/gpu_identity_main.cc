// Prints a hash of every output bit of pinned work for each kernel that has a GPU text, on the machine's GPU:
// gpu_identity_main attached|copied CHUNK_ROWS MISALIGNMENT BINARIES. Binaries are kept in the folder BINARIES.
// Output: the driver, and NAME:HASH of each kernel on a line. Without arguments: the driver alone.
#include <cstdio>
#include <cstdlib>

#include "gpu_runner.h"
#include "identity_work.h"
#include "kernel_of.h"

int main(int argc, char** argv) {
  using namespace acceld;
  std::string reason;
  const std::unique_ptr<Gpu> gpu = OpenGpu(&reason);
  if (gpu == nullptr) {
    std::fprintf(stderr, "%s\n", reason.c_str());
    return 1;
  }
  std::printf("%s\n", gpu->Info().driver.c_str());
  if (argc != 5) return 0;
  const GpuSplit split{std::strtoull(argv[2], nullptr, 10), std::strcmp(argv[1], "attached") == 0,
                       std::strtoull(argv[3], nullptr, 10)};
  LoadEveryKernel(gpu.get(), argv[4]);
  const RunRows run_rows = [&](const Kernel& kernel, const KernelRun& run) {
    GpuSplit of_run = split;
    if (run.end == kBlocks) of_run.chunk_rows = 1 + split.chunk_rows % kBlocks;
    const GpuTotal total = split.is_attached ? RunAttached(gpu.get(), kernel, run, of_run)
                                             : RunChunks(gpu.get(), kernel, run, of_run.chunk_rows);
    if (split.is_attached != (total.copied_bytes == 0)) throw std::runtime_error("copied what was attached, or not");
  };
  for (const GpuKernel& kernel : GpuKernels()) {
    const uint64_t hash = HashOf(KernelOf(*RunnableKernelSets().back(), kernel.name), run_rows);
    std::printf("%s:%016llx\n", kernel.name, static_cast<unsigned long long>(hash));
  }
}
