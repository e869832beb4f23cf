// x86-64-v4: AVX-512 F, BW, CD, DQ and VL. 8 or 16 lanes, comparisons in mask registers.
#pragma once
#include <immintrin.h>

#define ACCELD_VECTOR_BYTES 64
#include "lanes.h"

namespace acceld {
namespace {

typedef __mmask8 Mask64;
typedef __mmask16 Mask32;

// gcc 12 warns of uninitialised values inside the plain forms of some intrinsics (its bug 105593). The masked forms
// with every lane chosen compile to the same instructions.
constexpr Mask64 kAll64 = 0xff;
constexpr Mask32 kAll32 = 0xffff;

ACCELD_LANES F64 Fma(F64 a, F64 b, F64 c) { return _mm512_fmadd_pd(a, b, c); }
ACCELD_LANES F32 Fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
ACCELD_LANES F64 Sqrt(F64 a) { return _mm512_maskz_sqrt_pd(kAll64, a); }
ACCELD_LANES F32 Sqrt(F32 a) { return _mm512_maskz_sqrt_ps(kAll32, a); }
ACCELD_LANES F64 Lesser(F64 a, F64 b) { return _mm512_maskz_min_pd(kAll64, a, b); }
ACCELD_LANES F32 Lesser(F32 a, F32 b) { return _mm512_maskz_min_ps(kAll32, a, b); }
ACCELD_LANES Mask64 Less(F64 a, F64 b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
ACCELD_LANES Mask32 Less(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
ACCELD_LANES Mask64 Equal(F64 a, F64 b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
ACCELD_LANES Mask32 Equal(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
// False for a NaN.
ACCELD_LANES Mask64 InRange(F64 a, F64 min, F64 max) {
  return _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(a, min, _CMP_GE_OQ), a, max, _CMP_LE_OQ);
}
ACCELD_LANES Mask32 InRange(F32 a, F32 min, F32 max) {
  return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(a, min, _CMP_GE_OQ), a, max, _CMP_LE_OQ);
}
ACCELD_LANES Mask64 InSpan(U64 a, U64 first, U64 last) {
  return _mm512_mask_cmple_epu64_mask(_mm512_cmpge_epu64_mask((__m512i)a, (__m512i)first), (__m512i)a, (__m512i)last);
}
ACCELD_LANES Mask32 InSpan(U32 a, U32 first, U32 last) {
  return _mm512_mask_cmple_epu32_mask(_mm512_cmpge_epu32_mask((__m512i)a, (__m512i)first), (__m512i)a, (__m512i)last);
}
ACCELD_LANES Mask64 IsCode(U64 a, uint8_t code) { return _mm512_cmpeq_epi64_mask((__m512i)a, _mm512_set1_epi64(code)); }
ACCELD_LANES Mask32 IsCode(U32 a, uint8_t code) { return _mm512_cmpeq_epi32_mask((__m512i)a, _mm512_set1_epi32(code)); }
ACCELD_LANES F64 Choose(Mask64 mask, F64 yes, F64 no) { return _mm512_mask_blend_pd(mask, no, yes); }
ACCELD_LANES F32 Choose(Mask32 mask, F32 yes, F32 no) { return _mm512_mask_blend_ps(mask, no, yes); }
ACCELD_LANES bool Any(unsigned mask) { return mask != 0; }
ACCELD_LANES U64 Widen(Codes64 codes) {
  return (U64)_mm512_maskz_cvtepu8_epi64(kAll64, _mm_cvtsi64_si128((long long)codes));
}
ACCELD_LANES U32 Widen(Codes32 codes) { return (U32)_mm512_maskz_cvtepu8_epi32(kAll32, (__m128i)codes); }
// Products of the lower halves of 64-bit lanes.
ACCELD_LANES U64 HalfProduct(U64 a, U64 b) { return (U64)_mm512_maskz_mul_epu32(kAll64, (__m512i)a, (__m512i)b); }
ACCELD_LANES U32 Interleave(U64 even, U64 odd) {
  return (U32)_mm512_mask_blend_epi32(0xaaaa, (__m512i)even, (__m512i)(odd << 32));
}

}  // namespace
}  // namespace acceld
