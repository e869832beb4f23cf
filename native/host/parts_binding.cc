#include "parts_binding.h"

#include "../backends/cpu/dispatch.h"

namespace acceld {

namespace {

template <size_t count>
void ReadWords(const Napi::Value& value, uint32_t (&words)[count]) {
  const Napi::Uint32Array list = value.As<Napi::Uint32Array>();
  for (size_t i = 0; i < count; ++i) words[i] = list[i];
}

}  // namespace

Napi::Value PhiloxOf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t counter[4], key[2], words[4];
  const bool is_list = info[1].IsTypedArray() && info[2].IsTypedArray();
  if (!is_list || info[1].As<Napi::TypedArray>().ByteLength() != sizeof counter ||
      info[2].As<Napi::TypedArray>().ByteLength() != sizeof key) {
    Napi::TypeError::New(env, "philox takes rounds, 4 words and 2 words").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  ReadWords(info[1], counter);
  ReadWords(info[2], key);
  if (!Parts().philox(counter, key, info[0].ToNumber().Int32Value(), words)) {
    Napi::Error::New(env, "the lanes differ").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Uint32Array result = Napi::Uint32Array::New(env, 4);
  for (size_t i = 0; i < 4; ++i) result[i] = words[i];
  return result;
}

Napi::Value NormalInverseOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Parts().normal_inverse(info[0].ToNumber().DoubleValue()));
}

}  // namespace acceld
