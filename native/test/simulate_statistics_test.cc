// What simulate estimates: against closed forms and reference rows, with pinned seeds, on the best instruction set (the
// bits are the same on the others). Reads the rows from the path in its argument, or from the repository that it is
// started in.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <thread>

#include "kernel_of.h"
#include "option_reference.h"
#include "simulate_contract.h"

namespace {

using namespace acceld;

// What is wrong, empty if nothing is.
using Case = std::function<std::string(const Kernel&)>;

constexpr size_t kBlocks = 1024;  // 2^20 paths.

struct Estimates {
  Estimate price, controlled, delta, vega;
};

SimulateBlocks RunBlocks(const Kernel& kernel, const SimulateContract& contract, size_t count) {
  const std::vector<unsigned char> params = ParamsOf(contract, 0);
  SimulateBlocks blocks(count);
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t row; (row = next++) < count;) {
      kernel.function({params.data(), nullptr, blocks.outputs, row, row + 1, params.size()});
    }
  };
  std::thread other(work);
  work();
  other.join();
  return blocks;
}

// With the control's expectation, NaN if it is not known, the coefficient of least variance is taken from the sums.
Estimates EstimatesOf(const Kernel& kernel, const SimulateContract& contract, size_t count, double control) {
  const SimulateBlocks blocks = RunBlocks(kernel, contract, count);
  const double samples = static_cast<double>(count * kSimulatePathsOfBlock / (contract.antithetic ? 2 : 1));
  const double scale = ScaleOf(contract);
  const auto estimate = [&](SimulateSum sum, double unit) {
    const Estimate scaled = EstimateOf(blocks.Sum(sum), blocks.Sum(static_cast<SimulateSum>(sum + 1)), samples);
    return Estimate{scaled.value / unit, scaled.error / unit};
  };
  const Estimate price = estimate(kX, scale), mean = estimate(kC, scale);
  const double covariance = (blocks.Sum(kXC) / samples / (scale * scale) - price.value * mean.value) / (samples - 1);
  const double coefficient = covariance / (mean.error * mean.error);
  const double variance = price.error * price.error - coefficient * covariance;
  return {price,
          {price.value - coefficient * (mean.value - control), std::sqrt(std::max(variance, 0.0))},
          estimate(kDelta, 1),
          estimate(kVega, scale)};
}

double NormalProbability(double x) { return std::erfc(-x / std::sqrt(2)) / 2; }

// Of a lognormal number with this mean and deviation of its logarithm.
double LognormalPrice(const SimulateContract& contract, double mean, double deviation) {
  const double sign = contract.option == 1 ? 1 : -1;
  const double d1 = (std::log(mean / contract.strike) + deviation * deviation / 2) / deviation;
  return sign * std::exp(-contract.rate * contract.years) *
         (mean * NormalProbability(sign * d1) - contract.strike * NormalProbability(sign * (d1 - deviation)));
}

double EuropeanPrice(const SimulateContract& contract) {
  const double forward = contract.spot * std::exp((contract.rate - contract.dividend_yield) * contract.years);
  return LognormalPrice(contract, forward, contract.volatility * std::sqrt(contract.years));
}

double GeometricPrice(const SimulateContract& contract) {
  const double count = static_cast<double>(contract.times.size());
  const double variance = contract.volatility * contract.volatility;
  double time = 0, shared = 0;
  for (size_t i = 0; i < contract.times.size(); ++i) {
    time += contract.times[i] / count;
    shared += contract.times[i] * (2 * (count - static_cast<double>(i)) - 1) / (count * count);
  }
  const double log = std::log(contract.spot) + (contract.rate - contract.dividend_yield - variance / 2) * time;
  return LognormalPrice(contract, std::exp(log + variance * shared / 2), std::sqrt(variance * shared));
}

double DerivativeOf(SimulateContract contract, double SimulateContract::*field,
                    const std::function<double(const SimulateContract&)>& price) {
  const double step = 1e-4 * (contract.*field);
  contract.*field += step;
  const double up = price(contract);
  contract.*field -= 2 * step;
  return (up - price(contract)) / (2 * step);
}

// Within four standard errors and the error of what is expected.
std::string Compare(const std::string& what, Estimate estimate, Estimate expected) {
  const double off = std::abs(estimate.value - expected.value);
  if (off <= 4 * estimate.error + expected.error) return "";
  char text[160];
  std::snprintf(text, sizeof text, "%s %.8g +- %.2g is %.1f standard errors from %.8g; ", what.c_str(), estimate.value,
                estimate.error, off / estimate.error, expected.value);
  return text;
}

