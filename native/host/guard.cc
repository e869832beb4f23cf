#include "guard.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace acceld {

namespace {

// Twenty columns of f64 take 320 KB: a block stays in the second cache.
constexpr size_t kBlockRows = 2048;

template <typename T>
T Load(const unsigned char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Counts instead of leaving early: without a branch the loop is vectorised. The count has the size of an element, as
// the lanes of a comparison have.
template <typename T, typename Count>
bool AllWithin(const Column& column, size_t rows, const Range& range) {
  const T min = static_cast<T>(range.min), max = static_cast<T>(range.max);
  // NaN equals nothing.
  const T zero = range.zero ? T{0} : static_cast<T>(std::nan(""));
  Count good = 0;
  for (size_t row = 0; row < rows; ++row) {
    const T value = Load<T>(column.data + row * sizeof(T));
    good += static_cast<Count>(((value >= min) & (value <= max)) | (value == zero));
  }
  return good == static_cast<Count>(rows);
}

bool CodesWithin(const Column& column, size_t rows, const Range& range) {
  const unsigned char min = static_cast<unsigned char>(range.min), max = static_cast<unsigned char>(range.max);
  unsigned char bad = 0;
  for (size_t row = 0; row < rows; ++row) bad |= (column.data[row] < min) | (column.data[row] > max);
  return bad == 0;
}

// A column of one value is checked once.
bool IsWithin(Element element, const Column& column, size_t rows, const Range& range) {
  if (std::isnan(range.min)) return true;
  const size_t length = column.stride == 0 ? 1 : rows;
  switch (element) {
    case Element::kF64: return AllWithin<double, int64_t>(column, length, range);
    case Element::kF32: return AllWithin<float, int32_t>(column, length, range);
    case Element::kU8: return CodesWithin(column, length, range);
    case Element::kU32: return false;  // No kernel has such an input.
  }
  return false;
}

template <typename T>
bool ProductsWithin(const Column& first, const Column& second, size_t rows, double max) {
  int64_t good = 0;
  for (size_t row = 0; row < rows; ++row) {
    const double product = static_cast<double>(Load<T>(first.data + row * first.stride)) *
                           static_cast<double>(Load<T>(second.data + row * second.stride));
    good += std::fabs(product) <= max;
  }
  return good == static_cast<int64_t>(rows);
}

bool IsInDomain(const Kernel& kernel, const Guard& guard, const Column* inputs, size_t rows) {
  for (size_t i = 0; i < kernel.inputs; ++i) {
    if (!IsWithin(kernel.input_elements[i], inputs[i], rows, guard.ranges[i])) return false;
  }
  for (const Product& product : guard.products) {
    const Column &first = inputs[product.first], &second = inputs[product.second];
    const size_t length = first.stride == 0 && second.stride == 0 ? 1 : rows;
    const bool is_wide = kernel.input_elements[product.first] == Element::kF64;
    if (!(is_wide ? ProductsWithin<double>(first, second, length, product.max)
                  : ProductsWithin<float>(first, second, length, product.max))) {
      return false;
    }
  }
  return true;
}

template <typename T>
void TakeFrom(unsigned char* column, size_t rows, uint32_t bit, unsigned char* mask) {
  for (size_t row = 0; row < rows; ++row) {
    if (std::isfinite(Load<T>(column + row * sizeof(T)))) continue;
    std::memset(column + row * sizeof(T), 0, sizeof(T));
    const uint32_t bits = Load<uint32_t>(mask + row * sizeof bits) | bit;
    std::memcpy(mask + row * sizeof bits, &bits, sizeof bits);
  }
}

// Moves what is not finite from the outputs to the mask.
void TakeUndefined(const Kernel& kernel, unsigned char* const* outputs, size_t rows, unsigned char* mask) {
  for (size_t i = 0; i < kernel.outputs; ++i) {
    if (outputs[i] == nullptr) continue;
    const bool is_wide = kernel.output_elements[i] == Element::kF64;
    (is_wide ? TakeFrom<double> : TakeFrom<float>)(outputs[i], rows, uint32_t{2} << i, mask);
  }
}

template <typename T>
void Narrow(const unsigned char* numbers, size_t rows, unsigned char* codes) {
  for (size_t row = 0; row < rows; ++row) codes[row] = static_cast<unsigned char>(Load<T>(numbers + row * sizeof(T)));
}

// The rows [begin, begin + rows) of the run, as columns of their own.
uint32_t RunBlock(const Kernel& kernel, const Guard& guard, const KernelRun& run, size_t begin, size_t rows) {
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
  alignas(64) unsigned char numbers[kCodesMax][kBlockRows * sizeof(double)];
  for (size_t i = 0; i < kernel.inputs; ++i) {
    inputs[i] = {run.inputs[i].data + begin * run.inputs[i].stride, run.inputs[i].stride};
  }
  for (size_t i = 0; i < kernel.outputs; ++i) {
    outputs[i] = run.outputs[i] == nullptr ? nullptr : run.outputs[i] + begin * SizeOf(kernel.output_elements[i]);
  }
  for (size_t i = 0; i < guard.codes.size(); ++i) outputs[guard.codes[i].output] = numbers[i];
  if (!IsInDomain(kernel, guard, inputs, rows)) return kOutOfDomain;
  const uint32_t flags = kernel.function({run.params, inputs, outputs, 0, rows, run.params_bytes});
  if (guard.mask != nullptr) {
    unsigned char* mask = guard.mask + begin * sizeof(uint32_t);
    std::memset(mask, 0, rows * sizeof(uint32_t));
    if ((flags & kNotFinite) != 0) TakeUndefined(kernel, outputs, rows, mask);
  }
  for (size_t i = 0; i < guard.codes.size(); ++i) {
    const bool is_wide = kernel.output_elements[guard.codes[i].output] == Element::kF64;
    (is_wide ? Narrow<double> : Narrow<float>)(numbers[i], rows, guard.codes[i].bytes + begin);
  }
  return flags;
}

}  // namespace

uint32_t RunGuarded(const Kernel& kernel, const Guard& guard, const KernelRun& run) {
  uint32_t flags = 0;
  for (size_t begin = run.begin; begin < run.end && (flags & kOutOfDomain) == 0; begin += kBlockRows) {
    flags |= RunBlock(kernel, guard, run, begin, std::min(kBlockRows, run.end - begin));
  }
  return flags;
}

}  // namespace acceld
