// Compiled kernels as the binary store keeps them: the driver's bytes, behind what they are valid for and a checksum. A
// driver may crash on bytes that it did not make, so it only gets those that open.
#pragma once
#include <string>
#include <vector>

namespace acceld {

struct SealedFor {
  std::string driver;  // GpuInfo::driver.
  std::string digest;  // Of the kernel.
  std::string kernel;  // Its name.
};

std::vector<unsigned char> Seal(const SealedFor& purpose, const std::vector<unsigned char>& payload);

// The payload; or nothing and the reason: made for something else, or damaged.
bool Unseal(const SealedFor& purpose, const std::vector<unsigned char>& sealed, std::vector<unsigned char>* payload,
            std::string* reason);

}  // namespace acceld
