// Columns of options for tests: a pinned pseudo-random chain within the limits of the API, edges included, and the
// outputs.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

#include "../kernels/kernel.h"

namespace acceld {

constexpr size_t kOptionInputs = 7;
constexpr size_t kOptionOutputs = 9;
constexpr uint32_t kBlackScholesMerton = 1;
constexpr uint32_t kBlack76 = 2;

inline bool IsPriceOptions(const Kernel& kernel) { return std::strncmp(kernel.name, "price-options", 13) == 0; }

// Columns in the order of the kernel: type, underlying, strike, rate, dividend yield, volatility, years.
struct OptionChain {
  std::vector<unsigned char> type;
  std::vector<double> numbers[kOptionInputs - 1];

  size_t Rows() const { return type.size(); }
  void Add(unsigned char option_type, const double (&row)[kOptionInputs - 1]) {
    type.push_back(option_type);
    for (size_t i = 0; i + 1 < kOptionInputs; ++i) numbers[i].push_back(row[i]);
  }
};

// SplitMix64: the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t bits = (state_ += 0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  }
  uint64_t Below(uint64_t limit) { return Next() % limit; }
  double Between(double low, double high) { return low + (high - low) * (static_cast<double>(Next() >> 11) * 0x1p-53); }
  template <size_t count>
  double OneOf(const double (&values)[count]) {
    return values[Below(count)];
  }

 private:
  uint64_t state_;
};

inline OptionChain RandomChain(size_t rows) {
  OptionChain chain;
  Random random(20261124);
  for (size_t i = 0; i < rows; ++i) {
    const auto type = static_cast<unsigned char>(1 + random.Below(2));
    double row[] = {random.Between(50, 150),     random.Between(50, 150),   random.Between(-0.02, 0.08),
                    random.Between(-0.01, 0.06), random.Between(0.05, 0.9), random.Between(0.02, 3)};
    auto& [underlying, strike, rate, dividend_yield, volatility, years] = row;
    switch (random.Below(8)) {
      case 0:  // Deep in or out of the money.
        strike = random.Between(1, 1e4);
        volatility = random.Between(0.05, 0.4);
        break;
      case 1:  // The corners of the API.
        underlying = random.OneOf({1e-9, 5e-6, 1, 1e5, 1e12});
        strike = random.OneOf({1e-9, 5e-6, 1, 1e5, 1e12});
        volatility = random.OneOf({1e-9, 1e-4, 0.3, 10});
        years = random.OneOf({1e-9, 1e-3, 1, 25, 200});
        rate = random.OneOf({-50, -1e-30, 0, 1e-3, 50}) / (years > 25 ? years : 25);
        dividend_yield = random.OneOf({-50, 0, 1e-3, 50}) / (years > 25 ? years : 25);
        break;
      case 2:  // No variance, on both sides of the money.
        if (random.Below(2) != 0) volatility = 0;
        if (volatility != 0 || random.Below(2) != 0) years = 0;
        break;
      case 3:  // At the money forward, with and without variance.
        strike = underlying;
        dividend_yield = rate;
        if (random.Below(3) == 0) volatility = 0;
        if (random.Below(3) == 0) years = 0;
        break;
      case 4:  // Nearly no variance near the money.
        strike = underlying * random.Between(0.999, 1.001);
        volatility = random.OneOf({1e-9, 1e-6, 1e-3});
        break;
      default: break;
    }
    chain.Add(type, row);
  }
  return chain;
}

// A chain as a kernel of one element type sees it. Every column begins `misalignment` bytes after an aligned address.
class OptionColumns {
 public:
  OptionColumns(const OptionChain& chain, const Kernel& kernel, size_t misalignment)
      : size_(SizeOf(kernel.output_elements[0])), rows_(chain.Rows()) {
    inputs_[0].assign(misalignment, 0);
    inputs_[0].insert(inputs_[0].end(), chain.type.begin(), chain.type.end());
    columns[0] = {inputs_[0].data() + misalignment, 1};
    for (size_t i = 1; i < kOptionInputs; ++i) {
      inputs_[i].resize(misalignment + rows_ * size_);
      columns[i] = {inputs_[i].data() + misalignment, size_};
      for (size_t row = 0; row < rows_; ++row) Put(&inputs_[i][misalignment + row * size_], chain.numbers[i - 1][row]);
    }
    for (size_t i = 0; i < kOptionOutputs; ++i) {
      outputs_[i].assign(misalignment + rows_ * size_, kUntouched);
      outputs[i] = outputs_[i].data() + misalignment;
    }
  }

  static constexpr unsigned char kUntouched = 0xa5;

  double At(size_t output, size_t row) const {
    const unsigned char* from = outputs_[output].data() + outputs_[output].size() - (rows_ - row) * size_;
    float narrow;
    double wide;
    if (size_ == sizeof narrow) return __builtin_memcpy(&narrow, from, sizeof narrow), narrow;
    return __builtin_memcpy(&wide, from, sizeof wide), wide;
  }
  const std::vector<unsigned char>& Bytes(size_t output) const { return outputs_[output]; }
  size_t rows() const { return rows_; }
  size_t size() const { return size_; }

  Column columns[kOptionInputs];
  unsigned char* outputs[kOptionOutputs];

 private:
  void Put(unsigned char* to, double value) const {
    const float narrow = static_cast<float>(value);
    if (size_ == sizeof narrow) {
      __builtin_memcpy(to, &narrow, sizeof narrow);
    } else {
      __builtin_memcpy(to, &value, sizeof value);
    }
  }

  size_t size_, rows_;
  std::vector<unsigned char> inputs_[kOptionInputs], outputs_[kOptionOutputs];
};

}  // namespace acceld
