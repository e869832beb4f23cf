// The binaries of kernels on disk, one file each.
#pragma once
#include <string>
#include <vector>

#include "../device/gpu.h"

namespace acceld {

// What a binary is valid for.
std::string KeyOf(const GpuInfo& info, const GpuKernel& kernel);

// False: there is none for that key, or it is damaged.
bool ReadBinary(const std::string& store, const std::string& key, std::vector<unsigned char>* binary);

// Readers see the file whole or not at all. Empty, or why there is none.
std::string WriteBinary(const std::string& store, const std::string& key, const std::vector<unsigned char>& binary);

}  // namespace acceld
