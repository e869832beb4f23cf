#include "lanes_v4.h"
// Comes after the lanes it is written on.
#include "kernels.h"

const acceld::KernelSet acceld::acceld_kernels_v4 = acceld::SetOf("x86-64-v4");
