// When an execution fault is taken as lasting: after a fault drivers may fail everything that their process submits
// from then on, and say so in no uniform way.
#pragma once
#include "../../device/gpu.h"

namespace acceld {

class FaultStreak {
 public:
  // The fault to report for a run that ended like this.
  GpuFault Judge(GpuFault fault) {
    if (fault == GpuFault::kNone) executions_ = 0;
    if (fault != GpuFault::kExecution) return fault;
    return ++executions_ < kExecutionsMax ? GpuFault::kExecution : GpuFault::kSticky;
  }

 private:
  static constexpr int kExecutionsMax = 3;
  int executions_ = 0;
};

}  // namespace acceld
