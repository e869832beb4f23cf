// Kernels from their text and from the driver's binaries.
#pragma once
#include "../gpu/entry.h"
#include "device.h"

namespace acceld::opencl {

// The driver's binary; or nothing and the reason, which is the beginning of the compiler's own words.
std::vector<unsigned char> CompileProgram(const OpenedDevice& opened, const GpuEntry& entry, std::string* reason);

// Null and the reason where the driver refuses the binary.
Held<KernelObject> LoadKernel(const OpenedDevice& opened, const GpuEntry& entry,
                              const std::vector<unsigned char>& binary, std::string* reason);

}  // namespace acceld::opencl
