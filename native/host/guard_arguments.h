// From JavaScript values to a Guard; see Guard in src/daemon/base/plan.ts.
#pragma once
#include <napi.h>

#include "kernel_call.h"
#include "views.h"

namespace acceld {

// Reads a guard for the call, whose kernel and rows are known; undefined: there is none. False: an exception is
// pending.
bool ReadGuard(napi_env env, napi_value value, KernelCall* call);

// The memory that the guard writes to.
bool CollectGuardBuffers(napi_env env, napi_value value, Buffers* buffers);

}  // namespace acceld
