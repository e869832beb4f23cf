// The GPU device through Metal. A run is one short command buffer, and waits for its end on the worker's own thread: no
// completion handler runs anywhere. What a run uses in place and what it copies is decided in backends/gpu.
#include <algorithm>
#include <cstring>

#include "../gpu/fault_streak.h"
#include "../gpu/plan.h"
#include "../gpu/seal.h"
#include "command_fault.h"
#include "device.h"

namespace acceld {
namespace metal {
namespace {

GpuResult Faulty(GpuFault fault, const std::string& reason) {
  GpuResult result;
  result.fault = fault;
  result.reason = "metal: " + reason;
  return result;
}

// Everything of Metal happens inside: a pool for what it leaves to be released, and a stop for its exceptions.
template <typename Work>
GpuResult Guarded(const Work& work) noexcept {
  @autoreleasepool {
    @try {
      return work();
    } @catch (NSException* exception) {
      return Faulty(GpuFault::kExecution, OneLine(exception.name) + ": " + OneLine(exception.reason));
    }
  }
}

// Shared memory that grows.
class Scratch {
 public:
  id<MTLBuffer> buffer() const { return buffer_; }
  unsigned char* data() const { return static_cast<unsigned char*>(buffer_.contents); }
  bool Reserve(id<MTLDevice> device, size_t bytes) {
    if (buffer_ != nil && buffer_.length >= bytes) return true;
    buffer_ = nil;
    buffer_ = [device newBufferWithLength:bytes + bytes / 2 options:MTLResourceStorageModeShared];
    return buffer_ != nil;
  }

 private:
  id<MTLBuffer> buffer_ = nil;
};

class MetalGpu final : public Gpu {
 public:
  explicit MetalGpu(const OpenedDevice& opened) : opened_(opened) {}
  ~MetalGpu() override {
    while (!memories_.empty()) Detach(const_cast<unsigned char*>(memories_.begin()->first));
  }

  const GpuInfo& Info() const override { return opened_.info; }

  // The system's compiler runs in a process of its own, and the system keeps what it made. So the binary is the text,
  // once it was seen to compile.
  GpuResult Compile(size_t kernel, std::vector<unsigned char>* binary) override {
    return Guarded([&] {
      const GpuEntry& entry = GpuEntries().at(kernel);
      const std::string text = kGpuText.text;
      std::string reason;
      if (MakePipeline(opened_.device, entry, text, &reason) == nil) return Faulty(GpuFault::kCompile, reason);
      *binary = Seal(PurposeOf(entry), {text.begin(), text.end()});
      return GpuResult();
    });
  }

  GpuResult Load(size_t kernel, const std::vector<unsigned char>& binary) override {
    return Guarded([&] {
      const GpuEntry& entry = GpuEntries().at(kernel);
      std::vector<unsigned char> text;
      std::string reason;
      if (!Unseal(PurposeOf(entry), binary, &text, &reason)) return Faulty(GpuFault::kCompile, reason);
      id<MTLComputePipelineState> const pipeline =
          MakePipeline(opened_.device, entry, {text.begin(), text.end()}, &reason);
      if (pipeline == nil) return Faulty(GpuFault::kCompile, reason);
      if (pipelines_.size() <= kernel) pipelines_.resize(kernel + 1);
      pipelines_[kernel] = pipeline;
      return GpuResult();
    });
  }

  GpuResult Attach(void* memory, size_t bytes) override {
    Detach(memory);
    return Guarded([&] {
      if (!IsWholePages(memory, bytes) || bytes > opened_.device.maxBufferLength) return GpuResult();
      const uint64_t used = opened_.device.currentAllocatedSize, budget = opened_.device.recommendedMaxWorkingSetSize;
      if (used + bytes > budget) {
        return Faulty(GpuFault::kMemory, std::to_string(bytes) + " bytes more than the " + std::to_string(used) +
                                             " in use exceed the device's " + std::to_string(budget));
      }
      // No deallocator: the memory is the caller's. Nil where Metal cannot use it in place.
      id<MTLBuffer> const buffer = [opened_.device newBufferWithBytesNoCopy:memory
                                                                     length:bytes
                                                                    options:MTLResourceStorageModeShared
                                                                deallocator:nil];
      if (buffer != nil) {
        memories_[static_cast<unsigned char*>(memory)] = {bytes, const_cast<void*>(CFBridgingRetain(buffer))};
      }
      return GpuResult();
    });
  }

  void Detach(void* memory) override {
    const auto found = memories_.find(static_cast<unsigned char*>(memory));
    if (found == memories_.end()) return;
    @autoreleasepool {
      CFRelease(found->second.buffer);
    }
    memories_.erase(found);
  }

