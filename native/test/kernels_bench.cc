// Times price and five Greeks of many options on every instruction set: kernels_bench [rows] [threads] [chunk rows].
// One line per set and precision, the median of 9 repeats. Threads start before the clock.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "../backends/cpu/dispatch.h"

namespace {

using namespace acceld;

template <typename Number>
struct Chain {
  std::vector<unsigned char> type;
  std::vector<Number> columns[6];  // underlying, strike, rate, dividend yield, volatility, years.
  std::vector<Number> outputs[6];  // price, delta, gamma, vega, theta, rho.

  explicit Chain(size_t rows) : type(rows) {
    std::mt19937_64 random(1);
    const double low[6] = {50, 50, 0.01, 0, 0.05, 0.05};
    const double high[6] = {150, 150, 0.05, 0.03, 0.8, 2.05};
    for (auto& code : type) code = 1 + random() % 2;
    for (int i = 0; i < 6; ++i) {
      std::uniform_real_distribution<double> between(low[i], high[i]);
      columns[i].resize(rows);
      for (auto& value : columns[i]) value = static_cast<Number>(between(random));
      outputs[i].assign(rows, 0);
    }
  }
};

template <typename Number>
double MedianMs(const Kernel& kernel, Chain<Number>& chain, size_t threads, size_t chunk_rows) {
  Column inputs[7] = {{chain.type.data(), 1}};
  unsigned char* outputs[9] = {};
  for (int i = 0; i < 6; ++i) {
    inputs[i + 1] = {reinterpret_cast<unsigned char*>(chain.columns[i].data()), sizeof(Number)};
    outputs[i] = reinterpret_cast<unsigned char*>(chain.outputs[i].data());
  }
  const uint32_t black_scholes_merton = 1;
  const size_t rows = chain.type.size();
  std::vector<double> times_ms;
  for (int repeat = 0; repeat < 9; ++repeat) {
    std::atomic<size_t> ready{0}, next{0};
    std::atomic<bool> started{false};
    const auto work = [&] {
      ++ready;
      while (!started) {
      }
      for (size_t begin; (begin = next.fetch_add(chunk_rows)) < rows;) {
        kernel.function({&black_scholes_merton, inputs, outputs, begin, std::min(begin + chunk_rows, rows)});
      }
    };
    std::vector<std::thread> pool;
    for (size_t i = 1; i < threads; ++i) pool.emplace_back(work);
    while (ready + 1 < threads) {
    }
    const auto start = std::chrono::steady_clock::now();
    started = true;
    work();
    for (auto& thread : pool) thread.join();
    times_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times_ms.begin(), times_ms.end());
  return times_ms[times_ms.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const size_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1 << 20;
  const size_t threads = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2;
  const size_t chunk_rows = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 16384;
  Chain<double> chain_f64(rows);
  Chain<float> chain_f32(rows);
  for (const KernelSet* set : RunnableKernelSets()) {
    for (size_t i = 0; i < set->count; ++i) {
      const Kernel& kernel = set->kernels[i];
      if (std::strncmp(kernel.name, "price-options", 13) != 0) continue;
      const bool is_f64 = kernel.output_elements[0] == Element::kF64;
      const double ms =
          is_f64 ? MedianMs(kernel, chain_f64, threads, chunk_rows) : MedianMs(kernel, chain_f32, threads, chunk_rows);
      std::printf("%-10s %-18s %zu rows, %zu threads: %.4f ms, %.1f M rows/s\n", set->instruction_set, kernel.name,
                  rows, threads, ms, rows / ms / 1000);
    }
  }
}
