// One kernel for a GPU: -DACCELD_ROWS=PriceOptions names one of kernel_list.h, -DACCELD_SIMULATE is simulate.
// clang-format off
#include "call.h"
#include "words.h"
#include "columns.h"
#include "../../kernels/math_f32.h"
#include "../../kernels/kernel_list.h"
#if defined(ACCELD_SIMULATE)
#include "simulate_entry.h"
#else
#include "rows_entry.h"
#endif
// clang-format on
