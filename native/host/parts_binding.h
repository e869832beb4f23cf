// Parts of kernels, for the tests of a build with test hooks alone.
#pragma once
#include <napi.h>

namespace acceld {

// philox(rounds, counter, key): words. The counter's four words and the key's two are Uint32Arrays, as is the result.
Napi::Value PhiloxOf(const Napi::CallbackInfo& info);

// normalInverse(probability): number
Napi::Value NormalInverseOf(const Napi::CallbackInfo& info);

}  // namespace acceld
