#include "guard_arguments.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace acceld {

namespace {

constexpr size_t kNumbersPerRange = 3, kNumbersPerProduct = 3;
// Each costs a pass over its two columns.
constexpr size_t kProductsMax = 8;

bool IsNumberColumn(const Kernel& kernel, double index) {
  return index >= 0 && index < kernel.inputs && index == static_cast<size_t>(index) &&
         kernel.input_elements[static_cast<size_t>(index)] != Element::kU8;
}

// False: the numbers do not describe a domain of the kernel.
bool ReadDomain(const Kernel& kernel, const double* numbers, size_t count, Domain* domain) {
  const size_t ranges = kernel.inputs * kNumbersPerRange;
  if (count < ranges || (count - ranges) % kNumbersPerProduct != 0) return false;
  if ((count - ranges) / kNumbersPerProduct > kProductsMax) return false;
  for (const double* at = numbers; at < numbers + ranges; at += kNumbersPerRange) {
    domain->ranges.push_back({at[0], at[1], at[2] != 0});
  }
  for (const double* at = numbers + ranges; at < numbers + count; at += kNumbersPerProduct) {
    if (!IsNumberColumn(kernel, at[0]) || !IsNumberColumn(kernel, at[1])) return false;
    domain->products.push_back({static_cast<size_t>(at[0]), static_cast<size_t>(at[1]), at[2]});
  }
  return true;
}

// The view of `count` elements of `size` bytes, or null where the value is null. False: neither.
bool ReadBytes(napi_env env, napi_value value, size_t bytes, unsigned char** data) {
  napi_valuetype kind;
  napi_typeof(env, value, &kind);
  *data = nullptr;
  if (kind == napi_null || kind == napi_undefined) return true;
  View view;
  if (!ReadView(env, value, &view) || view.type != napi_uint8_array || view.bytes < bytes) return false;
  *data = view.data;
  return true;
}

bool ReadCodes(napi_env env, napi_value list, const KernelCall& call, Guard* guard) {
  uint32_t length = 0;
  if (napi_get_array_length(env, list, &length) != napi_ok || length != call.kernel->outputs) return false;
  for (uint32_t i = 0; i < length; ++i) {
    napi_value value;
    Codes codes{i, nullptr};
    if (napi_get_element(env, list, i, &value) != napi_ok || !ReadBytes(env, value, call.end, &codes.bytes))
      return false;
    if (codes.bytes != nullptr) guard->codes.push_back(codes);
  }
  return guard->codes.size() <= kCodesMax;
}

// Of the inputs, then of the outputs: as many rows as the call has, or one value that holds for all. Undefined: none.
bool ReadCopies(napi_env env, napi_value list, Way way, const KernelCall& call, Guard* guard) {
  uint32_t length = 0;
  const Kernel& kernel = *call.kernel;
  if (napi_get_array_length(env, list, &length) != napi_ok || length != kernel.inputs + kernel.outputs) return false;
  for (uint32_t i = 0; i < length; ++i) {
    const bool is_input = i < kernel.inputs;
    const size_t output = i - kernel.inputs;
    const size_t size = SizeOf(is_input ? kernel.input_elements[i] : kernel.output_elements[output]);
    const size_t rows = is_input && call.inputs[i].stride == 0 ? 1 : call.end - call.begin;
    napi_value value;
    if (napi_get_element(env, list, i, &value) != napi_ok) return false;
    if (!ReadBytes(env, value, rows * size, &guard->copies[i])) return false;
    if (guard->copies[i] != nullptr) continue;
    const auto is_coded = [output](const Codes& codes) { return codes.output == output; };
    const bool is_wanted =
        is_input || call.outputs[output] != nullptr || std::any_of(guard->codes.begin(), guard->codes.end(), is_coded);
    if (is_wanted) return false;
  }
  guard->way = way;
  return true;
}

napi_value Field(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) napi_get_undefined(env, &value);
  return value;
}

bool HasType(napi_env env, napi_value value, napi_valuetype type) {
  napi_valuetype kind;
  return napi_typeof(env, value, &kind) == napi_ok && kind == type;
}

constexpr std::pair<const char*, Way> kCopies[] = {{"copiesThere", Way::kThere}, {"copiesBack", Way::kBack}};

bool CollectColumns(napi_env env, napi_value object, const char* name, Buffers* buffers) {
  const napi_value columns = Field(env, object, name);
  uint32_t length = 0;
  napi_get_array_length(env, columns, &length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value column;
    const std::string place = Place((std::string("guard.") + name).c_str(), i);
    if (napi_get_element(env, columns, i, &column) != napi_ok || !buffers->Add(column, place)) return false;
  }
  return true;
}

}  // namespace

bool ReadGuard(napi_env env, napi_value value, KernelCall* call) {
  if (HasType(env, value, napi_undefined)) return true;
  if (!HasType(env, value, napi_object)) return Refuse<Napi::TypeError>(env, "guard must be an object or undefined");
  auto guard = std::make_shared<Guard>();
  View domain;
  if (!call->kernel->checks_domain) return Refuse<Napi::TypeError>(env, "the kernel takes no guard");
  if (!ReadView(env, Field(env, value, "domain"), &domain) || domain.type != napi_float64_array ||
      !ReadDomain(*call->kernel, reinterpret_cast<const double*>(domain.data), domain.bytes / sizeof(double),
                  &guard->domain)) {
    return Refuse<Napi::TypeError>(env, "guard.domain must be a Float64Array that describes the kernel's inputs");
  }
  if (!ReadBytes(env, Field(env, value, "mask"), call->end * sizeof(uint32_t), &guard->mask)) {
    return Refuse(env, "guard.mask must be null or a Uint8Array of 4 bytes a row");
  }
  if (!ReadCodes(env, Field(env, value, "codes"), *call, guard.get())) {
    return Refuse(env, "guard.codes must be null or a Uint8Array of a byte a row for each output, at most 2");
  }
  for (const auto& [name, way] : kCopies) {
    const napi_value copies = Field(env, value, name);
    if (!HasType(env, copies, napi_undefined) && !ReadCopies(env, copies, way, *call, guard.get())) {
      return Refuse(env, std::string("guard.") + name + " must be a Uint8Array of the call's rows for each column");
    }
  }
  call->guard = std::move(guard);
  return true;
}

bool CollectGuardBuffers(napi_env env, napi_value value, Buffers* buffers) {
  if (HasType(env, value, napi_undefined)) return true;
  if (!buffers->Add(Field(env, value, "mask"), "guard.mask")) return false;
  if (!CollectColumns(env, value, "codes", buffers)) return false;
  return std::all_of(std::begin(kCopies), std::end(kCopies),
                     [&](const auto& copies) { return CollectColumns(env, value, copies.first, buffers); });
}

}  // namespace acceld