  GpuResult Run(const GpuRun& run) noexcept override {
    const std::string refusal = Refusal(run);
    if (!refusal.empty()) return Faulty(GpuFault::kExecution, refusal);
    if (run.kernel >= pipelines_.size() || pipelines_[run.kernel] == nil) {
      return Faulty(GpuFault::kExecution, std::string(GpuEntries()[run.kernel].name) + " is not loaded");
    }
    if (run.begin == run.end) return {};
    return Guarded([&] { return RunPlan(run, PlanOf(run, memories_)); });
  }

 private:
  SealedFor PurposeOf(const GpuEntry& entry) const { return {opened_.info.driver, kGpuText.digest, entry.name}; }

  bool Reserve(const GpuRun& run, const GpuPlan& plan) {
    return params_.Reserve(opened_.device, run.params_bytes) && flags_.Reserve(opened_.device, sizeof(uint32_t)) &&
           staging_.Reserve(opened_.device, std::max<size_t>(plan.staged_bytes, 1));
  }

  void Encode(id<MTLCommandBuffer> commands, size_t kernel, const GpuPlan& plan) const {
    id<MTLComputeCommandEncoder> const encoder = [commands computeCommandEncoder];
    [encoder setComputePipelineState:pipelines_[kernel]];
    NSUInteger place = 0;
    for (; place < plan.columns; ++place) {
      const GpuMemory* const memory = plan.memories[place];
      id<MTLBuffer> const buffer = memory == nullptr ? staging_.buffer() : (__bridge id<MTLBuffer>)memory->buffer;
      [encoder setBuffer:buffer offset:0 atIndex:place];
    }
    [encoder setBuffer:params_.buffer() offset:0 atIndex:place++];
    [encoder setBuffer:flags_.buffer() offset:0 atIndex:place++];
    [encoder setBytes:&plan.call length:sizeof plan.call atIndex:place++];
    [encoder dispatchThreadgroups:MTLSizeMake(plan.items / kGpuGroupItems, 1, 1)
            threadsPerThreadgroup:MTLSizeMake(kGpuGroupItems, 1, 1)];
    [encoder endEncoding];
  }

  GpuResult RunPlan(const GpuRun& run, const GpuPlan& plan) {
    if (!Reserve(run, plan)) return Faulty(GpuFault::kMemory, "no memory for what a run copies");
    std::memcpy(params_.data(), run.params, run.params_bytes);
    std::memset(flags_.data(), 0, sizeof(uint32_t));
    for (const GpuCopy& copy : plan.to_device) std::memcpy(staging_.data() + copy.place, copy.host, copy.bytes);
    id<MTLCommandBuffer> const commands = [opened_.queue commandBuffer];
    if (commands == nil) return Faulty(streak_.Judge(GpuFault::kExecution), "no command buffer");
    commands.label = @(GpuEntries()[run.kernel].name);
    Encode(commands, run.kernel, plan);
    [commands commit];
    [commands waitUntilCompleted];
    if (commands.status != MTLCommandBufferStatusCompleted) return Failed(commands.error);
    streak_.Judge(GpuFault::kNone);
    for (const GpuCopy& copy : plan.from_device) std::memcpy(copy.host, staging_.data() + copy.place, copy.bytes);
    GpuResult result;
    std::memcpy(&result.flags, flags_.data(), sizeof result.flags);
    result.compute_ns = static_cast<uint64_t>(std::max(0.0, (commands.GPUEndTime - commands.GPUStartTime) * 1e9));
    result.copied_bytes = plan.copied_bytes;
    return result;
  }

  GpuResult Failed(NSError* error) {
    const CommandFault fault = FaultOf(error.code, OneLine(error.localizedDescription));
    const std::string reason = OneLine(error.localizedDescription) + " (" + std::to_string(error.code) + ")";
    return Faulty(fault.is_innocent ? fault.fault : streak_.Judge(fault.fault), reason);
  }

  const OpenedDevice opened_;
  GpuMemories memories_;
  std::vector<id<MTLComputePipelineState>> pipelines_;
  Scratch staging_, params_, flags_;
  FaultStreak streak_;
};

}  // namespace
}  // namespace metal

std::unique_ptr<Gpu> OpenGpu(std::string* reason) {
  @autoreleasepool {
    @try {
      const metal::OpenedDevice opened = metal::OpenDevice(reason);
      if (opened.device == nil) return nullptr;
      return std::make_unique<metal::MetalGpu>(opened);
    } @catch (NSException* exception) {
      *reason = "metal: " + metal::OneLine(exception.reason);
      return nullptr;
    }
  }
}

}  // namespace acceld
