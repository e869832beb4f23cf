#include "entry.h"

namespace acceld {
namespace {

// clang-format off
#include "host_words.h"
#include "words.h"
#include "../../kernels/math_f32.h"
#include "../../kernels/kernel_list.h"
// clang-format on

void TellNothing(const GpuRun&, GpuCall*) {}

#define ACCELD_CODES_ELEMENT(field) Element::kU8,
#define ACCELD_REALS_ELEMENT(field) Element::kF32,
#define ACCELD_ROWS_ENTRY(Name, operation)                                   \
  GpuEntry{operation "-f32",                                                 \
           "ACCELD_ROWS",                                                    \
           #Name,                                                            \
           sizeof(Name##Params),                                             \
           0,                                                                \
           sizeof k##Name##Inputs,                                           \
           sizeof k##Name##Outputs,                                          \
           {Name##InputColumns(ACCELD_CODES_ELEMENT, ACCELD_REALS_ELEMENT)}, \
           1,                                                                \
           &TellNothing},
#define ACCELD_COLUMN_LISTS(Name, operation)                                                              \
  constexpr Element k##Name##Inputs[] = {Name##InputColumns(ACCELD_CODES_ELEMENT, ACCELD_REALS_ELEMENT)}; \
  constexpr Element k##Name##Outputs[] = {Name##OutputColumns(ACCELD_REALS_ELEMENT)};                     \
  static_assert(sizeof k##Name##Inputs + sizeof k##Name##Outputs <= kGpuColumnsMax, "more columns than a call tells");

FOR_EACH_KERNEL(ACCELD_COLUMN_LISTS)

void TellSimulate(const GpuRun& run, GpuCall* call) {
  call->steps = static_cast<uint32_t>((run.params_bytes - sizeof(SimulateParams)) / sizeof(SimulateStep));
  const auto* const steps = static_cast<const unsigned char*>(run.params) + sizeof(SimulateParams);
  double reach = 0;
  for (size_t i = 0; i < call->steps; ++i) {
    SimulateStep step;
    __builtin_memcpy(&step, steps + i * sizeof step, sizeof step);
    reach += StepReach(step);
  }
  call->is_wild = !(reach < 100);
}

#define ACCELD_SUM_COUNT(sum) +2
constexpr size_t kSimulateOutputs = 0 SimulateOutputColumns(ACCELD_SUM_COUNT);
static_assert(kSimulateOutputs <= kGpuColumnsMax, "more columns than a call tells");
static_assert(kGpuNotFinite == kNotFinite && sizeof(Element) == 1);

}  // namespace

const std::vector<GpuEntry>& GpuEntries() {
  static const std::vector<GpuEntry> entries = {
      FOR_EACH_KERNEL(ACCELD_ROWS_ENTRY)
      // A group for each block.
      GpuEntry{"simulate-f32",
               "ACCELD_SIMULATE",
               "1",
               sizeof(SimulateParams),
               sizeof(SimulateStep),
               0,
               kSimulateOutputs,
               {},
               kGpuGroupItems,
               &TellSimulate},
  };
  return entries;
}

const std::vector<GpuKernel>& GpuKernels() {
  static const std::vector<GpuKernel> kernels = [] {
    std::vector<GpuKernel> all;
    for (const GpuEntry& entry : GpuEntries()) all.push_back({entry.name, kGpuText.digest});
    return all;
  }();
  return kernels;
}

}  // namespace acceld
