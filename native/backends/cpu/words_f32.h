// The words of kernels/language.h in f32. Included inside a namespace of their own.
using real = F32;
using whole = U32;
using mask = Mask32;
using Codes = Codes32;
constexpr Element kElement = Element::kF32;
using Number = float;

#define KERNEL_BITS 32
#define ACCELD_SUFFIX "-f32"
#define FUNCTION ACCELD_LANES
#define REAL(constant) (real{} + (constant##f))
#define WHOLE(constant) (whole{} + (constant))
#define NOT_A_NUMBER RealOf(WHOLE(0x7fc00000))

ACCELD_LANES whole BitsOf(real a) { return (whole)a; }
ACCELD_LANES real RealOf(whole a) { return (real)a; }
ACCELD_LANES real Flush(real a) { return Choose(Less(Absolute(a), REAL(1.17549435e-38)), REAL(0.0), a); }
