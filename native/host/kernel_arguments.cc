#include "kernel_arguments.h"

#include <string>

#include "../backends/cpu/dispatch.h"
#include "guard_arguments.h"
#include "views.h"

namespace acceld {

namespace {

napi_typedarray_type ArrayTypeOf(Element element) {
  switch (element) {
    case Element::kF64: return napi_float64_array;
    case Element::kF32: return napi_float32_array;
    case Element::kU8: return napi_uint8_array;
    case Element::kU32: return napi_uint32_array;
  }
  return napi_uint8_array;
}

// Bytes may stand for any element: so a column of a message is used where it lies.
bool HasType(const View& view, Element element) {
  return view.type == napi_uint8_array || view.type == ArrayTypeOf(element);
}

bool HoldsRows(const View& view, size_t size, size_t end) { return view.bytes % size == 0 && view.bytes / size >= end; }

std::string CountOf(const View& view, size_t size) {
  return view.bytes % size == 0 ? std::to_string(view.bytes / size) : std::to_string(view.bytes) + " bytes";
}

bool ReadInput(napi_env env, napi_value value, size_t index, KernelCall* call) {
  const Element element = call->kernel->input_elements[index];
  const size_t size = SizeOf(element);
  View view;
  if (!ReadView(env, value, &view) || !HasType(view, element)) {
    return Refuse<Napi::TypeError>(env, Place("inputs", index) + " must be a view of " + NameOf(element));
  }
  const bool is_single = view.bytes == size;
  if (!is_single && !HoldsRows(view, size, call->end)) {
    return Refuse(env, Place("inputs", index) + " must hold " + std::to_string(call->end) + " " + NameOf(element) +
                           " or one, got " + CountOf(view, size));
  }
  call->inputs[index] = {view.data, is_single ? 0 : size};
  return true;
}

bool ReadOutput(napi_env env, napi_value value, size_t index, KernelCall* call) {
  napi_valuetype kind;
  napi_typeof(env, value, &kind);
  call->outputs[index] = nullptr;
  if (kind == napi_null) return true;
  const Element element = call->kernel->output_elements[index];
  View view;
  if (!ReadView(env, value, &view) || !HasType(view, element)) {
    return Refuse<Napi::TypeError>(env, Place("outputs", index) + " must be null or a view of " + NameOf(element));
  }
  if (!HoldsRows(view, SizeOf(element), call->end)) {
    return Refuse(env, Place("outputs", index) + " must hold " + std::to_string(call->end) + " " + NameOf(element) +
                           ", got " + CountOf(view, SizeOf(element)));
  }
  call->outputs[index] = view.data;
  return true;
}

using ReadColumn = bool (*)(napi_env, napi_value, size_t, KernelCall*);

bool ReadColumns(napi_env env, napi_value list, size_t count, const char* name, ReadColumn read, KernelCall* call) {
  bool is_array = false;
  uint32_t length = 0;
  napi_is_array(env, list, &is_array);
  if (is_array) napi_get_array_length(env, list, &length);
  if (!is_array || length != count) {
    return Refuse(env, std::string(name) + " must be an array of " + std::to_string(count) + " views");
  }
  for (uint32_t i = 0; i < length; ++i) {
    napi_value value;
    if (napi_get_element(env, list, i, &value) != napi_ok || !read(env, value, i, call)) return false;
  }
  return true;
}

bool ReadRows(const Napi::CallbackInfo& info, size_t first, KernelCall* call) {
  double begin = -1;
  double end = -1;
  napi_get_value_double(info.Env(), info[first], &begin);
  napi_get_value_double(info.Env(), info[first + 1], &end);
  // 2^32 rows of any element fit no buffer of Node.
  if (!(begin >= 0 && begin <= end && end < 4294967296.0) || begin != static_cast<uint32_t>(begin) ||
      end != static_cast<uint32_t>(end)) {
    return Refuse(info.Env(), "begin and end must be whole numbers, 0 <= begin <= end < 2^32");
  }
  call->begin = static_cast<size_t>(begin);
  call->end = static_cast<size_t>(end);
  return true;
}

bool FitsParams(const Kernel& kernel, size_t bytes) {
  if (kernel.params_step_bytes == 0 || bytes < kernel.params_bytes) return bytes == kernel.params_bytes;
  const size_t further = bytes - kernel.params_bytes;
  return further % kernel.params_step_bytes == 0 && further / kernel.params_step_bytes <= kParamsStepsMax;
}

bool ReadParams(const Napi::CallbackInfo& info, size_t index, KernelCall* call) {
  View view;
  if (!ReadView(info.Env(), info[index], &view) || view.type != napi_uint8_array) {
    return Refuse<Napi::TypeError>(info.Env(), "params must be a Uint8Array");
  }
  const Kernel& kernel = *call->kernel;
  if (!FitsParams(kernel, view.bytes)) {
    const std::string more =
        kernel.params_step_bytes == 0 ? "" : " and any number of " + std::to_string(kernel.params_step_bytes);
    return Refuse(info.Env(), "params must hold " + std::to_string(kernel.params_bytes) + more + " bytes, got " +
                                  std::to_string(view.bytes));
  }
  call->params.assign(view.data, view.data + view.bytes);
  return true;
}

}  // namespace

const char* NameOf(Element element) {
  switch (element) {
    case Element::kF64: return "f64";
    case Element::kF32: return "f32";
    case Element::kU8: return "u8";
    case Element::kU32: return "u32";
  }
  return "?";
}

bool ReadKernelCall(const Napi::CallbackInfo& info, size_t first, KernelCall* call) {
  size_t count = 0;
  const Kernel* kernels = Kernels(&count);
  double id = -1;
  napi_get_value_double(info.Env(), info[first], &id);
  if (!(id >= 0 && id < count) || id != static_cast<size_t>(id)) {
    return Refuse(info.Env(), "kernel must be the index of a kernel, below " + std::to_string(count));
  }
  call->kernel = &kernels[static_cast<size_t>(id)];
  return ReadRows(info, first + 4, call) && ReadParams(info, first + 1, call) &&
         ReadColumns(info.Env(), info[first + 2], call->kernel->inputs, "inputs", ReadInput, call) &&
         ReadColumns(info.Env(), info[first + 3], call->kernel->outputs, "outputs", ReadOutput, call) &&
         ReadGuard(info.Env(), info[first + 6], call);
}

bool CollectBuffers(const Napi::CallbackInfo& info, size_t first, Napi::Array* buffers) {
  *buffers = Napi::Array::New(info.Env());
  Buffers found(info.Env(), *buffers);
  for (const char* list : {"inputs", "outputs"}) {
    const Napi::Array columns = info[first + (list[0] == 'i' ? 2 : 3)].As<Napi::Array>();
    for (uint32_t i = 0, length = columns.Length(); i < length; ++i) {
      napi_value column;
      if (napi_get_element(info.Env(), columns, i, &column) != napi_ok) return false;
      if (!found.Add(column, Place(list, i))) return false;
    }
  }
  return CollectGuardBuffers(info.Env(), info[first + 6], &found);
}

}  // namespace acceld
