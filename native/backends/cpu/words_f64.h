// The words of kernels/language.h in f64. Included inside a namespace of their own.
using real = F64;
using whole = U64;
using mask = Mask64;
using Codes = Codes64;
constexpr Element kElement = Element::kF64;
using Number = double;

#define KERNEL_BITS 64
#define ACCELD_SUFFIX "-f64"
#define FUNCTION ACCELD_LANES
#define REAL(constant) (real{} + (constant))
#define WHOLE(constant) (whole{} + (constant))
#define NOT_A_NUMBER RealOf(WHOLE(0x7ff8000000000000))

ACCELD_LANES whole BitsOf(real a) { return (whole)a; }
ACCELD_LANES real RealOf(whole a) { return (real)a; }
// f64 subnormals are exact on every target.
ACCELD_LANES real Flush(real a) { return a + REAL(0.0); }
