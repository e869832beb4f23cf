// The words of kernels/language.h in f32 for a language without vectors: one row in one item. Needs the words of the
// target: AS_FLOAT, AS_UINT, MULTIPLY_HIGH, FUSED, ROOT, SIZE.
typedef float real;
typedef uint32_t whole;
typedef int mask;

#define KERNEL_BITS 32
#define FUNCTION static inline
#define REAL(constant) (constant##f)
#define WHOLE(constant) ((whole)(constant))
#define NOT_A_NUMBER AS_FLOAT(WHOLE(0x7fc00000))

FUNCTION whole BitsOf(real a) { return AS_UINT(a); }
FUNCTION real RealOf(whole a) { return AS_FLOAT(a); }
FUNCTION whole ShiftRight(whole a, int bits) { return a >> bits; }
FUNCTION real Fma(real a, real b, real c) { return FUSED(a, b, c); }
FUNCTION real Sqrt(real a) { return ROOT(a); }
FUNCTION real Absolute(real a) { return SIZE(a); }
FUNCTION mask Less(real a, real b) { return a < b; }
FUNCTION mask Equal(real a, real b) { return a == b; }
FUNCTION mask IsCode(whole a, int code) { return a == (whole)code; }
FUNCTION real Choose(mask condition, real yes, real no) { return condition != 0 ? yes : no; }
FUNCTION real Lesser(real a, real b) { return a < b ? a : b; }
FUNCTION int Any(mask condition) { return condition; }
FUNCTION real Flush(real a) { return Choose(Less(Absolute(a), REAL(1.17549435e-38)), REAL(0.0), a); }
FUNCTION real Broadcast(float a) { return a; }
FUNCTION real NumberOf(whole a) { return (real)(int)a; }

typedef struct {
  uint32_t lower, upper;
} wide;

FUNCTION wide WideOf(whole a) {
  wide result;
  result.lower = a;
  result.upper = 0;
  return result;
}
FUNCTION whole Narrow(wide a) { return a.lower; }
FUNCTION wide Product(wide a, uint32_t b) {
  wide result;
  result.lower = a.lower * b;
  result.upper = MULTIPLY_HIGH(a.lower, b);
  return result;
}
FUNCTION wide UpperHalf(wide a) { return WideOf(a.upper); }
FUNCTION wide Mixed(wide a, wide b, uint32_t c) { return WideOf(a.lower ^ b.lower ^ c); }
