// What a failed command buffer means for the worker. Apart from Metal, so that it is tested everywhere.
#pragma once
#include <cstdint>

#include "../../device/gpu.h"

namespace acceld::metal {

struct CommandFault {
  GpuFault fault;
  // Another process's fault ended this one's work: it says nothing about this process, and may be tried again.
  bool is_innocent;
};

// Of an error of MTLCommandBufferErrorDomain. The text carries the driver's own name for the cause, which says more
// than the code.
CommandFault FaultOf(int64_t code, const std::string& description);

}  // namespace acceld::metal
