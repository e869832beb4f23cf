#include "plan.h"

#include <unistd.h>

namespace acceld {
namespace {

// Staged columns begin where no access of the device is split.
constexpr size_t kStagedAlignment = 64;

constexpr size_t Aligned(size_t bytes, size_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

// The attached memory that holds all of these bytes, or the end.
GpuMemories::const_iterator FindMemory(const GpuMemories& memories, const unsigned char* data, size_t bytes) {
  auto after = memories.upper_bound(data);
  if (after == memories.begin()) return memories.end();
  const auto found = std::prev(after);
  const size_t offset = static_cast<size_t>(data - found->first);
  return offset <= found->second.bytes && bytes <= found->second.bytes - offset ? found : memories.end();
}

class Planner {
 public:
  Planner(const GpuRun& run, const GpuMemories& memories) : memories_(memories) {
    const GpuEntry& entry = GpuEntries()[run.kernel];
    const size_t rows = run.end - run.begin;
    plan_.columns = entry.inputs + entry.outputs;
    plan_.call.begin = run.begin;
    plan_.call.rows = static_cast<uint32_t>(rows);
    plan_.items = Aligned(rows * entry.items_of_row, kGpuGroupItems);
    for (size_t i = 0; i < entry.inputs; ++i) {
      const size_t size = SizeOf(entry.input_elements[i]);
      const Column& column = run.inputs[i];
      if (column.stride == 0) plan_.call.single |= 1u << i;
      const size_t bytes = column.stride == 0 ? size : rows * size;
      // Inputs are never written to.
      auto* const data = const_cast<unsigned char*>(column.data) + run.begin * column.stride;
      Place(i, data, bytes, &plan_.to_device);
    }
    for (size_t i = 0; i < entry.outputs; ++i) {
      if (run.outputs[i] == nullptr) continue;
      plan_.call.wanted |= 1u << i;
      Place(entry.inputs + i, run.outputs[i] + run.begin * sizeof(float), rows * sizeof(float), &plan_.from_device);
    }
    entry.tell(run, &plan_.call);
  }

  GpuPlan Take() { return std::move(plan_); }

 private:
  void Place(size_t column, unsigned char* data, size_t bytes, std::vector<GpuCopy>* copies) {
    const auto memory = FindMemory(memories_, data, bytes);
    if (memory != memories_.end()) {
      plan_.memories[column] = &memory->second;
      plan_.call.offsets[column] = static_cast<uint64_t>(data - memory->first);
      return;
    }
    plan_.call.offsets[column] = plan_.staged_bytes;
    copies->push_back({data, plan_.staged_bytes, bytes});
    plan_.staged_bytes += Aligned(bytes, kStagedAlignment);
    plan_.copied_bytes += bytes;
  }

  const GpuMemories& memories_;
  GpuPlan plan_;
};

}  // namespace

bool IsWholePages(const void* memory, size_t bytes) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return bytes > 0 && (reinterpret_cast<uintptr_t>(memory) | bytes) % page == 0;
}

std::string Refusal(const GpuRun& run) {
  if (run.kernel >= GpuEntries().size()) return "no kernel " + std::to_string(run.kernel);
  const GpuEntry& entry = GpuEntries()[run.kernel];
  const std::string name = entry.name;
  if (run.begin > run.end || run.end > run.rows) return name + ": the rows of the run are not among the column's";
  if ((run.end - run.begin) > kGpuItemsMax / entry.items_of_row) return name + ": too many rows in one run";
  const size_t steps_bytes = run.params_bytes - entry.params_bytes;
  const size_t step = entry.params_step_bytes;
  if (run.params_bytes < entry.params_bytes || (step == 0 ? steps_bytes != 0 : steps_bytes % step != 0) ||
      (step != 0 && steps_bytes / step > kGpuStepsMax)) {
    return name + ": " + std::to_string(run.params_bytes) + " bytes of parameters";
  }
  for (size_t i = 0; i < entry.inputs; ++i) {
    const size_t stride = run.inputs[i].stride;
    if (stride != 0 && stride != SizeOf(entry.input_elements[i])) return name + ": a column's stride is wrong";
  }
  return "";
}

GpuPlan PlanOf(const GpuRun& run, const GpuMemories& memories) { return Planner(run, memories).Take(); }

}  // namespace acceld
