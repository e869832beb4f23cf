// The peer of the implied-volatility row: QuantLib's own solver, called from C++ so that no binding's time is counted.
//
//   volatility-peer BOOK ROWS RATE YIELD
//
// BOOK holds the columns type, spot, strike, price, years as 64-bit floats. For each line on stdin solves the whole
// book once on one thread and prints {"ms": time, "sum": sum of the volatilities}.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <ql/pricingengines/blackformula.hpp>
#include <string>
#include <vector>

int main(int count, char** arguments) {
  if (count != 5) return 2;
  const size_t rows = std::strtoul(arguments[2], nullptr, 10);
  const double rate = std::strtod(arguments[3], nullptr);
  const double dividend_yield = std::strtod(arguments[4], nullptr);
  std::vector<double> columns(5 * rows);
  std::ifstream file(arguments[1], std::ios::binary);
  file.read(reinterpret_cast<char*>(columns.data()), static_cast<std::streamsize>(columns.size() * sizeof(double)));
  if (!file) return 1;
  const double *type = &columns[0], *spot = type + rows, *strike = spot + rows, *price = strike + rows;
  const double* years = price + rows;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto begin = std::chrono::steady_clock::now();
    double sum = 0;
    for (size_t row = 0; row < rows; ++row) {
      const auto option = type[row] == 1 ? QuantLib::Option::Call : QuantLib::Option::Put;
      const double discount = std::exp(-rate * years[row]);
      const double forward = spot[row] * std::exp((rate - dividend_yield) * years[row]);
      // The accuracy of the standard deviation that the reference rows need.
      const double deviation = QuantLib::blackFormulaImpliedStdDev(option, strike[row], forward, price[row], discount,
                                                                   0.0, QuantLib::Null<double>(), 1e-12, 1000);
      sum += deviation / std::sqrt(years[row]);
    }
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - begin;
    std::printf("{\"ms\":%.3f,\"sum\":%.12g}\n", elapsed.count(), sum);
    std::fflush(stdout);
  }
  return 0;
}
