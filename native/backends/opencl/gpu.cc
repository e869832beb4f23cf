// The GPU device through OpenCL. Commands go to one in-order queue; a run is one kernel command and waits for its end.
#include <algorithm>
#include <cstring>

#include "../gpu/fault_streak.h"
#include "../gpu/plan.h"
#include "../gpu/seal.h"
#include "program.h"

namespace acceld {
namespace opencl {
namespace {

// The first error of a sequence of calls, of which the later ones are then not made.
class Attempt {
 public:
  bool IsRight() const { return error_ == kSuccess; }
  bool Did(const char* function, int32_t error) {
    if (IsRight() && error != kSuccess) function_ = function, error_ = error;
    return IsRight();
  }
  GpuFault Fault() const {
    switch (error_) {
      case kSuccess: return GpuFault::kNone;
      case kMemObjectAllocationFailure:
      case kOutOfHostMemory: return GpuFault::kMemory;
      case kDeviceNotAvailable:
      case kInvalidContext:
      case kInvalidCommandQueue: return GpuFault::kSticky;
      default: return GpuFault::kExecution;
    }
  }
  std::string Reason() const { return IsRight() ? "" : Failed(function_, error_); }

 private:
  const char* function_ = nullptr;
  int32_t error_ = kSuccess;
};

class OpenClGpu final : public Gpu {
 public:
  explicit OpenClGpu(std::unique_ptr<OpenedDevice> opened)
      : opened_(std::move(opened)), staging_(NoMemory()), params_(NoMemory()), flags_(NoMemory()) {}

  ~OpenClGpu() override {
    while (!memories_.empty()) Detach(const_cast<unsigned char*>(memories_.begin()->first));
  }

  const GpuInfo& Info() const override { return opened_->info; }

  GpuResult Compile(size_t kernel, std::vector<unsigned char>* binary) override {
    GpuResult result;
    const GpuEntry& entry = GpuEntries().at(kernel);
    const std::vector<unsigned char> compiled = CompileProgram(*opened_, entry, &result.reason);
    if (compiled.empty()) return Faulty(GpuFault::kCompile, result.reason);
    *binary = Seal(PurposeOf(entry), compiled);
    return result;
  }

  GpuResult Load(size_t kernel, const std::vector<unsigned char>& binary) override {
    GpuResult result;
    const GpuEntry& entry = GpuEntries().at(kernel);
    std::vector<unsigned char> payload;
    if (!Unseal(PurposeOf(entry), binary, &payload, &result.reason)) return Faulty(GpuFault::kCompile, result.reason);
    Held<KernelObject> loaded = LoadKernel(*opened_, entry, payload, &result.reason);
    if (loaded == nullptr) return Faulty(GpuFault::kCompile, result.reason);
    while (kernels_.size() <= kernel) kernels_.emplace_back(nullptr, opened_->api->clReleaseKernel);
    kernels_[kernel] = std::move(loaded);
    return result;
  }

  // While no run is under way the host has attached memory mapped: the driver then leaves it alone.
  GpuResult Attach(void* memory, size_t bytes) override {
    Detach(memory);
    if (!opened_->shares_memory || !IsWholePages(memory, bytes)) return {};
    int32_t error = kSuccess;
    Held<Memory> buffer = Hold(api().clCreateBuffer(Context(), kMemReadWrite | kMemUseHostPtr, bytes, memory, &error));
    if (buffer == nullptr) return {};
    void* const mapped = Map(buffer.get(), bytes, kBlocking, &error);
    if (error != kSuccess || mapped != memory) return {};
    memories_[static_cast<unsigned char*>(memory)] = {bytes, buffer.release()};
    return {};
  }

  void Detach(void* memory) override {
    const auto found = memories_.find(static_cast<unsigned char*>(memory));
    if (found == memories_.end()) return;
    const Held<Memory> buffer = Hold(BufferOf(found->second));
    api().clEnqueueUnmapMemObject(Queue(), buffer.get(), memory, 0, nullptr, nullptr);
    api().clFinish(Queue());
    memories_.erase(found);
  }

