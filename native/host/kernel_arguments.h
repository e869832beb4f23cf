// From JavaScript values to a KernelCall. Every size is checked here, before anything runs: a call that was made cannot
// touch memory outside the views it was made from.
#pragma once
#include <napi.h>

#include "kernel_call.h"

namespace acceld {

// As "f64".
const char* NameOf(Element element);

// The arguments of run() and submit() from `first` on: kernel, params, inputs, outputs, begin, end. False: a JavaScript
// exception that names the argument is pending.
bool ReadKernelCall(const Napi::CallbackInfo& info, size_t first, KernelCall* call);

// A new array of the memory under every column of the call: whoever holds it keeps that alive. False: an exception is
// pending, because the memory could shrink while another thread uses it.
bool CollectBuffers(const Napi::CallbackInfo& info, size_t first, Napi::Array* buffers);

}  // namespace acceld