std::vector<double> TimesAfter(const std::string& line) {
  std::vector<double> times;
  const std::string list = After(line, "fixingTimes");
  for (const char* from = list.c_str() + 1; !list.empty();) {
    char* end;
    times.push_back(std::strtod(from, &end));
    if (*end != ',') break;
    from = end + 1;
  }
  return times;
}

bool Holds(const std::string& line, const std::string& name, const std::string& word) {
  return After(line, name).rfind("\"" + word + "\"", 0) == 0;
}

SimulateContract ContractOf(const std::string& line) {
  SimulateContract contract;
  contract.option = Holds(line, "type", "call") ? 1 : 2;
  contract.spot = NumberAfter(line, "spot");
  contract.strike = NumberAfter(line, "strike");
  contract.rate = NumberAfter(line, "rate");
  contract.dividend_yield = NumberAfter(line, "divYield");
  contract.volatility = NumberAfter(line, "vol");
  contract.years = NumberAfter(line, "tYears");
  contract.times = TimesAfter(line);
  if (Holds(line, "kind", "barrier-discrete")) {
    contract.payoff = kBarrier;
    contract.barrier = NumberAfter(line, "barrier");
    contract.barrier_kind = Holds(line, "barrierType", "up-out") ? 1 : 3;
    contract.times = EvenTimes(contract.years, static_cast<size_t>(NumberAfter(line, "monitoringDates")));
  } else {
    contract.payoff = Holds(line, "average", "geometric") ? kGeometricAsian : kArithmeticAsian;
    const auto fixings = static_cast<size_t>(NumberAfter(line, "fixings"));
    if (contract.times.empty()) contract.times = EvenTimes(contract.years, fixings);
  }
  return contract;
}

std::string MeetsReferences(const Kernel& kernel, const std::string& path) {
  std::ifstream file(path);
  std::string fault;
  size_t rows = 0;
  double worst[5] = {};
  for (std::string line; std::getline(file, line);) {
    const bool is_asian = Holds(line, "kind", "asian") && !Holds(line, "fixings", "continuous");
    if (!is_asian && !Holds(line, "kind", "barrier-discrete")) continue;
    ++rows;
    SimulateContract contract = ContractOf(line);
    // Where no path pays, the estimate and its error are 0: right for a value of a few payoffs among all samples.
    const double rare = 0.1 * contract.spot / (kBlocks * kSimulatePathsOfBlock);
    Estimate price = {NumberAfter(After(line, "expected"), "price"), NumberAfter(line, "tolAbs")};
    if (price.value < rare) price.error += price.value;
    const double control = is_asian ? GeometricPrice(contract) : EuropeanPrice(contract);
    const Estimates plain = EstimatesOf(kernel, contract, kBlocks, control);
    contract.antithetic = true;
    const Estimates pairs = EstimatesOf(kernel, contract, kBlocks / 8, control);
    const std::string id = After(line, "id").substr(1, 10);
    const double distance = std::abs(plain.price.value - price.value) / (plain.price.error + price.error);
    worst[contract.payoff] = std::max(worst[contract.payoff], distance);
    fault += Compare(id + " plain", plain.price, price);
    fault += Compare(id + " antithetic", pairs.price, price);
    if (contract.payoff == kGeometricAsian) continue;
    fault += Compare(id + " controlled", plain.controlled, price);
    fault += Compare(id + " controlled pairs", pairs.controlled, price);
  }
  std::printf("# %zu rows; standard errors at worst: arithmetic %.2f, geometric %.2f, barrier %.2f\n", rows,
              worst[kArithmeticAsian], worst[kGeometricAsian], worst[kBarrier]);
  return rows < 60 ? path + ": the rows are missing" : fault;
}

SimulateContract Ordinary(uint32_t payoff, uint32_t option) {
  SimulateContract contract;
  contract.payoff = payoff;
  contract.option = option;
  contract.dividend_yield = 0.02;
  contract.strike = 105;
  contract.times = EvenTimes(contract.years, payoff == kEuropean ? 1 : 12);
  return contract;
}

