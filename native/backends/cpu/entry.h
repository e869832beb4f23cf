// From kernel texts to entries of the kernel table. Included once per precision, after the words and the texts.

constexpr size_t kLanes = sizeof(real) / sizeof(Number);

ACCELD_LANES real LoadReals(const Column& column, size_t row) {
  if (column.stride != 0) return LoadLanes<real>(column.data + row * sizeof(Number));
  Number value;
  __builtin_memcpy(&value, column.data, sizeof value);
  return real{} + value;
}

ACCELD_LANES whole LoadCodes(const Column& column, size_t row) {
  if (column.stride != 0) return Widen(LoadLanes<Codes>(column.data + row));
  return whole{} + *column.data;
}

// Stores an output if it is wanted, and leaves NaN in the lanes of `finite` where it is infinite or NaN.
ACCELD_LANES void StoreReals(unsigned char* column, size_t row, real value, real* finite) {
  if (column == nullptr) return;
  StoreLanes(column + row * sizeof(Number), value);
  *finite = Fma(value, real{}, *finite);
}

#include "domain_entry.h"

#define ACCELD_LOAD_CODES(field) inputs.field = LoadCodes(*column++, row);
#define ACCELD_LOAD_REALS(field) inputs.field = LoadReals(*column++, row);
#define ACCELD_CHECK(field) good &= InBorder(inputs.field, *border++);
#define ACCELD_STORE_REALS(field)                                                              \
  StoreReals(place < outputs_used ? run.outputs[place] : nullptr, row, outputs.field, finite); \
  ++place;
#define ACCELD_CODES_ELEMENT(field) Element::kU8,
#define ACCELD_REALS_ELEMENT(field) kElement,

// What differs between kernels: the parameters, the columns and the text.
#define ACCELD_ENTRY(Name, operation)                                                                           \
  struct Name##Entry {                                                                                          \
    using Params = Name##Params;                                                                                \
    static constexpr Element kInputs[] = {Name##InputColumns(ACCELD_CODES_ELEMENT, ACCELD_REALS_ELEMENT)};      \
    static constexpr Element kOutputs[] = {Name##OutputColumns(ACCELD_REALS_ELEMENT)};                          \
    ACCELD_LANES Name##Inputs Load(const KernelRun& run, size_t row) {                                          \
      const Column* column = run.inputs;                                                                        \
      Name##Inputs inputs;                                                                                      \
      Name##InputColumns(ACCELD_LOAD_CODES, ACCELD_LOAD_REALS);                                                 \
      return inputs;                                                                                            \
    }                                                                                                           \
    ACCELD_LANES mask Check(const Name##Inputs& inputs, const Borders& borders) {                               \
      const Borders::Border* border = borders.inputs;                                                           \
      mask good = Equal(real{}, real{});                                                                        \
      Name##InputColumns(ACCELD_CHECK, ACCELD_CHECK);                                                           \
      return good;                                                                                              \
    }                                                                                                           \
    template <size_t outputs_used>                                                                              \
    ACCELD_LANES void Block(const KernelRun& run, const Params& params, const Name##Inputs& inputs, size_t row, \
                            real* finite) {                                                                     \
      const Name##Outputs outputs = Name(inputs, params);                                                       \
      size_t place = 0;                                                                                         \
      Name##OutputColumns(ACCELD_STORE_REALS);                                                                  \
    }                                                                                                           \
  };

FOR_EACH_KERNEL(ACCELD_ENTRY)

// The rows of a run are whole blocks. Only the first `outputs_used` outputs can be wanted: what the others need is not
// computed. One copy of each: inlined twice, gcc makes the second one slower.
template <typename Entry, size_t outputs_used>
__attribute__((noinline)) uint32_t RunBlocks(const KernelRun& run) {
  typename Entry::Params params;
  __builtin_memcpy(&params, run.params, sizeof params);
  const real zero{};
  real finite{};
  mask good = Equal(zero, zero);
  Borders borders;
  if (run.domain != nullptr) {
    for (size_t i = 0; i < run.domain->ranges.size(); ++i) SetBorder(run.domain->ranges[i], &borders.inputs[i]);
  }
  for (size_t row = run.begin; row < run.end; row += kLanes) {
    const auto inputs = Entry::Load(run, row);
    if (run.domain != nullptr) good &= Entry::Check(inputs, borders) & ProductsInBorders(run, row);
    Entry::template Block<outputs_used>(run, params, inputs, row, &finite);
  }
  const real sound = Choose(good, zero, REAL(1.0));
  return (Any(Less(zero, Choose(Equal(finite, zero), zero, REAL(1.0)))) ? kNotFinite : 0) |
         (Any(Less(zero, sound)) ? kOutOfDomain : 0);
}

