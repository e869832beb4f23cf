// Every kernel of every instruction set that this machine runs. Reads the reference rows from the path in its argument,
// or from the repository that it is started in.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>

#include "../backends/cpu/dispatch.h"
#include "option_reference.h"

namespace {

using namespace acceld;

// What is wrong, empty if nothing is.
using Case = std::function<std::string(const Kernel&)>;

constexpr size_t kRows = 4099;  // Odd, so that every width has a remainder.
const OptionChain& Chain() {
  static const OptionChain chain = RandomChain(kRows);
  return chain;
}

uint32_t RunRows(const Kernel& kernel, const OptionColumns& data, size_t begin, size_t end) {
  return kernel.function({&kBlackScholesMerton, data.columns, data.outputs, begin, end});
}

std::string SameOutputs(const OptionColumns& left, const OptionColumns& right, const char* what) {
  for (size_t output = 0; output < kOptionOutputs; ++output) {
    if (left.outputs[output] == nullptr || right.outputs[output] == nullptr) continue;
    for (size_t row = 0; row < left.rows(); ++row) {
      const double a = left.At(output, row), b = right.At(output, row);
      if (std::memcmp(&a, &b, sizeof a) == 0) continue;
      return std::string(what) + ": " + kOptionOutputNames[output] + " of row " + std::to_string(row);
    }
  }
  return "";
}

std::string MeetsReferences(const Kernel& kernel, const OptionReferences& references) {
  const bool is_f32 = kernel.output_elements[0] == Element::kF32;
  const OptionColumns data(references.chain, kernel, 0);
  const size_t rows = references.rows.size();
  RunRows(kernel, data, 0, rows);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t output = 0; output < kOptionOutputs; ++output) {
      const ExpectedValue& expected = references.rows[row].outputs[output];
      const double got = data.At(output, row);
      // Below the normal numbers of f32 a value counts as 0.
      const double floor = is_f32 ? 1.2e-38 : 0;
      const double allowed = std::max(expected.tolerance * (is_f32 ? 0x1p29 : 1), floor);
      const bool met = expected.defined ? std::abs(got - expected.value) <= allowed : std::isnan(got);
      if (!expected.listed || met) continue;
      char text[200];
      std::snprintf(text, sizeof text, "%s %s: %.17g, expected %.17g +- %.3g", references.rows[row].id.c_str(),
                    kOptionOutputNames[output], got, expected.value, allowed);
      return text;
    }
  }
  return "";
}

std::string BordersChangeNothing(const Kernel& kernel) {
  const OptionColumns once(Chain(), kernel, 0), pieces(Chain(), kernel, 0);
  RunRows(kernel, once, 0, kRows);
  Random random(7);
  for (size_t begin = 0, end; begin < kRows; begin = end) {
    end = std::min<size_t>(kRows, begin + 1 + random.Below(70));
    RunRows(kernel, pieces, begin, end);
  }
  return SameOutputs(once, pieces, "in pieces");
}

