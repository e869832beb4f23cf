#include "device.h"

#if defined(__linux__)
#include <sys/resource.h>
#endif

#include <csignal>
#include <cstdlib>
#include <thread>

namespace acceld::opencl {
namespace {

constexpr int kCrashSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
constexpr int kBulkNiceness = 19;
constexpr size_t kCrashSignalCount = sizeof kCrashSignals / sizeof(int);

struct Found {
  Platform* platform;
  Device* device;
};

template <typename Number>
Number NumberOf(const Api& api, Device* device, uint32_t name) {
  Number number{};
  api.clGetDeviceInfo(device, name, sizeof number, &number, nullptr);
  return number;
}

// A text that a driver tells of itself, on one line.
template <typename Object>
std::string TextOf(int32_t (*get)(Object*, uint32_t, size_t, void*, size_t*), Object* object, uint32_t name) {
  size_t bytes = 0;
  if (get(object, name, 0, nullptr, &bytes) != kSuccess || bytes == 0) return "";
  std::string text(bytes, '\0');
  if (get(object, name, bytes, text.data(), nullptr) != kSuccess) return "";
  text.resize(text.find('\0'));
  for (char& letter : text) {
    if (letter == '\n' || letter == '\r') letter = ' ';
  }
  return text;
}

void AddDevices(const Api& api, Platform* platform, std::vector<Found>* all) {
  uint32_t count = 0;
  if (api.clGetDeviceIDs(platform, kDeviceTypeAll, 0, nullptr, &count) != kSuccess) return;
  std::vector<Device*> devices(count);
  api.clGetDeviceIDs(platform, kDeviceTypeAll, count, devices.data(), nullptr);
  for (Device* const device : devices) {
    if (NumberOf<uint32_t>(api, device, kDeviceAvailable) != 0) all->push_back({platform, device});
  }
}

// PoCL's device is the CPU: it computes on threads that it makes when its devices are looked for. They take after the
// thread that looks, and must not take the cores from the daemon's own: an ORDER call would wait for a time slice.
bool ComputesOnThreads(const Api& api, Platform* platform) {
  return TextOf(api.clGetPlatformInfo, platform, kPlatformName) == "Portable Computing Language";
}

void LowerThisThread() {
#if defined(__linux__)
  // 0 is the calling thread there.
  setpriority(PRIO_PROCESS, 0, kBulkNiceness);
#endif
}

std::vector<Found> DevicesOf(const Api& api, std::string* reason) {
  uint32_t count = 0;
  const int32_t error = api.clGetPlatformIDs(0, nullptr, &count);
  if (error != kSuccess || count == 0) {
    *reason = "opencl: " + (error == kSuccess ? "no OpenCL driver is installed" : Failed("clGetPlatformIDs", error));
    return {};
  }
  std::vector<Platform*> platforms(count);
  api.clGetPlatformIDs(count, platforms.data(), nullptr);
  std::vector<Found> all;
  for (Platform* const platform : platforms) {
    const auto look = [&] { AddDevices(api, platform, &all); };
    if (ComputesOnThreads(api, platform)) {
      std::thread([&] {
        // The stack for signal handlers is each thread's own.
        const KeptSignals kept;
        LowerThisThread();
        look();
      }).join();
    } else {
      look();
    }
  }
  if (all.empty()) *reason = "opencl: the drivers have no device";
  return all;
}

Found Preferred(const Api& api, const std::vector<Found>& all) {
  for (const Found& found : all) {
    if ((NumberOf<uint64_t>(api, found.device, kDeviceTypeInfo) & kDeviceTypeGpu) != 0) return found;
  }
  return all.front();
}

GpuInfo Describe(const Api& api, const Found& found) {
  const auto of_device = [&](uint32_t name) { return TextOf(api.clGetDeviceInfo, found.device, name); };
  const auto of_platform = [&](uint32_t name) { return TextOf(api.clGetPlatformInfo, found.platform, name); };
  const std::string driver = of_platform(kPlatformName) + " " + of_platform(kPlatformVersion) + " / " +
                             of_device(kDeviceVersion) + " / " + of_device(kDriverVersion);
  return {"opencl", of_device(kDeviceName), driver};
}

std::string OptionsFor(const Api& api, Device* device) {
  const auto config = NumberOf<uint64_t>(api, device, kDeviceSingleFpConfig);
  // The driver refuses an option that the device cannot fulfil; qualification then finds the bits that differ.
  const bool rounds = (config & kFpCorrectlyRoundedDivideSqrt) != 0;
  return rounds ? "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt" : "-cl-std=CL1.2";
}

}  // namespace

struct KeptSignals::Saved {
  struct sigaction actions[kCrashSignalCount];
  stack_t stack;
};

KeptSignals::KeptSignals() : saved_(std::make_unique<Saved>()) {
  sigaltstack(nullptr, &saved_->stack);
  for (size_t i = 0; i < kCrashSignalCount; ++i) sigaction(kCrashSignals[i], nullptr, &saved_->actions[i]);
}

KeptSignals::~KeptSignals() {
  sigaltstack(&saved_->stack, nullptr);
  for (size_t i = 0; i < kCrashSignalCount; ++i) sigaction(kCrashSignals[i], &saved_->actions[i], nullptr);
}

std::unique_ptr<OpenedDevice> OpenDevice(std::string* reason) {
  const KeptSignals kept;
  // PoCL: one variant of a kernel for all shapes, so that a binary holds all that is ever run. Its default would link a
  // new one at the first run of each shape, with a program that a sandbox forbids.
  setenv("POCL_WORK_GROUP_SPECIALIZATION", "0", 0);
  std::unique_ptr<Api> api = LoadApi("libOpenCL.so.1", reason);
  if (api == nullptr) return nullptr;
  const std::vector<Found> all = DevicesOf(*api, reason);
  if (all.empty()) return nullptr;
  const Found found = Preferred(*api, all);
  int32_t error = kSuccess;
  Held<Context> context(api->clCreateContext(nullptr, 1, &found.device, nullptr, nullptr, &error),
                        api->clReleaseContext);
  if (context == nullptr) return *reason = "opencl: " + Failed("clCreateContext", error), nullptr;
  Held<Queue> queue(api->clCreateCommandQueue(context.get(), found.device, kQueueProfilingEnable, &error),
                    api->clReleaseCommandQueue);
  if (queue == nullptr) return *reason = "opencl: " + Failed("clCreateCommandQueue", error), nullptr;
  GpuInfo info = Describe(*api, found);
  std::string options = OptionsFor(*api, found.device);
  const bool shares_memory = NumberOf<uint32_t>(*api, found.device, kDeviceHostUnifiedMemory) != 0;
  return std::unique_ptr<OpenedDevice>(new OpenedDevice{std::move(api), found.device, std::move(context),
                                                        std::move(queue), std::move(info), std::move(options),
                                                        shares_memory});
}

}  // namespace acceld::opencl
