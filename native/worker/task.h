// A task as the daemon sends it, checked: running it touches nothing outside the memories.
#pragma once
#include "engine.h"
#include "frames.h"
#include "memories.h"

namespace acceld {

struct Task {
  uint64_t token = 0;
  GpuRun run{};
  Column inputs[kColumnsMax];
  unsigned char* outputs[kColumnsMax];
};

// False: the frame breaks the protocol. Fills `reason`, and leaves the token where the frame has one.
bool ReadTask(FrameReader* frame, const Engine& engine, const Memories& memories, Task* task, std::string* reason);

}  // namespace acceld