  GpuResult Run(const GpuRun& run) noexcept override {
    const std::string refusal = Refusal(run);
    if (!refusal.empty()) return Faulty(GpuFault::kExecution, refusal);
    if (run.kernel >= kernels_.size() || kernels_[run.kernel] == nullptr) {
      return Faulty(GpuFault::kExecution, std::string(GpuEntries()[run.kernel].name) + " is not loaded");
    }
    if (run.begin == run.end) return {};
    GpuResult result = RunPlan(run, PlanOf(run, memories_));
    result.fault = streak_.Judge(result.fault);
    return result;
  }

 private:
  static constexpr uint32_t kBlocking = 1, kAtOnce = 0;

  const Api& api() const { return *opened_->api; }
  opencl::Context* Context() const { return opened_->context.get(); }
  opencl::Queue* Queue() const { return opened_->queue.get(); }
  Held<Memory> Hold(Memory* memory) const { return {memory, opened_->api->clReleaseMemObject}; }
  Held<Memory> NoMemory() const { return Hold(nullptr); }
  static Memory* BufferOf(const GpuMemory& memory) { return static_cast<Memory*>(memory.buffer); }
  static GpuResult Faulty(GpuFault fault, const std::string& reason) {
    GpuResult result;
    result.fault = fault;
    result.reason = "opencl: " + reason;
    return result;
  }
  SealedFor PurposeOf(const GpuEntry& entry) const { return {opened_->info.driver, kGpuText.digest, entry.name}; }

  void* Map(Memory* buffer, size_t bytes, uint32_t blocks, int32_t* error) const {
    return api().clEnqueueMapBuffer(Queue(), buffer, blocks, kMapReadWrite, 0, bytes, 0, nullptr, nullptr, error);
  }

  // A buffer of the device of at least so many bytes, larger than it was if need be.
  void Reserve(size_t bytes, Held<Memory>* buffer, size_t* capacity, Attempt* attempt) const {
    if (bytes <= *capacity) return;
    buffer->reset();
    *capacity = 0;
    int32_t error = kSuccess;
    const size_t rounded = std::max<size_t>(bytes + bytes / 2, 4096);
    *buffer = Hold(api().clCreateBuffer(Context(), kMemReadWrite, rounded, nullptr, &error));
    if (attempt->Did("clCreateBuffer", error)) *capacity = rounded;
  }

  void Write(Memory* buffer, size_t place, const void* from, size_t bytes, Attempt* attempt) const {
    if (!attempt->IsRight() || bytes == 0) return;
    attempt->Did("clEnqueueWriteBuffer",
                 api().clEnqueueWriteBuffer(Queue(), buffer, kAtOnce, place, bytes, from, 0, nullptr, nullptr));
  }

  void Read(Memory* buffer, size_t place, void* to, size_t bytes, Attempt* attempt) const {
    if (!attempt->IsRight()) return;
    attempt->Did("clEnqueueReadBuffer",
                 api().clEnqueueReadBuffer(Queue(), buffer, kAtOnce, place, bytes, to, 0, nullptr, nullptr));
  }

  // The parameters of the chunks of one job are the same, and may be long.
  void SendParams(const GpuRun& run, Attempt* attempt) {
    const auto* const bytes = static_cast<const unsigned char*>(run.params);
    if (sent_params_.size() == run.params_bytes && std::equal(sent_params_.begin(), sent_params_.end(), bytes)) return;
    sent_params_.assign(bytes, bytes + run.params_bytes);
    Reserve(run.params_bytes, &params_, &params_capacity_, attempt);
    Write(params_.get(), 0, sent_params_.data(), run.params_bytes, attempt);
    if (!attempt->IsRight()) sent_params_.clear();
  }

  void SendFlags(Attempt* attempt) {
    static constexpr uint32_t kZero = 0;
    if (flags_ == nullptr) {
      size_t capacity = 0;
      Reserve(sizeof kZero, &flags_, &capacity, attempt);
      are_flags_clear_ = false;
    }
    if (!are_flags_clear_) Write(flags_.get(), 0, &kZero, sizeof kZero, attempt);
    are_flags_clear_ = attempt->IsRight();
  }

  void SetArguments(KernelObject* kernel, const GpuPlan& plan, Attempt* attempt) const {
    uint32_t place = 0;
    const auto set = [&](const void* value, size_t bytes) {
      if (attempt->IsRight()) attempt->Did("clSetKernelArg", api().clSetKernelArg(kernel, place++, bytes, value));
    };
    const auto set_buffer = [&](Memory* buffer) { set(&buffer, sizeof buffer); };
    for (size_t i = 0; i < plan.columns; ++i) {
      set_buffer(plan.memories[i] == nullptr ? staging_.get() : BufferOf(*plan.memories[i]));
    }
    set_buffer(params_.get());
    set_buffer(flags_.get());
    set(&plan.call, sizeof plan.call);
  }