std::string AddressesChangeNothing(const Kernel& kernel) {
  const OptionColumns aligned(Chain(), kernel, 0);
  RunRows(kernel, aligned, 0, kRows);
  for (const size_t misalignment : {1, 3, 7}) {
    const OptionColumns shifted(Chain(), kernel, misalignment);
    RunRows(kernel, shifted, 0, kRows);
    const std::string fault = SameOutputs(aligned, shifted, "misaligned");
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string OneValueHoldsForEveryRow(const Kernel& kernel) {
  for (size_t input = 0; input < kOptionInputs; ++input) {
    OptionChain chain = Chain();
    for (size_t row = 0; row < kRows; ++row) {
      if (input == 0) chain.type[row] = chain.type[0];
      if (input > 0) chain.numbers[input - 1][row] = chain.numbers[input - 1][0];
    }
    OptionColumns repeated(chain, kernel, 0), broadcast(chain, kernel, 0);
    broadcast.columns[input].stride = 0;
    RunRows(kernel, repeated, 0, kRows);
    RunRows(kernel, broadcast, 0, kRows);
    const std::string fault = SameOutputs(repeated, broadcast, "one value");
    if (!fault.empty()) return fault + ", input " + std::to_string(input);
  }
  return "";
}

std::string UnwantedOutputsChangeNothing(const Kernel& kernel) {
  const OptionColumns all(Chain(), kernel, 0);
  RunRows(kernel, all, 0, kRows);
  for (size_t wanted = 0; wanted <= kOptionOutputs; ++wanted) {
    OptionColumns one(Chain(), kernel, 0);
    unsigned char* const kept = wanted < kOptionOutputs ? one.outputs[wanted] : nullptr;
    for (unsigned char*& output : one.outputs) output = output == kept ? kept : nullptr;
    RunRows(kernel, one, 0, kRows);
    const std::string fault = SameOutputs(all, one, "alone");
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string OtherRowsStayUntouched(const Kernel& kernel) {
  for (size_t rows = 1; rows <= 40; ++rows) {
    const size_t begin = 64 - rows % 5, end = begin + rows;
    const OptionColumns data(Chain(), kernel, 1);
    RunRows(kernel, data, begin, end);
    for (size_t output = 0; output < kOptionOutputs; ++output) {
      const std::vector<unsigned char>& bytes = data.Bytes(output);
      for (size_t i = 0; i < bytes.size(); ++i) {
        const bool inside = i >= 1 + begin * data.size() && i < 1 + end * data.size();
        if (!inside && bytes[i] != OptionColumns::kUntouched) return "byte " + std::to_string(i) + " was written";
      }
    }
  }
  return "";
}

std::string Black76DiffersInRhoAlone(const Kernel& kernel) {
  OptionChain chain = Chain();
  chain.numbers[3] = chain.numbers[2];  // The rate as dividend yield.
  OptionColumns spot(chain, kernel, 0), forward(chain, kernel, 0);
  RunRows(kernel, spot, 0, kRows);
  kernel.function({&kBlack76, forward.columns, forward.outputs, 0, kRows});
  const bool is_f32 = kernel.output_elements[0] == Element::kF32;
  for (size_t row = 0; row < kRows; ++row) {
    const double years = chain.numbers[5][row], price = forward.At(0, row);
    const double product = is_f32 ? -static_cast<float>(years) * static_cast<float>(price) : -years * price;
    const double expected = is_f32 && std::abs(product) < std::numeric_limits<float>::min() ? 0 : product;
    if (forward.At(5, row) != expected) return "rho of row " + std::to_string(row);
  }
  spot.outputs[5] = nullptr;
  return SameOutputs(spot, forward, "Black-76");
}

std::string TellsOfUndefinedValues(const Kernel& kernel) {
  OptionChain chain;
  for (size_t row = 0; row < 37; ++row) chain.Add(1, {100, 90, 0.05, 0, 0.2, 1});
  if (RunRows(kernel, OptionColumns(chain, kernel, 0), 0, 37) != 0) return "a finite chain is flagged";
  for (size_t row = 0; row < 37; ++row) {
    OptionChain kinked = chain;
    kinked.numbers[0][row] = kinked.numbers[1][row];
    kinked.numbers[5][row] = 0;
    OptionColumns data(kinked, kernel, 0);
    if (RunRows(kernel, data, 0, 37) != kNotFinite) return "row " + std::to_string(row) + " is not flagged";
    // Gamma and theta are undefined, and must be the one quiet NaN.
    for (size_t output = 0; output < kOptionOutputs; ++output) {
      const double got = data.At(output, row), undefined = std::numeric_limits<double>::quiet_NaN();
      const bool is_undefined = std::memcmp(&got, &undefined, sizeof got) == 0;
      if (is_undefined != (output == 2 || output == 4)) return kOptionOutputNames[output];
    }
    data.outputs[2] = data.outputs[4] = nullptr;
    if (RunRows(kernel, data, 0, 37) != 0) return "flagged for a value that is not wanted";
  }
  return "";
}

// At the money forward every value but gamma without volatility is the limit for volatility -> 0.
std::string NoVolatilityIsALimit(const Kernel& kernel) {
  OptionChain without, little;
  for (const double years : {0.01, 1.0, 40.0}) {
    for (const unsigned char type : {1, 2}) {
      without.Add(type, {80, 80, 0.03, 0.03, 0, years});
      little.Add(type, {80, 80, 0.03, 0.03, 1e-6, years});
    }
  }
  const OptionColumns limit(without, kernel, 0), near(little, kernel, 0);
  RunRows(kernel, limit, 0, without.Rows());
  RunRows(kernel, near, 0, little.Rows());
  for (size_t row = 0; row < without.Rows(); ++row) {
    for (size_t output = 0; output < kOptionOutputs; ++output) {
      if (output == 2) continue;
      const double got = limit.At(output, row), expected = near.At(output, row);
      if (std::abs(got - expected) > 1e-5 * std::abs(expected) + 2e-3) return kOptionOutputNames[output];
    }
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  const OptionReferences references = ReadOptionReferences(argc > 1 ? argv[1] : "test/reference/options-european.json");
  const std::pair<const char*, Case> cases[] = {
      {"meets the references", [&](const Kernel& kernel) { return MeetsReferences(kernel, references); }},
      {"borders change nothing", BordersChangeNothing},
      {"addresses change nothing", AddressesChangeNothing},
      {"one value holds for every row", OneValueHoldsForEveryRow},
      {"unwanted outputs change nothing", UnwantedOutputsChangeNothing},
      {"other rows stay untouched", OtherRowsStayUntouched},
      {"Black-76 differs in rho alone", Black76DiffersInRhoAlone},
      {"tells of undefined values", TellsOfUndefinedValues},
      {"no volatility is a limit", NoVolatilityIsALimit},
  };
  bool failed = false;
  for (const KernelSet* set : RunnableKernelSets()) {
    for (size_t i = 0; i < set->count; ++i) {
      if (!IsPriceOptions(set->kernels[i])) continue;
      for (const auto& [name, run] : cases) {
        const std::string fault = run(set->kernels[i]);
        failed |= !fault.empty();
        std::printf("%s %s %s %s%s%s\n", fault.empty() ? "ok" : "not ok", set->instruction_set, set->kernels[i].name,
                    name, fault.empty() ? "" : ": ", fault.c_str());
      }
    }
  }
  return failed ? 1 : 0;
}
