// Typed arrays of JavaScript as plain memory.
#pragma once
#include <napi.h>

#include <string>

namespace acceld {

struct View {
  unsigned char* data = nullptr;
  size_t bytes = 0;
  napi_typedarray_type type = napi_uint8_array;
};

// False: the value is no typed array.
bool ReadView(napi_env env, napi_value value, View* view);

// Throws the exception in JavaScript, and is false. One that a getter threw stays.
template <typename ErrorClass = Napi::RangeError>
bool Refuse(napi_env env, const std::string& message) {
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) ErrorClass::New(env, message).ThrowAsJavaScriptException();
  return false;
}

// As "inputs[2]".
std::string Place(const char* what, size_t index);

// The memory under views: whoever holds the array keeps it alive.
class Buffers {
 public:
  Buffers(napi_env env, Napi::Array found) : env_(env), found_(found) {}
  // What is no view is passed over. False: an exception is pending, because the memory under the view could shrink
  // while another thread uses it.
  bool Add(napi_value view, const std::string& place);

 private:
  napi_env env_;
  Napi::Array found_;
  uint32_t count_ = 0;
  napi_value last_ = nullptr;
};

}  // namespace acceld
