// The fields of a task: token (u64), kernel (u32), inputs (u32), outputs (u32), memory of the parameters (u32), their
// offset and bytes (u64 each), rows, begin and end (u64 each); for each input memory and stride (u32 each) and offset
// (u64); for each output memory (u32, kNotWanted where there is none) and offset (u64).
#include "task.h"

namespace acceld {

namespace {

constexpr uint32_t kNotWanted = 0xffffffff;
// More than any memory can hold in bytes: sizes below it do not overflow when multiplied by an element's size.
constexpr uint64_t kRowsMax = uint64_t{1} << 40;

// Null: the bytes do not lie in that memory.
unsigned char* Place(const Memories& memories, uint32_t number, uint64_t offset, uint64_t bytes) {
  const Memory* memory = memories.Find(number);
  if (memory == nullptr || bytes > memory->bytes || offset > memory->bytes - bytes) return nullptr;
  return memory->data + offset;
}

bool FitsParams(const Kernel& shape, uint64_t bytes) {
  if (shape.params_step_bytes == 0 || bytes < shape.params_bytes) return bytes == shape.params_bytes;
  const uint64_t further = bytes - shape.params_bytes;
  return further % shape.params_step_bytes == 0 && further / shape.params_step_bytes <= kParamsStepsMax;
}

bool ReadColumns(FrameReader* frame, const Kernel& shape, const Memories& memories, Task* task) {
  for (size_t i = 0; i < shape.inputs; ++i) {
    const uint32_t memory = frame->Word();
    const uint32_t stride = frame->Word();
    const uint64_t offset = frame->Long();
    const size_t size = SizeOf(shape.input_elements[i]);
    const uint64_t elements = stride == 0 ? 1 : task->run.rows;
    task->inputs[i] = {Place(memories, memory, offset, elements * size), stride};
    if (task->inputs[i].data == nullptr || (stride != 0 && stride != size)) return false;
  }
  for (size_t i = 0; i < shape.outputs; ++i) {
    const uint32_t memory = frame->Word();
    const uint64_t offset = frame->Long();
    task->outputs[i] = nullptr;
    if (memory == kNotWanted) continue;
    task->outputs[i] = Place(memories, memory, offset, task->run.rows * SizeOf(shape.output_elements[i]));
    if (task->outputs[i] == nullptr) return false;
  }
  return true;
}

}  // namespace

bool ReadTask(FrameReader* frame, const Engine& engine, const Memories& memories, Task* task, std::string* reason) {
  task->token = frame->Long();
  const uint32_t kernel = frame->Word();
  const uint32_t inputs = frame->Word();
  const uint32_t outputs = frame->Word();
  const uint32_t memory = frame->Word();
  const uint64_t offset = frame->Long();
  const uint64_t params_bytes = frame->Long();
  GpuRun& run = task->run;
  run.rows = frame->Long();
  run.begin = frame->Long();
  run.end = frame->Long();
  *reason = "no such kernel";
  if (kernel >= engine.Kernels().size()) return false;
  const Kernel& shape = *engine.Kernels()[kernel].shape;
  *reason = "the columns are not those of the kernel";
  if (inputs != shape.inputs || outputs != shape.outputs) return false;
  *reason = "the rows are none";
  if (run.rows > kRowsMax || run.begin > run.end || run.end > run.rows) return false;
  *reason = "the parameters are not those of the kernel";
  if (!FitsParams(shape, params_bytes)) return false;
  run.kernel = kernel;
  run.params = Place(memories, memory, offset, params_bytes);
  run.params_bytes = params_bytes;
  run.inputs = task->inputs;
  run.outputs = task->outputs;
  *reason = "a column does not lie in its memory";
  return run.params != nullptr && ReadColumns(frame, shape, memories, task) && frame->EndsWell();
}

}  // namespace acceld
