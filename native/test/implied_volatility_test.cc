// implied-volatility on every instruction set that this machine runs. Reads the reference rows from the path in its
// argument, or from the repository that it is started in. Prints the worst row of each group.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>

#include "implied_chain.h"
#include "option_reference.h"

namespace {

using namespace acceld;

// What is wrong, empty if nothing is.
using Case = std::function<std::string(const KernelSet&, const Kernel&)>;

struct Reference {
  std::string id, group, error;
  double volatility, tolerance;  // Relative.
};

std::string WordAfter(const std::string& line, const char* name) {
  const std::string text = After(line, name);
  return text.empty() ? "" : text.substr(1, text.find('"', 1) - 1);
}

// NaN and infinity stand in quotation marks.
double QuotedNumber(const std::string& line, const char* name) {
  const std::string text = After(line, name);
  return std::strtod(text.c_str() + (text[0] == '"' ? 1 : 0), nullptr);
}

struct References {
  ImpliedChain chain;
  std::vector<Reference> rows;
};

References ReadReferences(const std::string& path) {
  std::ifstream file(path);
  References references;
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"id\":") == std::string::npos) continue;
    references.rows.push_back({WordAfter(line, "id"), WordAfter(line, "group"), WordAfter(line, "error"),
                               QuotedNumber(line, "vol"), QuotedNumber(line, "tolRel")});
    const unsigned char type = WordAfter(line, "type") == "call" ? 1 : 2;
    references.chain.Add({type, QuotedNumber(line, "spot"), QuotedNumber(line, "strike"), QuotedNumber(line, "rate"),
                          QuotedNumber(line, "divYield"), QuotedNumber(line, "tYears"), QuotedNumber(line, "price")});
  }
  if (references.rows.size() < 400) throw std::runtime_error(path + ": the rows are missing");
  return references;
}

int StatusOf(const std::string& error) {
  const char* const names[] = {"", "BELOW_INTRINSIC", "ABOVE_BOUND", "INVALID_INPUT"};
  for (int i = 0; i < 4; ++i) {
    if (error == names[i]) return kOk + i;
  }
  throw std::runtime_error("unknown error " + error);
}

std::string MeetsReferences(const Kernel& kernel, References references) {
  ImpliedChain& chain = references.chain;
  chain.Run(kernel, 0, chain.Rows());
  std::map<std::string, double> worst;
  std::string fault;
  for (size_t row = 0; row < chain.Rows(); ++row) {
    const Reference& reference = references.rows[row];
    const double expected = reference.error.empty() ? reference.volatility : 0;
    const double off = std::abs(chain.volatility[row] - expected);
    const double allowed = reference.error.empty() ? reference.tolerance * expected : 0;
    worst[reference.group] = std::max(worst[reference.group], off == 0 ? 0 : off / allowed);
    if (off <= allowed && chain.status[row] == StatusOf(reference.error)) continue;
    char text[200];
    std::snprintf(text, sizeof text, "%s: %.17g status %g, expected %.17g +- %.3g %s\n", reference.id.c_str(),
                  chain.volatility[row], chain.status[row], expected, allowed, reference.error.c_str());
    fault += text;
  }
  std::printf("# error as a part of the tolerance:");
  for (const auto& [group, part] : worst) std::printf(" %s %.2g", group.c_str(), part);
  std::printf("\n");
  return fault;
}

// How much the volatility moves, relatively, for a relative change of the price and of each leg of the forward.
double ConditionOf(const ImpliedQuote& quote, double volatility) {
  const double sign = quote.type == 1 ? 1 : -1;
  const double underlying_exponent = quote.dividend_yield * quote.years, strike_exponent = quote.rate * quote.years;
  const double deviation = volatility * std::sqrt(quote.years);
  const double d1 =
      (std::log(quote.underlying / quote.strike) + strike_exponent - underlying_exponent) / deviation + deviation / 2;
  const double underlying_leg = quote.underlying * std::exp(-underlying_exponent);
  const double strike_leg = quote.strike * std::exp(-strike_exponent);
  const double probability1 = std::erfc(-sign * d1 / std::sqrt(2)) / 2;
  const double probability2 = std::erfc(-sign * (d1 - deviation) / std::sqrt(2)) / 2;
  const double gain = underlying_leg * std::exp(-d1 * d1 / 2) / std::sqrt(2 * M_PI) * deviation;
  return 1 + (quote.price + underlying_leg * probability1 * (1 + std::abs(underlying_exponent)) +
              strike_leg * probability2 * (1 + std::abs(strike_exponent))) /
                 gain;
}

// 32 units in the last place of the price and of each leg.
double ToleranceOf(const ImpliedQuote& quote, double volatility) {
  return std::max(1e-14, 0x1p-47 * ConditionOf(quote, volatility));
}

constexpr double kToleranceMax = 1e-3;

