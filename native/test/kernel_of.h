// A kernel by its name.
#pragma once
#include <stdexcept>
#include <string>

#include "../backends/cpu/dispatch.h"

namespace acceld {

inline const Kernel& KernelOf(const KernelSet& set, const std::string& name) {
  for (size_t i = 0; i < set.count; ++i) {
    if (name == set.kernels[i].name) return set.kernels[i];
  }
  throw std::runtime_error("no kernel " + name);
}

}  // namespace acceld
