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

ACCELD_LANES real Broadcast(Number a) { return a - real{}; }

// 32-bit wholes at even and at odd places, each in the lower half of 64 bits whose upper half is left to chance.
struct wide {
  U64 even, odd;
};

ACCELD_LANES wide WideOf(whole a) { return {(U64)a, (U64)a >> 32}; }
ACCELD_LANES whole Narrow(wide a) { return Interleave(a.even, a.odd); }
ACCELD_LANES wide Product(wide a, uint32_t b) {
  return {HalfProduct(a.even, U64{} + b), HalfProduct(a.odd, U64{} + b)};
}
ACCELD_LANES wide UpperHalf(wide a) { return {a.even >> 32, a.odd >> 32}; }
ACCELD_LANES wide Mixed(wide a, wide b, uint32_t c) {
  return {a.even ^ b.even ^ (U64{} + c), a.odd ^ b.odd ^ (U64{} + c)};
}
