// What the GPU backends decide without a driver: plans, faults, seals, and what a missing library means.
#include <cstdio>

#include "../backends/gpu/fault_streak.h"
#include "../backends/gpu/plan.h"
#include "../backends/gpu/seal.h"
#include "../backends/metal/command_fault.h"
#include "../backends/opencl/api.h"

namespace {

using namespace acceld;

int failures = 0;

void Check(const char* name, bool is_right) {
  std::printf("%s %s\n", is_right ? "ok" : "not ok", name);
  failures += is_right ? 0 : 1;
}

// A run of price-options-f32 on columns in one memory: 64 bytes for each, at byte 1.
struct Book {
  std::vector<unsigned char> memory = std::vector<unsigned char>(17 * 64);
  Column inputs[7];
  unsigned char* outputs[9];
  uint32_t model = 1;
  GpuRun run{0, &model, sizeof model, inputs, outputs, 10, 3, 10};
  GpuMemories memories{{memory.data(), {memory.size(), &model}}};

  Book() {
    for (size_t i = 0; i < 7; ++i) inputs[i] = {memory.data() + 64 * i + 1, i == 0 ? 1u : 4u};
    for (size_t i = 0; i < 9; ++i) outputs[i] = memory.data() + 64 * (i + 7) + 1;
  }
};

void TestPlaces() {
  Book book;
  book.inputs[2].stride = 0;
  book.outputs[4] = nullptr;
  const GpuPlan plan = PlanOf(book.run, book.memories);
  Check("a plan tells the rows", plan.call.begin == 3 && plan.call.rows == 7 && plan.items == kGpuGroupItems);
  Check("and what is single and wanted", plan.call.single == 1 << 2 && plan.call.wanted == (0x1ff & ~(1 << 4)));
  Check("offsets are those of the first row", plan.call.offsets[0] == 1 + 3 && plan.call.offsets[1] == 65 + 12 &&
                                                  plan.call.offsets[2] == 129 &&
                                                  plan.call.offsets[7] == 7 * 64 + 1 + 12);
  Check("attached columns are not copied", plan.to_device.empty() && plan.copied_bytes == 0 && plan.memories[0]);
  Check("an unwanted output is nowhere", plan.memories[7 + 4] == nullptr);
}

void TestBorders() {
  Book book;
  // The last output ends with the memory.
  book.outputs[8] = book.memory.data() + book.memory.size() - 40;
  Check("a column that ends with the memory lies in it", PlanOf(book.run, book.memories).from_device.empty());
  ++book.outputs[8];
  const GpuPlan beyond = PlanOf(book.run, book.memories);
  Check("one that ends a byte later does not", beyond.from_device.size() == 1 && beyond.copied_bytes == 28);
  book.inputs[1].data = book.memory.data() - 13;
  const GpuPlan before = PlanOf(book.run, book.memories);
  Check("nor does one whose first row lies before it", before.to_device.size() == 1);
  book.inputs[1].data = book.memory.data() - 12;
  Check("rows that are not of the run may lie outside", PlanOf(book.run, book.memories).to_device.empty());
  const GpuPlan copied = PlanOf(book.run, {});
  bool are_apart = copied.to_device.size() == 7 && copied.from_device.size() == 9;
  for (const std::vector<GpuCopy>* copies : {&copied.to_device, &copied.from_device}) {
    for (const GpuCopy& copy : *copies)
      are_apart &= copy.place % 64 == 0 && copy.place + copy.bytes <= copied.staged_bytes;
  }
  Check("copies have places of their own", are_apart);
}

void TestFaults() {
  using metal::FaultOf;
  const auto is = [](metal::CommandFault found, GpuFault fault, bool is_innocent) {
    return found.fault == fault && found.is_innocent == is_innocent;
  };
  Check("a victim of another's fault is innocent",
        is(FaultOf(1,
                   "Discarded (victim of GPU error/recovery) "
                   "(00000005:kIOGPUCommandBufferCallbackErrorInnocentVictim)"),
           GpuFault::kExecution, true));
  Check("ignored submissions are sticky",
        is(FaultOf(2, "(00000004:kIOGPUCommandBufferCallbackErrorSubmissionsIgnored)"), GpuFault::kSticky, false));
  Check("memory is told from the text or the code",
        is(FaultOf(1, "(00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"), GpuFault::kMemory, false) &&
            is(FaultOf(8, ""), GpuFault::kMemory, false));
  Check("a timeout is a fault of the job", is(FaultOf(2, "Caused GPU Timeout Error"), GpuFault::kExecution, false));
  Check("access that was revoked, or a device that is gone, is sticky",
        is(FaultOf(4, ""), GpuFault::kSticky, false) && is(FaultOf(11, ""), GpuFault::kSticky, false));
  FaultStreak streak;
  bool is_right = streak.Judge(GpuFault::kExecution) == GpuFault::kExecution;
  is_right &= streak.Judge(GpuFault::kExecution) == GpuFault::kExecution;
  is_right &= streak.Judge(GpuFault::kNone) == GpuFault::kNone;
  is_right &= streak.Judge(GpuFault::kExecution) == GpuFault::kExecution;
  is_right &= streak.Judge(GpuFault::kMemory) == GpuFault::kMemory;
  is_right &= streak.Judge(GpuFault::kExecution) == GpuFault::kExecution;
  is_right &= streak.Judge(GpuFault::kExecution) == GpuFault::kSticky;
  Check("three faults without a success between are sticky", is_right);
}

void TestSeals() {
  std::vector<unsigned char> payload;
  std::string reason;
  const SealedFor purpose{"driver", "digest", "kernel"};
  const std::vector<unsigned char> sealed = Seal(purpose, {1, 2, 3});
  Check("a seal opens", Unseal(purpose, sealed, &payload, &reason) && payload == std::vector<unsigned char>({1, 2, 3}));
  Check("for its kernel, digest and driver alone",
        !Unseal({"driver", "digest", "kerne"}, sealed, &payload, &reason) &&
            !Unseal({"driver", "digesT", "kernel"}, sealed, &payload, &reason) &&
            !Unseal({"drive", "digest", "kernel"}, sealed, &payload, &reason));
}

void TestAbsence() {
  std::string reason;
  Check("a library that is absent is named", opencl::LoadApi("libacceld-absent.so.1", &reason) == nullptr &&
                                                 reason.find("libacceld-absent.so.1") != std::string::npos);
#if defined(__APPLE__)
  const char* const other = "libSystem.B.dylib";
#else
  const char* const other = "libm.so.6";
#endif
  Check("another library is none",
        opencl::LoadApi(other, &reason) == nullptr && reason == "opencl: the library lacks clGetPlatformIDs");
}

}  // namespace

int main() {
  TestPlaces();
  TestBorders();
  TestFaults();
  TestSeals();
  TestAbsence();
  return failures == 0 ? 0 : 1;
}
