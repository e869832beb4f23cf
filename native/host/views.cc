#include "views.h"

namespace acceld {

namespace {

size_t BytesPerElement(napi_typedarray_type type) {
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: return 8;
    default: return 1;
  }
}

}  // namespace

bool ReadView(napi_env env, napi_value value, View* view) {
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &view->type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  view->data = static_cast<unsigned char*>(data);
  view->bytes = data == nullptr ? 0 : length * BytesPerElement(view->type);
  return true;
}

std::string Place(const char* what, size_t index) { return std::string(what) + "[" + std::to_string(index) + "]"; }

bool Buffers::Add(napi_value view, const std::string& place) {
  napi_value buffer, resizable, answer;
  if (napi_get_typedarray_info(env_, view, nullptr, nullptr, nullptr, &buffer, nullptr) != napi_ok) return true;
  // The columns of a request mostly lie in one buffer.
  bool is_last = false, is_resizable = false;
  if (last_ != nullptr) napi_strict_equals(env_, buffer, last_, &is_last);
  if (is_last) return true;
  last_ = buffer;
  if (napi_create_string_utf8(env_, "resizable", NAPI_AUTO_LENGTH, &resizable) != napi_ok) return false;
  if (napi_get_property(env_, buffer, resizable, &answer) != napi_ok) return false;
  if (napi_get_value_bool(env_, answer, &is_resizable) == napi_ok && is_resizable) {
    return Refuse<Napi::TypeError>(env_, place + " must not lie in a resizable ArrayBuffer");
  }
  return napi_set_element(env_, found_, count_++, buffer) == napi_ok;
}

}  // namespace acceld
