#include "lanes_v3.h"
// Comes after the lanes it is written on.
#include "kernels.h"

const acceld::KernelSet acceld::acceld_kernels_v3 = acceld::SetOf("x86-64-v3");