std::string MeetsClosedForms(const Kernel& kernel) {
  std::string fault;
  for (const uint32_t option : {1, 2}) {
    for (const auto& [payoff, price] : {std::pair{kEuropean, &EuropeanPrice}, {kGeometricAsian, &GeometricPrice}}) {
      const SimulateContract contract = Ordinary(payoff, option);
      const double control = contract.spot * std::exp(-contract.dividend_yield * contract.years);
      const Estimates estimates = EstimatesOf(kernel, contract, kBlocks, control);
      fault += Compare("price", estimates.price, {price(contract), 0});
      fault += Compare("controlled price", estimates.controlled, {price(contract), 0});
      fault += Compare("delta", estimates.delta, {DerivativeOf(contract, &SimulateContract::spot, price), 0});
      fault += Compare("vega", estimates.vega, {DerivativeOf(contract, &SimulateContract::volatility, price), 0});
    }
  }
  return fault;
}

// The same paths from a spot or at a volatility that differs a little: the difference of prices is the Greek but for
// rounding, and for the paths that a bump takes over the strike.
std::string GreeksAreSlopes(const Kernel& kernel) {
  std::string fault;
  for (const uint32_t payoff : {kArithmeticAsian, kBarrier}) {
    for (const bool antithetic : {false, true}) {
      SimulateContract contract = Ordinary(payoff, 1);
      contract.antithetic = antithetic;
      contract.rebate = 4;
      const Estimates estimates = EstimatesOf(kernel, contract, kBlocks / 8, NAN);
      const auto slope = [&](double SimulateContract::*field, double bump) {
        SimulateContract up = contract, down = contract;
        up.*field *= 1 + bump;
        down.*field *= 1 - bump;
        const double rise = EstimatesOf(kernel, up, kBlocks / 8, NAN).price.value -
                            EstimatesOf(kernel, down, kBlocks / 8, NAN).price.value;
        return rise / (2 * bump * (contract.*field));
      };
      const double delta = slope(&SimulateContract::spot, payoff == kBarrier ? kSpotBump : 1e-3);
      const double vega = slope(&SimulateContract::volatility, payoff == kBarrier ? kVolatilityBump : 1e-3);
      const std::string name = "payoff " + std::to_string(payoff);
      if (std::abs(estimates.delta.value - delta) > 3e-4) fault += name + " delta " + std::to_string(delta) + "; ";
      if (std::abs(estimates.vega.value - vega) > 2e-3) fault += name + " vega " + std::to_string(vega) + "; ";
    }
  }
  return fault;
}

// Of 100 seeds, about 95 give an estimate within 1.96 of its standard errors.
std::string ErrorsAreHonest(const Kernel& kernel) {
  std::string fault;
  for (const bool antithetic : {false, true}) {
    int plain = 0, controlled = 0;
    SimulateContract contract = Ordinary(kGeometricAsian, 1);
    contract.antithetic = antithetic;
    const double price = GeometricPrice(contract);
    const double control = contract.spot * std::exp(-contract.dividend_yield * contract.years);
    for (contract.seed = 1; contract.seed <= 100; ++contract.seed) {
      const Estimates estimates = EstimatesOf(kernel, contract, 16, control);
      plain += std::abs(estimates.price.value - price) <= 1.96 * estimates.price.error;
      controlled += std::abs(estimates.controlled.value - price) <= 1.96 * estimates.controlled.error;
    }
    std::printf("# within 1.96 standard errors, %s: %d, controlled: %d\n", antithetic ? "antithetic" : "plain", plain,
                controlled);
    if (std::min(plain, controlled) < 90 || std::max(plain, controlled) > 99) fault += "not so; ";
  }
  return fault;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "test/reference/options-exotic.json";
  const std::pair<const char*, Case> cases[] = {
      {"meets the references", [&](const Kernel& kernel) { return MeetsReferences(kernel, path); }},
      {"meets closed forms", MeetsClosedForms},
      {"Greeks are slopes", GreeksAreSlopes},
      {"errors are honest", ErrorsAreHonest},
  };
  bool failed = false;
  const KernelSet& set = *RunnableKernelSets().back();
  for (const auto& [name, run] : cases) {
    const std::string fault = run(KernelOf(set, "simulate-f32"));
    failed |= !fault.empty();
    std::printf("%s %s simulate-f32 %s%s%s\n", fault.empty() ? "ok" : "not ok", set.instruction_set, name,
                fault.empty() ? "" : ": ", fault.c_str());
  }
  return failed ? 1 : 0;
}
