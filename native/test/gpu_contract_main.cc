// What native/device/gpu.h promises, on the machine's GPU: gpu_contract_main BINARIES, a folder where binaries are
// kept. Prints "ok NAME" or "not ok NAME".
#include <csignal>
#include <cstdio>

#include "../backends/gpu/plan.h"
#include "../backends/gpu/seal.h"
#include "gpu_runner.h"
#include "kernel_of.h"
#include "option_chain.h"
#include "simulate_contract.h"

namespace {

using namespace acceld;

int failures = 0;

void Check(const std::string& name, bool is_right) {
  std::printf("%s %s\n", is_right ? "ok" : "not ok", name.c_str());
  failures += is_right ? 0 : 1;
}

constexpr int kCrashSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

// Only ever compared.
void OnCrash(int) {}

bool AreCrashSignalsKept() {
  for (const int number : kCrashSignals) {
    struct sigaction action;
    sigaction(number, nullptr, &action);
    if (action.sa_handler != (number == SIGBUS ? &OnCrash : SIG_DFL)) return false;
  }
  return true;
}

const Kernel& CpuKernel(const std::string& name) { return KernelOf(*RunnableKernelSets().back(), name); }

std::vector<unsigned char> StoredBinary(const std::string& folder, const std::string& name) {
  std::ifstream stored(folder + "/" + name, std::ios::binary);
  return {(std::istreambuf_iterator<char>(stored)), std::istreambuf_iterator<char>()};
}

bool IsRefused(Gpu* gpu, const std::vector<unsigned char>& binary) {
  const GpuResult result = gpu->Load(0, binary);
  return result.fault == GpuFault::kCompile && !result.reason.empty();
}

// A kernel that refuses a binary keeps the one that it has.
void TestBinaries(Gpu* gpu, const std::string& folder) {
  const std::vector<unsigned char> binary = StoredBinary(folder, GpuKernels()[0].name);
  Check("an empty binary is refused", IsRefused(gpu, {}));
  bool are_refused = true;
  for (size_t bytes = 1; bytes < binary.size(); bytes += binary.size() / 16) {
    are_refused &= IsRefused(gpu, {binary.begin(), binary.begin() + static_cast<std::ptrdiff_t>(bytes)});
  }
  Check("a binary cut short is refused", are_refused);
  for (size_t place = 0; place < binary.size(); place += binary.size() / 64) {
    std::vector<unsigned char> damaged = binary;
    damaged[place] ^= 1u << place % 8;
    are_refused &= IsRefused(gpu, damaged);
  }
  Check("a binary with one wrong bit is refused", are_refused);
  Check("the binary of another kernel is refused", IsRefused(gpu, StoredBinary(folder, GpuKernels()[1].name)));
  const GpuKernel& kernel = GpuKernels()[0];
  Check("a binary of another driver is refused",
        IsRefused(gpu, Seal({gpu->Info().driver + "2", kernel.digest, kernel.name}, {1, 2, 3})));
  const std::vector<unsigned char> foreign(1000, 'x');
  Check("a binary that the driver did not make is refused",
        IsRefused(gpu, Seal({gpu->Info().driver, kernel.digest, kernel.name}, foreign)));
  Check("a good binary is taken after bad ones", gpu->Load(0, binary).fault == GpuFault::kNone);
}

GpuRun RunOf(const OptionColumns& data, const uint32_t* model) {
  return {0, model, sizeof *model, data.columns, data.outputs, data.rows(), 0, data.rows()};
}

void TestRefusals(Gpu* gpu) {
  const OptionColumns data(RandomChain(10), CpuKernel("price-options-f32"), 0);
  const uint32_t model = kBlackScholesMerton;
  const auto is_refused = [&](GpuRun run) {
    const GpuResult result = gpu->Run(run);
    return result.fault == GpuFault::kExecution && !result.reason.empty();
  };
  const GpuRun right = RunOf(data, &model);
  GpuRun run = right;
  run.kernel = 99;
  Check("a kernel that does not exist is refused", is_refused(run));
  run = right;
  run.end = 11;
  Check("rows beyond the columns are refused", is_refused(run));
  run = right;
  run.params_bytes = 3;
  Check("parameters of a wrong size are refused", is_refused(run));
  Column wrong[kOptionInputs];
  std::copy(data.columns, data.columns + kOptionInputs, wrong);
  wrong[2].stride = 8;
  run = right;
  run.inputs = wrong;
  Check("a stride that is not the element's is refused", is_refused(run));
  SimulateContract contract;
  contract.times = EvenTimes(1, kGpuStepsMax + 1);
  const std::vector<unsigned char> params = ParamsOf(contract, 0);
  SimulateBlocks blocks(1);
  Check("more steps than a run may take are refused",
        is_refused({GpuPlaceOf("simulate-f32"), params.data(), params.size(), nullptr, blocks.outputs, 1, 0, 1}));
  run = right;
  run.begin = run.end = 5;
  Check("a run of no rows is nothing", gpu->Run(run).fault == GpuFault::kNone);
  // More than the streak that a driver is given up for.
  Check("refused runs do not end the worker", gpu->Run(right).fault == GpuFault::kNone);
}

// Columns of which some are one value, at every address, in chunks; with the CPU's bits in the wanted outputs, and
// nothing else touched.
bool IsLikeTheCpu(Gpu* gpu, size_t misalignment, uint32_t single, uint32_t wanted) {
  constexpr size_t kRows = 301;
  const Kernel& kernel = CpuKernel("price-options-f32");
  const OptionChain chain = RandomChain(kRows);
  const uint32_t model = kBlackScholesMerton;
  OptionColumns expected(chain, kernel, misalignment), data(chain, kernel, misalignment);
  for (OptionColumns* const columns : {&expected, &data}) {
    for (size_t i = 0; i < kOptionInputs; ++i) {
      if ((single >> i & 1) != 0) columns->columns[i].stride = 0;
    }
    for (size_t i = 0; i < kOptionOutputs; ++i) {
      if ((wanted >> i & 1) == 0) columns->outputs[i] = nullptr;
    }
  }
  const uint32_t flags = kernel.function({&model, expected.columns, expected.outputs, 0, kRows, sizeof model});
  const KernelRun run{&model, data.columns, data.outputs, 0, kRows, sizeof model};
  bool is_like = true;
  for (const bool is_attached : {false, true}) {
    const GpuTotal total =
        is_attached ? RunAttached(gpu, kernel, run, {100, true, misalignment}) : RunChunks(gpu, kernel, run, 100);
    is_like &= total.flags == flags && total.compute_ns > 0;
    for (size_t output = 0; output < kOptionOutputs; ++output) is_like &= data.Bytes(output) == expected.Bytes(output);
  }
  return is_like;
}

void TestColumns(Gpu* gpu) {
  for (size_t misalignment = 0; misalignment < 4; ++misalignment) {
    const std::string name = ", columns " + std::to_string(misalignment) + " bytes off";
    Check("the CPU's bits" + name, IsLikeTheCpu(gpu, misalignment, 0, 0x1ff));
    Check("the CPU's bits with single values" + name, IsLikeTheCpu(gpu, misalignment, 0x2d, 0x1ff));
    Check("the CPU's bits of some outputs" + name, IsLikeTheCpu(gpu, misalignment, 0x52, 0x0a1));
  }
}

void TestFlags(Gpu* gpu) {
  const Kernel& kernel = CpuKernel("price-options-f32");
  const uint32_t model = kBlackScholesMerton;
  OptionChain kink, plain;
  kink.Add(1, {100, 100, 0, 0, 0, 1});
  plain.Add(1, {100, 90, 0.01, 0, 0.2, 1});
  const OptionColumns kinked(kink, kernel, 0), finite(plain, kernel, 0);
  Check("a NaN raises the flag", gpu->Run(RunOf(kinked, &model)).flags == kNotFinite);
  Check("the flag is of one run", gpu->Run(RunOf(finite, &model)).flags == 0);
  SimulateContract contract;
  contract.dividend_yield = -80;
  const std::vector<unsigned char> params = ParamsOf(contract, 0);
  SimulateBlocks blocks(1), expected(1);
  const uint32_t flags =
      CpuKernel("simulate-f32").function({params.data(), nullptr, expected.outputs, 0, 1, params.size()});
  const GpuResult result =
      gpu->Run({GpuPlaceOf("simulate-f32"), params.data(), params.size(), nullptr, blocks.outputs, 1, 0, 1});
  Check("sums that are too large raise the flag", flags == kNotFinite && result.flags == flags);
}

void TestMemory(Gpu* gpu) {
  const Kernel& kernel = CpuKernel("price-options-f32");
  const uint32_t model = kBlackScholesMerton;
  constexpr size_t kRows = 50, kRowBytes = 1 + 6 * 4 + 9 * 4;
  OptionColumns data(RandomChain(kRows), kernel, 0);
  Check("what is copied is counted", gpu->Run(RunOf(data, &model)).copied_bytes == kRows * kRowBytes);
  unsigned char* outputs[kOptionOutputs];
  const Pages pages(gpu, kOptionOutputs * 4096);
  for (size_t i = 0; i < kOptionOutputs; ++i) outputs[i] = pages.data() + i * 4096;
  GpuRun run = RunOf(data, &model);
  run.outputs = outputs;
  Check("only what is not attached is copied", gpu->Run(run).copied_bytes == kRows * (1 + 6 * 4));
  gpu->Detach(pages.data());
  Check("what was detached is copied", gpu->Run(run).copied_bytes == kRows * kRowBytes);
  Expect(gpu->Attach(pages.data() + 8, 4096));
  Check("what is no whole page is copied", gpu->Run(run).copied_bytes == kRows * kRowBytes);
  bool is_right = true;
  for (int i = 0; i < 200; ++i) {
    is_right &= gpu->Attach(pages.data(), kOptionOutputs * 4096).fault == GpuFault::kNone;
    is_right &= gpu->Run(run).copied_bytes == kRows * (1 + 6 * 4);
    if (i % 2 == 0) gpu->Detach(pages.data());
  }
  Check("memory can be attached again and again", is_right);
  gpu->Detach(pages.data());
  gpu->Detach(pages.data());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  signal(SIGBUS, &OnCrash);
  std::string reason;
  const std::unique_ptr<Gpu> gpu = OpenGpu(&reason);
  if (gpu == nullptr) {
    std::printf("not ok opens: %s\n", reason.c_str());
    return 1;
  }
  Check("the device has a name and a driver", !gpu->Info().name.empty() && !gpu->Info().driver.empty());
  Check("opening leaves crash signals alone", AreCrashSignalsKept());
  const OptionColumns data(RandomChain(10), CpuKernel("price-options-f32"), 0);
  const uint32_t model = kBlackScholesMerton;
  Check("a kernel that is not loaded is refused", gpu->Run(RunOf(data, &model)).fault == GpuFault::kExecution);
  LoadEveryKernel(gpu.get(), argv[1]);
  Check("compiling and loading leave crash signals alone", AreCrashSignalsKept());
  TestBinaries(gpu.get(), argv[1]);
  TestRefusals(gpu.get());
  TestColumns(gpu.get());
  TestFlags(gpu.get());
  TestMemory(gpu.get());
  Check("running leaves crash signals alone", AreCrashSignalsKept());
  return failures == 0 ? 0 : 1;
}
