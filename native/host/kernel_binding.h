#pragma once
#include <napi.h>

namespace acceld {

// Sets instructionSet, instructionSets and kernels. False: a JavaScript exception is pending.
bool ExportKernels(Napi::Env env, Napi::Object exports);

// run(kernel, params, inputs, outputs, begin, end) → flags, on the calling thread.
Napi::Value RunKernel(const Napi::CallbackInfo& info);

}  // namespace acceld
