// Kernels on memory that another process writes to while they run, in every instruction set: what is not in the domain
// is found, what is not finite is taken out, and nothing outside the columns is touched.
#include "../host/guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include "../backends/cpu/dispatch.h"
#include "guard_columns.h"

namespace {

using namespace acceld;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Odd {
  size_t column;
  double value;
};

std::string FindsWhatIsOutOfTheDomain(const Kernel& kernel, bool elsewhere) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Odd odd[] = {{0, 0},     {0, 3},         {0, 255},  {1, 0},    {1, -100}, {1, kNaN}, {2, 2e12},
                     {2, 1e-10}, {3, 2.1},       {3, -2.1}, {4, kNaN}, {4, 3},    {5, 11},   {5, -0.2},
                     {5, 1e-10}, {5, -infinity}, {6, 201},  {6, kNaN}, {6, 1e-10}};
  for (const size_t row : {size_t{0}, size_t{7}, kGuardRows - 1, 2 * kGuardRows, kRows - 1}) {
    for (const Odd& each : odd) {
      Columns columns(kernel, elsewhere);
      columns.Set(each.column, row, each.value);
      const uint32_t flags = columns.Run(OptionGuard());
      const std::string place = "column " + std::to_string(each.column) + ", row " + std::to_string(row);
      if ((flags & kOutOfDomain) == 0) return place + " passed " + std::to_string(each.value);
      if (flags >> kGuardBlockShift != row / kGuardRows) return place + " is not in the block that is named";
    }
  }
  return "";
}

std::string LetsPassWhatIsInTheDomain(const Kernel& kernel, bool elsewhere) {
  Columns columns(kernel, elsewhere);
  const Odd edges[] = {{0, 2}, {1, 1e-9}, {1, 1e12}, {3, -2}, {3, 2}, {5, 0}, {5, -0.0}, {5, 10}, {6, 0}, {6, 1e-9}};
  size_t row = 0;
  for (const Odd& each : edges) columns.Set(each.column, row++, each.value);
  return (columns.Run(OptionGuard()) & kOutOfDomain) == 0 ? "" : "a value at a border is refused";
}

std::string BoundsProducts(const Kernel& kernel, bool elsewhere) {
  for (const auto& [rate, years, good] : {std::tuple{0.25, 200.0, true}, {0.26, 200.0, false}, {-0.26, 200.0, false}}) {
    for (const size_t column : {3, 4}) {
      Columns columns(kernel, elsewhere);
      columns.Set(column, kRows - 1, rate);
      columns.Set(6, kRows - 1, years);
      if (((columns.Run(OptionGuard()) & kOutOfDomain) == 0) != good)
        return "growth of " + std::to_string(rate * years);
    }
  }
  return "";
}

std::string TakesOutWhatIsNotFinite(const Kernel& kernel, bool elsewhere) {
  Columns columns(kernel, elsewhere);
  Guard guard = OptionGuard();
  guard.mask = columns.mask();
  // At the money at expiry gamma does not exist.
  const size_t odd = kGuardRows + 1;
  columns.Set(6, odd, 0);
  if (columns.Run(guard) != kNotFinite) return "the flags are wrong";
  constexpr uint32_t kGamma = 1u << 3;
  for (size_t row = 0; row < kRows; ++row) {
    const uint32_t mask = columns.MaskOf(row);
    if (row == odd ? (mask & kGamma) == 0 : mask != 0) return "the mask of row " + std::to_string(row) + " is wrong";
  }
  const size_t size = SizeOf(kernel.output_elements[2]);
  const auto gamma = columns.output(2).begin() + static_cast<long>(odd * size);
  return std::all_of(gamma, gamma + static_cast<long>(size), [](unsigned char byte) { return byte == 0; })
             ? ""
             : "something is left in its place";
}

std::string LeavesOtherRowsAlone(const Kernel& kernel, bool elsewhere) {
  Columns columns(kernel, elsewhere);
  Guard guard = OptionGuard();
  guard.mask = columns.mask();
  columns.Run(guard, 100, 200);
  return columns.MaskOf(99) == 0xffffffff && columns.MaskOf(200) == 0xffffffff && columns.MaskOf(100) == 0
             ? ""
             : "the mask is written outside the rows";
}

using Span = std::pair<unsigned char*, size_t>;

// Another process that writes random bytes to the spans until it is ended.
class Scribbler {
 public:
  explicit Scribbler(const std::vector<Span>& spans) : process_(fork()) {
    if (process_ != 0) return;
    Random random(1);
    for (;;) {
      const Span& span = spans[random.Below(spans.size())];
      span.first[random.Below(span.second)] = static_cast<unsigned char>(random.Next());
    }
  }
  ~Scribbler() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

 private:
  const pid_t process_;
};

