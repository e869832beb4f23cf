#include "lanes_base.h"
// Comes after the lanes it is written on.
#include "kernels.h"

const acceld::KernelSet acceld::acceld_kernels_base = acceld::SetOf("x86-64");
