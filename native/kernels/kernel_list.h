// Every kernel: its text, and one line that names its function and its operation. Entry points, the table of kernels
// and the tests come from this list. Included once per precision.
#include "price_options.h"

#define FOR_EACH_KERNEL(KERNEL) KERNEL(PriceOptions, "price-options")