std::string GivesBackVolatilities(const KernelSet& set, const Kernel& kernel) {
  const OptionChain options = RandomChain(200003);
  ImpliedChain chain = PricedChain(options, set);
  chain.Run(kernel, 0, chain.Rows());
  size_t counts[6] = {};
  double worst = 0;
  for (size_t row = 0; row < chain.Rows(); ++row) {
    const ImpliedQuote quote = chain.Quote(row);
    const double volatility = options.numbers[4][row];
    const int status = static_cast<int>(chain.status[row]);
    ++counts[status];
    const std::string place = "row " + std::to_string(row) + " status " + std::to_string(status);
    if ((status == kInvalidInput) != (quote.years == 0)) return place;
    // A subnormal price has lost digits before it comes here.
    if (status == kInvalidInput || volatility == 0 || quote.price < std::numeric_limits<double>::min()) continue;
    const double tolerance = ToleranceOf(quote, volatility);
    if (status == kOk && chain.volatility[row] != 0) {
      const double part = std::abs(chain.volatility[row] / volatility - 1) / tolerance;
      worst = std::max(worst, part);
      if (!(part <= 1)) return place + ": off by " + std::to_string(part) + " tolerances";
    } else if (tolerance < kToleranceMax) {
      return place + ": refused at a tolerance of " + std::to_string(tolerance);
    }
  }
  std::printf("# worst error as a part of the tolerance: %.2g; status", worst);
  for (int status = kOk; status <= kIllConditioned; ++status) std::printf(" %zu", counts[status]);
  std::printf("\n");
  return "";
}

constexpr ImpliedQuote kOrdinary = {1, 100, 90, 0.05, 0.01, 1, 20};

std::string RefusesInvalidInputs(const KernelSet&, const Kernel& kernel) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  ImpliedChain chain;
  for (const unsigned char type : {0, 3, 255}) {
    ImpliedQuote quote = kOrdinary;
    quote.type = type;
    chain.Add(quote);
  }
  double ImpliedQuote::*const fields[] = {&ImpliedQuote::underlying,     &ImpliedQuote::strike, &ImpliedQuote::rate,
                                          &ImpliedQuote::dividend_yield, &ImpliedQuote::years,  &ImpliedQuote::price};
  for (double ImpliedQuote::*const field : fields) {
    const bool is_rate = field == &ImpliedQuote::rate || field == &ImpliedQuote::dividend_yield;
    for (const double value : {nan, -nan, infinity, -infinity, is_rate ? 2.01 : -1e-300, is_rate ? -2.01 : -1.0}) {
      ImpliedQuote quote = kOrdinary;
      quote.*field = value;
      chain.Add(quote);
    }
  }
  chain.Add({1, 9e-10, 90, 0.05, 0.01, 1, 1e-10});
  chain.Add({1, 100, 1.1e14, 0.05, 0.01, 1, 20});
  chain.Add({1, 100, 90, 0.05, 0.01, 9e-10, 20});
  chain.Add({1, 100, 90, 0.05, 0.01, 201, 20});
  chain.Add({1, 100, 90, -0.5, 0.01, 101, 20});
  chain.Add({1, 100, 90, 0.05, 0.5, 101, 20});
  const uint32_t flags = chain.Run(kernel, 0, chain.Rows());
  for (size_t row = 0; row < chain.Rows(); ++row) {
    if (chain.status[row] != kInvalidInput || chain.volatility[row] != 0) return "row " + std::to_string(row);
  }
  return flags == 0 ? "" : "flagged";
}

// A row says the same among rows of every status, and a run of one row among whole blocks.
std::string RowsAreIndependent(const KernelSet& set, const Kernel& kernel) {
  ImpliedChain once = PricedChain(RandomChain(4099), set);
  for (size_t row = 0; row < 100; ++row) {
    ImpliedQuote quote = once.Quote(row);
    quote.price *= row % 3 == 0 ? 0.5 : 1.5;
    once.Add(quote);
  }
  ImpliedChain pieces = once;
  once.Run(kernel, 0, once.Rows());
  Random random(7);
  for (size_t begin = 0, end; begin < pieces.Rows(); begin = end) {
    end = std::min<size_t>(pieces.Rows(), begin + 1 + random.Below(30));
    pieces.Run(kernel, begin, end);
  }
  for (size_t row = 0; row < once.Rows(); ++row) {
    if (once.volatility[row] != pieces.volatility[row] || once.status[row] != pieces.status[row]) {
      return "row " + std::to_string(row);
    }
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  const References references = ReadReferences(argc > 1 ? argv[1] : "test/reference/implied-vol.json");
  const std::pair<const char*, Case> cases[] = {
      {"meets the references",
       [&](const KernelSet&, const Kernel& kernel) { return MeetsReferences(kernel, references); }},
      {"gives back volatilities", GivesBackVolatilities},
      {"refuses invalid inputs", RefusesInvalidInputs},
      {"rows are independent", RowsAreIndependent},
  };
  bool failed = false;
  for (const KernelSet* set : RunnableKernelSets()) {
    for (const auto& [name, run] : cases) {
      const std::string fault = run(*set, KernelOf(*set, "implied-volatility-f64"));
      failed |= !fault.empty();
      std::printf("%s %s implied-volatility-f64 %s%s%s\n", fault.empty() ? "ok" : "not ok", set->instruction_set, name,
                  fault.empty() ? "" : ": ", fault.c_str());
    }
  }
  return failed ? 1 : 0;
}