// Columns and a mask that another process could write to, each at the end of a page that is followed by one that nobody
// may touch.
class SharedColumns {
 public:
  explicit SharedColumns(const Kernel& kernel) : bytes_((kernel.inputs + kernel.outputs + 2) * kSlot) {
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) std::abort();
    for (size_t i = 0; i < kernel.inputs; ++i) {
      const size_t size = SizeOf(kernel.input_elements[i]);
      inputs[i] = {Place(kRows * size), size};
      // Any value: a run that ends early would prove little.
      guard.domain.ranges.push_back({kNaN, 0, false});
    }
    for (size_t i = 0; i < kernel.outputs; ++i) outputs[i] = Place(kRows * SizeOf(kernel.output_elements[i]));
    // The last output goes out as codes too, as a status does.
    guard.codes.push_back({kernel.outputs - 1, Place(kRows)});
    guard.mask = Place(kRows * sizeof(uint32_t));
  }
  ~SharedColumns() { munmap(memory_, bytes_); }
  SharedColumns(const SharedColumns&) = delete;
  SharedColumns& operator=(const SharedColumns&) = delete;

  std::vector<Span> spans;
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
  Guard guard;

 private:
  static constexpr size_t kPage = 16384, kSlot = (kRows * sizeof(double) / kPage + 2) * kPage;

  unsigned char* Place(size_t bytes) {
    unsigned char* end = static_cast<unsigned char*>(memory_) + (spans.size() + 1) * kSlot - kPage;
    mprotect(end, kPage, PROT_NONE);
    spans.emplace_back(end - bytes, bytes);
    return spans.back().first;
  }

  const size_t bytes_;
  void* memory_;
};

// A job as a worker does it, in pieces: there, computed on the copies, and back. The copies lie in memory of exactly
// their size, and are the worker's: nobody else writes to them.
class JobElsewhere {
 public:
  JobElsewhere(const Kernel& kernel, const SharedColumns& shared, size_t rows) : kernel_(kernel), guard_(shared.guard) {
    for (size_t i = 0; i < kernel.inputs + kernel.outputs; ++i) {
      const bool is_input = i < kernel.inputs;
      const Element element = is_input ? kernel.input_elements[i] : kernel.output_elements[i - kernel.inputs];
      copies_[i].resize(rows * SizeOf(element));
      guard_.copies[i] = copies_[i].data();
      if (is_input) inputs_[i] = {guard_.copies[i], SizeOf(element)};
    }
  }

  void Run(const KernelRun& run) {
    guard_.way = Way::kThere;
    RunGuarded(kernel_, guard_, run);
    kernel_.function({run.params, inputs_, guard_.copies + kernel_.inputs, 0, run.end - run.begin, run.params_bytes});
    guard_.way = Way::kBack;
    RunGuarded(kernel_, guard_, run);
  }

 private:
  const Kernel& kernel_;
  Guard guard_;
  std::vector<unsigned char> copies_[2 * kColumnsMax];
  Column inputs_[kColumnsMax];
};

// Two threads of one job, as a pool has them, while another process writes: each has rows of its own, beside the
// other's.
std::string SurvivesWhateverIsWritten(const Kernel& kernel, bool elsewhere) {
  SharedColumns shared(kernel);
  const std::vector<unsigned char> params(kernel.params_bytes, 1);
  const auto run_rows = [&](size_t begin, size_t end) {
    const KernelRun run{params.data(), shared.inputs, shared.outputs, begin, end, params.size()};
    JobElsewhere job(kernel, shared, end - begin);
    for (int round = 0; round < 100; ++round) {
      if (elsewhere)
        job.Run(run);
      else
        RunGuarded(kernel, shared.guard, run);
    }
  };
  // Not at the border of a block, nor of a cache line.
  constexpr size_t kBorder = kGuardRows + 13;
  const Scribbler scribbler(shared.spans);
  std::thread first(run_rows, 0, kBorder), second(run_rows, kBorder, kRows);
  first.join();
  second.join();
  return "";
}

using Case = std::string (*)(const Kernel&, bool elsewhere);

}  // namespace

int main() {
  const std::pair<const char*, Case> of_options[] = {
      {"finds what is out of the domain", FindsWhatIsOutOfTheDomain},
      {"lets pass what is in the domain", LetsPassWhatIsInTheDomain},
      {"bounds products", BoundsProducts},
      {"takes out what is not finite", TakesOutWhatIsNotFinite},
      {"leaves other rows alone", LeavesOtherRowsAlone},
  };
  bool failed = false;
  const auto report = [&](const KernelSet& set, const Kernel& kernel, const char* name, const std::string& fault) {
    failed |= !fault.empty();
    std::printf("%s %s %s %s%s%s\n", fault.empty() ? "ok" : "not ok", set.instruction_set, kernel.name, name,
                fault.empty() ? "" : ": ", fault.c_str());
  };
  for (const KernelSet* set : RunnableKernelSets()) {
    for (size_t i = 0; i < set->count; ++i) {
      const Kernel& kernel = set->kernels[i];
      if (!kernel.checks_domain) continue;
      report(*set, kernel, "survives whatever is written", SurvivesWhateverIsWritten(kernel, false));
      report(*set, kernel, "survives whatever is written, elsewhere", SurvivesWhateverIsWritten(kernel, true));
      if (!IsPriceOptions(kernel)) continue;
      for (const auto& [name, run] : of_options) {
        report(*set, kernel, name, run(kernel, false));
        report(*set, kernel, (std::string(name) + ", elsewhere").c_str(), run(kernel, true));
      }
    }
  }
  return failed ? 1 : 0;
}
