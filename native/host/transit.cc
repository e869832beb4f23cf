#include "transit.h"

#include <cmath>

namespace acceld {

namespace {

// As domain_entry.h judges on the way into a kernel.
template <typename T>
bool AreInRange(const Column& column, size_t rows, const Range& range) {
  const T min = static_cast<T>(range.min), max = static_cast<T>(range.max);
  bool good = true;
  for (size_t row = 0; row < rows; ++row) {
    const T value = Load<T>(column.data + row * column.stride);
    good &= (value >= min && value <= max) || (range.zero && value == 0);
  }
  return good;
}

bool AreInRange(Element element, const Column& column, size_t rows, const Range& range) {
  if (std::isnan(range.min)) return true;
  switch (element) {
    case Element::kF64: return AreInRange<double>(column, rows, range);
    case Element::kF32: return AreInRange<float>(column, rows, range);
    case Element::kU32: return AreInRange<uint32_t>(column, rows, range);
    case Element::kU8: return AreInRange<uint8_t>(column, rows, range);
  }
  return false;
}

// A product of two f32 is exact in f64.
template <typename T>
bool AreProductsInRange(const Column& first, const Column& second, size_t rows, double max) {
  const double bound = static_cast<T>(max);
  bool good = true;
  for (size_t row = 0; row < rows; ++row) {
    const double one = Load<T>(first.data + row * first.stride), other = Load<T>(second.data + row * second.stride);
    good &= std::fabs(one * other) <= bound;
  }
  return good;
}

template <typename T>
bool AreFinite(const unsigned char* column, size_t rows) {
  bool good = true;
  for (size_t row = 0; row < rows; ++row) good &= std::isfinite(Load<T>(column + row * sizeof(T)));
  return good;
}

}  // namespace

uint32_t TakeThere(const Kernel& kernel, const Guard& guard, const KernelRun& run, size_t begin, size_t rows) {
  const size_t offset = begin - run.begin;
  Column copies[kColumnsMax];
  bool good = true;
  for (size_t i = 0; i < kernel.inputs; ++i) {
    const Column& from = run.inputs[i];
    const size_t size = SizeOf(kernel.input_elements[i]);
    unsigned char* const copy = guard.copies[i] + offset * from.stride;
    // A value that holds for every row is taken once: a caller may change it while the rows that follow are judged.
    if (from.stride != 0 || offset == 0) {
      std::memcpy(copy, from.data + begin * from.stride, from.stride == 0 ? size : rows * size);
    }
    copies[i] = {copy, from.stride};
    good &= AreInRange(kernel.input_elements[i], copies[i], from.stride == 0 ? 1 : rows, guard.domain.ranges[i]);
  }
  for (const BoundedProduct& product : guard.domain.products) {
    const bool is_wide = kernel.input_elements[product.first] == Element::kF64;
    const auto judge = is_wide ? AreProductsInRange<double> : AreProductsInRange<float>;
    good &= judge(copies[product.first], copies[product.second], rows, product.max);
  }
  for (size_t i = 0; i < kernel.outputs; ++i) {
    unsigned char* const copy = guard.copies[kernel.inputs + i];
    const size_t size = SizeOf(kernel.output_elements[i]);
    if (copy != nullptr) std::memset(copy + offset * size, 0, rows * size);
  }
  return good ? 0 : kOutOfDomain;
}

uint32_t TakeBack(const Kernel& kernel, const Guard& guard, const KernelRun& block, size_t offset) {
  bool good = true;
  for (size_t i = 0; i < kernel.outputs; ++i) {
    if (block.outputs[i] == nullptr) continue;
    const bool is_wide = kernel.output_elements[i] == Element::kF64;
    const size_t size = SizeOf(kernel.output_elements[i]);
    std::memcpy(block.outputs[i], guard.copies[kernel.inputs + i] + offset * size, block.end * size);
    good &= (is_wide ? AreFinite<double> : AreFinite<float>)(block.outputs[i], block.end);
  }
  return good ? 0 : kNotFinite;
}

}  // namespace acceld
