// Columns of options under a guard: the kernel runs on them, or elsewhere on their copies.
#pragma once
#include <cstring>
#include <vector>

#include "../host/guard.h"
#include "option_chain.h"

namespace acceld {

constexpr size_t kRows = 3 * kGuardRows + 5;

// Of price-options: ranges of its seven inputs, and |rate x years| and |yield x years|.
inline Guard OptionGuard() {
  Guard guard;
  guard.domain.ranges = {{1, 2, false},  {1e-9, 1e12, false}, {1e-9, 1e12, false}, {-2, 2, false},
                         {-2, 2, false}, {1e-9, 10, true},    {1e-9, 200, true}};
  guard.domain.products = {{3, 6, 50}, {4, 6, 50}};
  return guard;
}

// Columns of a kernel, all rows alike but for what a test sets.
class Columns {
 public:
  Columns(const Kernel& kernel, bool elsewhere) : kernel_(kernel), elsewhere_(elsewhere) {
    static const double numbers[] = {1, 100, 100, 0.05, 0.01, 0.2, 1};
    for (size_t i = 0; i < kernel.inputs; ++i) {
      memory_[i].resize(kRows * SizeOf(kernel.input_elements[i]));
      for (size_t row = 0; row < kRows; ++row) Set(i, row, numbers[i]);
      inputs_[i] = {memory_[i].data(), SizeOf(kernel.input_elements[i])};
    }
    for (size_t i = 0; i < kernel.outputs; ++i) {
      results_[i].resize(kRows * SizeOf(kernel.output_elements[i]));
      outputs_[i] = results_[i].data();
    }
    mask_.assign(kRows, 0xffffffff);
  }

  void Set(size_t column, size_t row, double value) {
    unsigned char* place = memory_[column].data() + row * SizeOf(kernel_.input_elements[column]);
    const float narrow = static_cast<float>(value);
    switch (kernel_.input_elements[column]) {
      case Element::kF64: std::memcpy(place, &value, sizeof value); return;
      case Element::kF32: std::memcpy(place, &narrow, sizeof narrow); return;
      default: *place = static_cast<unsigned char>(value);
    }
  }

  uint32_t Run(const Guard& guard, size_t begin = 0, size_t end = kRows) {
    const KernelRun run{&params_, inputs_, outputs_, begin, end, kernel_.params_bytes};
    return elsewhere_ ? RunElsewhere(guard, run) : RunGuarded(kernel_, guard, run);
  }

  unsigned char* mask() { return reinterpret_cast<unsigned char*>(mask_.data()); }
  uint32_t MaskOf(size_t row) const { return mask_[row]; }
  std::vector<unsigned char>& output(size_t index) { return results_[index]; }

 private:
  // As a worker gets the columns, and gives the results.
  uint32_t RunElsewhere(Guard guard, const KernelRun& run) {
    const size_t rows = run.end - run.begin;
    std::vector<unsigned char> memory[2 * kColumnsMax];
    Column inputs[kColumnsMax];
    for (size_t i = 0; i < kernel_.inputs + kernel_.outputs; ++i) {
      const bool is_input = i < kernel_.inputs;
      const Element element = is_input ? kernel_.input_elements[i] : kernel_.output_elements[i - kernel_.inputs];
      // What another job left there.
      memory[i].assign(rows * SizeOf(element), 0xee);
      guard.copies[i] = memory[i].data();
      if (is_input) inputs[i] = {guard.copies[i], SizeOf(element)};
    }
    guard.way = Way::kThere;
    const uint32_t refused = RunGuarded(kernel_, guard, run);
    if (refused != 0) return refused;
    for (size_t i = kernel_.inputs; i < kernel_.inputs + kernel_.outputs; ++i) {
      for (const unsigned char byte : memory[i]) {
        if (byte != 0) return ~uint32_t{0};
      }
    }
    kernel_.function({run.params, inputs, guard.copies + kernel_.inputs, 0, rows, run.params_bytes});
    guard.way = Way::kBack;
    return RunGuarded(kernel_, guard, run);
  }

  const Kernel& kernel_;
  const bool elsewhere_;
  const uint32_t params_ = kBlackScholesMerton;
  std::vector<unsigned char> memory_[kColumnsMax];
  std::vector<unsigned char> results_[kColumnsMax];
  Column inputs_[kColumnsMax];
  unsigned char* outputs_[kColumnsMax];
  std::vector<uint32_t> mask_;
};

}  // namespace acceld
