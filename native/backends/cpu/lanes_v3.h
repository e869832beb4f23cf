// x86-64-v3: AVX2 and FMA. 4 or 8 lanes.
#pragma once
#include <immintrin.h>

#define ACCELD_VECTOR_BYTES 32
#include "lanes.h"
#include "lanes_masks.h"

namespace acceld {
namespace {

ACCELD_LANES F64 Fma(F64 a, F64 b, F64 c) { return _mm256_fmadd_pd(a, b, c); }
ACCELD_LANES F32 Fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
ACCELD_LANES F64 Sqrt(F64 a) { return _mm256_sqrt_pd(a); }
ACCELD_LANES F32 Sqrt(F32 a) { return _mm256_sqrt_ps(a); }
ACCELD_LANES F64 Lesser(F64 a, F64 b) { return _mm256_min_pd(a, b); }
ACCELD_LANES F32 Lesser(F32 a, F32 b) { return _mm256_min_ps(a, b); }
ACCELD_LANES bool Any(Mask64 mask) { return _mm256_movemask_pd((F64)mask) != 0; }
ACCELD_LANES bool Any(Mask32 mask) { return _mm256_movemask_ps((F32)mask) != 0; }
ACCELD_LANES U64 Widen(Codes64 codes) { return (U64)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128((int)codes)); }
ACCELD_LANES U32 Widen(Codes32 codes) { return (U32)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)codes)); }
// Products of the lower halves of 64-bit lanes.
ACCELD_LANES U64 HalfProduct(U64 a, U64 b) { return (U64)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
ACCELD_LANES U32 Interleave(U64 even, U64 odd) {
  return (U32)_mm256_blend_epi32((__m256i)even, (__m256i)(odd << 32), 0xaa);
}

}  // namespace
}  // namespace acceld