  GpuResult RunPlan(const GpuRun& run, const GpuPlan& plan) {
    Attempt attempt;
    SendParams(run, &attempt);
    SendFlags(&attempt);
    Reserve(std::max<size_t>(plan.staged_bytes, 1), &staging_, &staging_capacity_, &attempt);
    for (const GpuCopy& copy : plan.to_device) Write(staging_.get(), copy.place, copy.host, copy.bytes, &attempt);
    SetArguments(kernels_[run.kernel].get(), plan, &attempt);
    const std::vector<std::pair<unsigned char*, GpuMemory>> used = UsedBy(plan);
    for (const auto& [memory, held] : used) {
      attempt.Did("clEnqueueUnmapMemObject",
                  api().clEnqueueUnmapMemObject(Queue(), BufferOf(held), memory, 0, nullptr, nullptr));
    }
    Event* event = nullptr;
    const size_t group = kGpuGroupItems;
    if (attempt.IsRight()) {
      attempt.Did("clEnqueueNDRangeKernel",
                  api().clEnqueueNDRangeKernel(Queue(), kernels_[run.kernel].get(), 1, nullptr, &plan.items, &group, 0,
                                               nullptr, &event));
    }
    const Held<Event> ended(event, api().clReleaseEvent);
    for (const auto& [memory, held] : used) {
      int32_t error = kSuccess;
      Map(BufferOf(held), held.bytes, kAtOnce, &error);
      attempt.Did("clEnqueueMapBuffer", error);
    }
    GpuResult result;
    for (const GpuCopy& copy : plan.from_device) Read(staging_.get(), copy.place, copy.host, copy.bytes, &attempt);
    Read(flags_.get(), 0, &result.flags, sizeof result.flags, &attempt);
    attempt.Did("clFinish", api().clFinish(Queue()));
    are_flags_clear_ &= attempt.IsRight() && result.flags == 0;
    result.compute_ns = ComputeNs(ended.get(), &attempt);
    result.copied_bytes = plan.copied_bytes;
    if (attempt.IsRight()) return result;
    // What was sent may not have arrived.
    sent_params_.clear();
    return Faulty(attempt.Fault(), attempt.Reason());
  }

  std::vector<std::pair<unsigned char*, GpuMemory>> UsedBy(const GpuPlan& plan) const {
    std::vector<std::pair<unsigned char*, GpuMemory>> used;
    for (const auto& [memory, held] : memories_) {
      const auto* const end = plan.memories + plan.columns;
      if (std::find(plan.memories + 0, end, &held) != end) used.emplace_back(const_cast<unsigned char*>(memory), held);
    }
    return used;
  }

  uint64_t ComputeNs(Event* event, Attempt* attempt) const {
    if (event == nullptr) return 0;
    int32_t status = kSuccess;
    uint64_t start = 0, end = 0;
    attempt->Did("clGetEventInfo", api().clGetEventInfo(event, kEventStatus, sizeof status, &status, nullptr));
    // A negative status is the error that the kernel ended with.
    attempt->Did("the kernel", std::min(status, 0));
    api().clGetEventProfilingInfo(event, kProfilingCommandStart, sizeof start, &start, nullptr);
    api().clGetEventProfilingInfo(event, kProfilingCommandEnd, sizeof end, &end, nullptr);
    return end > start ? end - start : 0;
  }

  std::unique_ptr<OpenedDevice> opened_;
  GpuMemories memories_;
  std::vector<Held<KernelObject>> kernels_;
  Held<Memory> staging_, params_, flags_;
  size_t staging_capacity_ = 0, params_capacity_ = 0;
  std::vector<unsigned char> sent_params_;
  bool are_flags_clear_ = false;
  FaultStreak streak_;
};

}  // namespace
}  // namespace opencl

std::unique_ptr<Gpu> OpenGpu(std::string* reason) {
  auto opened = opencl::OpenDevice(reason);
  if (opened == nullptr) return nullptr;
  return std::make_unique<opencl::OpenClGpu>(std::move(opened));
}

}  // namespace acceld
