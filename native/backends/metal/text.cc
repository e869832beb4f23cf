// The kernels' text in Metal, from a header that scripts/gpu-text.mjs writes.
#include "../gpu/entry.h"
#include "gpu_text.h"

namespace acceld {

const GpuText kGpuText = {kGpuTextPasted, ACCELD_GPU_TEXT_DIGEST};

}  // namespace acceld
