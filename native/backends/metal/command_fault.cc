#include "command_fault.h"

namespace acceld::metal {
namespace {

struct NamedFault {
  const char* name;
  CommandFault fault;
};

constexpr NamedFault kNamed[] = {
    {"kIOGPUCommandBufferCallbackErrorInnocentVictim", {GpuFault::kExecution, true}},
    // After too many faults the driver ignores everything that this process submits, until the process ends.
    {"kIOGPUCommandBufferCallbackErrorSubmissionsIgnored", {GpuFault::kSticky, false}},
    {"kIOGPUCommandBufferCallbackErrorOutOfMemory", {GpuFault::kMemory, false}},
};

}  // namespace

CommandFault FaultOf(int64_t code, const std::string& description) {
  for (const NamedFault& named : kNamed) {
    if (description.find(named.name) != std::string::npos) return named.fault;
  }
  switch (code) {
    case 4:   // Access revoked: too many hangs.
    case 7:   // Not permitted.
    case 11:  // The device was removed.
      return {GpuFault::kSticky, false};
    case 8: return {GpuFault::kMemory, false};
    // Internal, timeout, page fault, invalid resource, stack overflow.
    default: return {GpuFault::kExecution, false};
  }
}

}  // namespace acceld::metal
