// Columns of quotes for tests of implied-volatility.
#pragma once
#include <vector>

#include "kernel_of.h"
#include "option_chain.h"

namespace acceld {

constexpr size_t kImpliedNumbers = 6;

struct ImpliedQuote {
  unsigned char type;
  double underlying, strike, rate, dividend_yield, years, price;
};

enum ImpliedStatus { kOk = 1, kBelowIntrinsic, kAboveBound, kInvalidInput, kIllConditioned };

// Quotes in columns, and the outputs of the kernel.
class ImpliedChain {
 public:
  void Add(const ImpliedQuote& quote) {
    const double row[] = {quote.underlying, quote.strike, quote.rate, quote.dividend_yield, quote.years, quote.price};
    types_.push_back(quote.type);
    for (size_t i = 0; i < kImpliedNumbers; ++i) numbers_[i].push_back(row[i]);
    volatility.push_back(-1);
    status.push_back(-1);
  }
  size_t Rows() const { return types_.size(); }
  ImpliedQuote Quote(size_t row) const {
    return {types_[row],      numbers_[0][row], numbers_[1][row], numbers_[2][row],
            numbers_[3][row], numbers_[4][row], numbers_[5][row]};
  }

  // Everything but the rows, until the chain changes.
  KernelRun Bind() {
    inputs_[0] = {types_.data(), 1};
    for (size_t i = 0; i < kImpliedNumbers; ++i) {
      inputs_[i + 1] = {reinterpret_cast<unsigned char*>(numbers_[i].data()), sizeof(double)};
    }
    outputs_[0] = reinterpret_cast<unsigned char*>(volatility.data());
    outputs_[1] = reinterpret_cast<unsigned char*>(status.data());
    return {&reserved_, inputs_, outputs_, 0, 0, sizeof reserved_};
  }
  uint32_t Run(const Kernel& kernel, size_t begin, size_t end) {
    KernelRun run = Bind();
    run.begin = begin;
    run.end = end;
    return kernel.function(run);
  }

  std::vector<double> volatility, status;

 private:
  std::vector<unsigned char> types_;
  std::vector<double> numbers_[kImpliedNumbers];
  const uint32_t reserved_ = 0;
  Column inputs_[1 + kImpliedNumbers];
  unsigned char* outputs_[2];
};

// The chain's options at their prices by the kernel price-options-f64.
inline ImpliedChain PricedChain(const OptionChain& chain, const KernelSet& set) {
  const Kernel& kernel = KernelOf(set, "price-options-f64");
  OptionColumns columns(chain, kernel, 0);
  kernel.function({&kBlackScholesMerton, columns.columns, columns.outputs, 0, chain.Rows()});
  ImpliedChain quotes;
  for (size_t row = 0; row < chain.Rows(); ++row) {
    quotes.Add({chain.type[row], chain.numbers[0][row], chain.numbers[1][row], chain.numbers[2][row],
                chain.numbers[3][row], chain.numbers[5][row], columns.At(0, row)});
  }
  return quotes;
}

}  // namespace acceld
