// The kernels in Metal. No include path exists where this is compiled: scripts/gpu-text.mjs puts the files in place.
// clang-format off
#include "words.h"
#include "../gpu/kernels.h"
