// x86-64: SSE2. 2 or 4 lanes. Its fused multiply-add is a library call for each lane: right, and 20 times slower.
#pragma once
#include <emmintrin.h>

#define ACCELD_VECTOR_BYTES 16
#include "lanes.h"
#include "lanes_masks.h"

namespace acceld {
namespace {

ACCELD_LANES F64 Fma(F64 a, F64 b, F64 c) {
  return F64{__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
}
ACCELD_LANES F32 Fma(F32 a, F32 b, F32 c) {
  return F32{__builtin_fmaf(a[0], b[0], c[0]), __builtin_fmaf(a[1], b[1], c[1]), __builtin_fmaf(a[2], b[2], c[2]),
             __builtin_fmaf(a[3], b[3], c[3])};
}
ACCELD_LANES F64 Sqrt(F64 a) { return _mm_sqrt_pd(a); }
ACCELD_LANES F32 Sqrt(F32 a) { return _mm_sqrt_ps(a); }
ACCELD_LANES F64 Lesser(F64 a, F64 b) { return _mm_min_pd(a, b); }
ACCELD_LANES F32 Lesser(F32 a, F32 b) { return _mm_min_ps(a, b); }
ACCELD_LANES bool Any(Mask64 mask) { return _mm_movemask_pd((F64)mask) != 0; }
ACCELD_LANES bool Any(Mask32 mask) { return _mm_movemask_ps((F32)mask) != 0; }
ACCELD_LANES U64 Widen(Codes64 codes) { return U64{codes[0], codes[1]}; }
ACCELD_LANES U32 Widen(Codes32 codes) { return U32{codes[0], codes[1], codes[2], codes[3]}; }
// Products of the lower halves of 64-bit lanes.
ACCELD_LANES U64 HalfProduct(U64 a, U64 b) { return (U64)_mm_mul_epu32((__m128i)a, (__m128i)b); }
ACCELD_LANES U32 Interleave(U64 even, U64 odd) { return (U32)((even & (U64{} + 0xffffffff)) | odd << 32); }

}  // namespace
}  // namespace acceld