// The outputs up to the last one that is wanted.
inline size_t OutputsUsed(const KernelRun& run, size_t outputs) {
  while (outputs > 1 && run.outputs[outputs - 1] == nullptr) --outputs;
  return outputs;
}

// The commonest wishes: a price alone, which costs two thirds of everything, and a price with the five common Greeks.
template <typename Entry>
uint32_t RunWanted(const KernelRun& run) {
  constexpr size_t kOutputs = sizeof Entry::kOutputs / sizeof(Element);
  constexpr size_t kCommon = kOutputs < 6 ? kOutputs : 6;
  const size_t used = OutputsUsed(run, kOutputs);
  if (used == 1) return RunBlocks<Entry, 1>(run);
  return used <= kCommon ? RunBlocks<Entry, kCommon>(run) : RunBlocks<Entry, kOutputs>(run);
}

// Fewer rows than a block, through copies of the columns that repeat the last row up to the end of the block.
template <typename Entry>
uint32_t RunRemainder(const KernelRun& run) {
  constexpr size_t kInputs = sizeof Entry::kInputs / sizeof(Element);
  constexpr size_t kOutputs = sizeof Entry::kOutputs / sizeof(Element);
  const size_t rows = run.end - run.begin;
  unsigned char input_copies[kInputs][sizeof(real)];
  unsigned char output_copies[kOutputs][sizeof(real)];
  Column inputs[kInputs];
  unsigned char* outputs[kOutputs];
  for (size_t i = 0; i < kInputs; ++i) {
    const Column column = run.inputs[i];
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const size_t row = run.begin + (lane < rows ? lane : rows - 1);
      const size_t size = SizeOf(Entry::kInputs[i]);
      __builtin_memcpy(input_copies[i] + lane * size, column.data + row * column.stride, size);
    }
    inputs[i] = {input_copies[i], SizeOf(Entry::kInputs[i])};
  }
  for (size_t i = 0; i < kOutputs; ++i) outputs[i] = run.outputs[i] == nullptr ? nullptr : output_copies[i];
  const uint32_t flags = RunWanted<Entry>({run.params, inputs, outputs, 0, kLanes, 0, run.domain});
  for (size_t i = 0; i < kOutputs; ++i) {
    if (outputs[i] == nullptr) continue;
    __builtin_memcpy(run.outputs[i] + run.begin * sizeof(Number), outputs[i], rows * sizeof(Number));
  }
  return flags;
}

template <typename Entry>
uint32_t Run(const KernelRun& run) {
  const size_t whole_end = run.begin + (run.end - run.begin) / kLanes * kLanes;
  uint32_t flags = 0;
  if (whole_end > run.begin)
    flags |= RunWanted<Entry>({run.params, run.inputs, run.outputs, run.begin, whole_end, 0, run.domain});
  if (run.end > whole_end)
    flags |= RunRemainder<Entry>({run.params, run.inputs, run.outputs, whole_end, run.end, 0, run.domain});
  return flags;
}

template <typename Entry>
constexpr Kernel Describe(const char* name) {
  Kernel kernel{};
  kernel.name = name;
  kernel.digest = ACCELD_KERNEL_DIGEST;
  kernel.params_bytes = sizeof(typename Entry::Params);
  kernel.checks_domain = true;
  for (const Element element : Entry::kInputs) kernel.input_elements[kernel.inputs++] = element;
  for (const Element element : Entry::kOutputs) kernel.output_elements[kernel.outputs++] = element;
  kernel.function = &Run<Entry>;
  return kernel;
}

#define ACCELD_DESCRIBE(Name, operation) Describe<Name##Entry>(operation ACCELD_SUFFIX),
constexpr Kernel kKernels[] = {FOR_EACH_KERNEL(ACCELD_DESCRIBE)};
