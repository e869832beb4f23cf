#include "lanes_neon.h"
// Comes after the lanes it is written on.
#include "kernels.h"

const acceld::KernelSet acceld::acceld_kernels_neon = acceld::SetOf("neon");
