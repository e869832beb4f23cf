#include "guard.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "transit.h"

namespace acceld {

namespace {

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

// Of a region that is used again mostly not: to look costs half of writing.
bool HasBits(const unsigned char* mask, size_t rows) {
  uint32_t bits = 0;
  for (size_t row = 0; row < rows; ++row) bits |= Load<uint32_t>(mask + row * sizeof bits);
  return bits != 0;
}

// Into the cache while the kernel computes.
void FetchAhead(const unsigned char* memory, size_t bytes) {
  constexpr size_t kCacheLine = 64;
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(memory + at);
}

// A worker may give what is no code.
template <typename T>
void Narrow(const unsigned char* numbers, size_t rows, unsigned char* codes) {
  for (size_t row = 0; row < rows; ++row) {
    const T number = Load<T>(numbers + row * sizeof(T));
    codes[row] = number >= 0 && number <= 255 ? static_cast<unsigned char>(number) : 0;
  }
}

// The rows [begin, begin + rows) of the run, as columns of their own.
uint32_t RunBlock(const Kernel& kernel, const Guard& guard, const KernelRun& run, size_t begin, size_t rows) {
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
  alignas(64) unsigned char numbers[kCodesMax][kGuardRows * sizeof(double)];
  for (size_t i = 0; i < kernel.inputs; ++i) {
    inputs[i] = {run.inputs[i].data + begin * run.inputs[i].stride, run.inputs[i].stride};
  }
  for (size_t i = 0; i < kernel.outputs; ++i) {
    outputs[i] = run.outputs[i] == nullptr ? nullptr : run.outputs[i] + begin * SizeOf(kernel.output_elements[i]);
  }
  for (size_t i = 0; i < guard.codes.size(); ++i) outputs[guard.codes[i].output] = numbers[i];
  if (guard.mask != nullptr) FetchAhead(guard.mask + begin * sizeof(uint32_t), rows * sizeof(uint32_t));
  const KernelRun block{run.params, inputs, outputs, 0, rows, run.params_bytes, &guard.domain};
  const uint32_t flags =
      guard.way == Way::kBack ? TakeBack(kernel, guard, block, begin - run.begin) : kernel.function(block);
  if (guard.mask != nullptr) {
    unsigned char* mask = guard.mask + begin * sizeof(uint32_t);
    if (HasBits(mask, rows)) std::memset(mask, 0, rows * sizeof(uint32_t));
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
  uint32_t flags = 0, block = 0;
  for (size_t begin = run.begin; begin < run.end; begin += kGuardRows, ++block) {
    const size_t rows = std::min(kGuardRows, run.end - begin);
    flags |= guard.way == Way::kThere ? TakeThere(kernel, guard, run, begin, rows)
                                      : RunBlock(kernel, guard, run, begin, rows);
    if ((flags & kOutOfDomain) != 0) return flags | block << kGuardBlockShift;
  }
  return flags;
}

}  // namespace acceld
