// Every kernel: its text, and one line that names its function and its operation. Entry points, the table of kernels
// and the tests come from this list. Included once per precision, which a target's words name in KERNEL_BITS.
// simulate, whose rows are blocks of paths and no columns, has an entry of its own instead of a line.
#include "price_options.h"
#if KERNEL_BITS == 64
#include "implied_volatility.h"
#include "normal_inverse.h"
#else
#include "random_f32.h"
#include "simulate.h"
// Comes after the numbers of simulate.h.
#include "simulate_path.h"
#endif

#undef FOR_EACH_KERNEL
#if KERNEL_BITS == 64
#define FOR_EACH_KERNEL(KERNEL)         \
  KERNEL(PriceOptions, "price-options") \
  KERNEL(ImpliedVolatility, "implied-volatility")
#else
#define FOR_EACH_KERNEL(KERNEL) KERNEL(PriceOptions, "price-options")
#endif
