// The environment variable ACCELD_FAULT names one fault, as "hang" or "hang:3": what goes wrong, and with which task of
// this worker (the first, where no number is given). "slow:N" adds N milliseconds to every task.
#include "faults.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "hostile.h"

namespace acceld {

namespace {

struct Fault {
  std::string kind;
  long number = 1;
};

const Fault& Chosen() {
  static const Fault fault = [] {
    const char* text = std::getenv("ACCELD_FAULT");
    const std::string whole = text == nullptr ? "" : text;
    const size_t colon = whole.find(':');
    if (colon == std::string::npos) return Fault{whole, 1};
    return Fault{whole.substr(0, colon), std::strtol(whole.c_str() + colon + 1, nullptr, 10)};
  }();
  return fault;
}

long tasks = 0;

bool IsNow(const char* kind) { return Chosen().kind == kind && tasks == Chosen().number; }

GpuResult Failed(GpuFault fault, const char* reason) {
  GpuResult result;
  result.fault = fault;
  result.reason = reason;
  return result;
}

[[noreturn]] void Crash() {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
  std::abort();
}

// More memory than a process can have, where nothing may throw: what running out of memory looks like from outside.
void RunOutOfMemory() noexcept { std::vector<char> everything(size_t{1} << 62); }

class SpoiltEngine : public Engine {
 public:
  explicit SpoiltEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
  EngineInfo Info() const override { return engine_->Info(); }
  const std::vector<EngineKernel>& Kernels() const override { return engine_->Kernels(); }
  void Detach(void* memory) override { engine_->Detach(memory); }

  GpuResult Prepare(size_t kernel) override {
    if (Chosen().kind == "compile") return Failed(GpuFault::kCompile, "no compiler today");
    if (Chosen().kind == "uncompiled") return Failed(GpuFault::kCompile, "");
    if (Chosen().kind == "stuck-start") std::this_thread::sleep_for(std::chrono::hours(1));
    if (Chosen().kind == "slow-start") std::this_thread::sleep_for(std::chrono::milliseconds(Chosen().number));
    return engine_->Prepare(kernel);
  }

  GpuResult Attach(void* memory, size_t bytes) override {
    if (Chosen().kind == "attach") return Failed(GpuFault::kMemory, "no memory today");
    return engine_->Attach(memory, bytes);
  }

  GpuResult Run(const GpuRun& run) noexcept override {
    if (IsNow("memory")) return Failed(GpuFault::kMemory, "out of memory");
    if (IsNow("execution")) return Failed(GpuFault::kExecution, "error -9999");
    if (IsNow("sticky")) return Failed(GpuFault::kSticky, "the device is lost");
    if (IsNow("crash-during")) {
      GpuRun half = run;
      half.end = run.begin + (run.end - run.begin) / 2;
      engine_->Run(half);
      Crash();
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(Chosen().number);
    while (Chosen().kind == "slow" && std::chrono::steady_clock::now() < end) {
    }
    return engine_->Run(run);
  }

 private:
  const std::unique_ptr<Engine> engine_;
};

void SendRaw(Link* link, const void* data, size_t bytes) { send(link->descriptor(), data, bytes, MSG_NOSIGNAL); }

void SendGarbage(Link* link) {
  if (IsNow("garbage-bytes")) {
    std::vector<unsigned char> noise(64 * 1024);
    uint32_t word = 12345;
    for (unsigned char& byte : noise) byte = static_cast<unsigned char>((word = word * 1664525 + 1013904223) >> 24);
    SendRaw(link, noise.data(), noise.size());
  }
  const uint32_t long_frame[] = {0x7fffffff, static_cast<uint32_t>(ToDaemon::kDone)};
  if (IsNow("garbage-length")) SendRaw(link, long_frame, sizeof long_frame);
  const uint32_t empty_frame[] = {0, 0};
  if (IsNow("garbage-empty")) SendRaw(link, empty_frame, sizeof empty_frame);
  const uint32_t unknown[] = {kFrameHeadBytes, 99};
  if (IsNow("garbage-kind")) SendRaw(link, unknown, sizeof unknown);
  FrameWriter stranger(ToDaemon::kDone);
  stranger.Long(uint64_t{1} << 40).Word(0).Word(0).Long(0).Long(0).Text("");
  if (IsNow("garbage-token")) link->Send(stranger);
  FrameWriter ready(ToDaemon::kReady);
  if (IsNow("garbage-order")) link->Send(ready);
  if (IsNow("close")) {
    shutdown(link->descriptor(), SHUT_RDWR);
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

}  // namespace

std::unique_ptr<Engine> Faults::Spoil(std::unique_ptr<Engine> engine, std::string* reason) {
  if (Chosen().kind == "absent") {
    *reason = "no device today";
    return nullptr;
  }
  if (Chosen().kind == "crash-start") Crash();
  if (engine == nullptr || Chosen().kind.empty()) return engine;
  return std::make_unique<SpoiltEngine>(std::move(engine));
}

void Faults::Before(const Task&, Link* link) {
  tasks += 1;
  if (IsNow("crash-before")) Crash();
  if (IsNow("signal-before")) raise(SIGSEGV);
  if (IsNow("kill-before")) raise(SIGKILL);
  if (IsNow("stop")) raise(SIGSTOP);
  if (IsNow("out-of-memory")) RunOutOfMemory();
  if (IsNow("thread-end")) EndThread();
  while (IsNow("hang")) std::this_thread::sleep_for(std::chrono::seconds(1));
  SendGarbage(link);
}

void Faults::After(const Task& task) {
  if (IsNow("crash-after")) Crash();
  if (!IsNow("wrong") || task.run.begin == task.run.end) return;
  for (unsigned char* output : task.outputs) {
    if (output == nullptr) continue;
    // The lowest bit of the first row.
    output[task.run.begin * 4] ^= 1;
    return;
  }
}

void Faults::Answered() {
  if (IsNow("crash-answered")) Crash();
}

int Faults::TryEverything(const char* role, const char* device) {
  const std::string name = role;
  if (name != "hostile" && name != "free") return -1;
  return TryForbiddenThings(device, name == "hostile");
}

}  // namespace acceld
