// arm64: Advanced SIMD. 2 or 4 lanes.
#pragma once
#include <arm_neon.h>

#define ACCELD_VECTOR_BYTES 16
#include "lanes.h"
#include "lanes_masks.h"

namespace acceld {
namespace {

ACCELD_LANES F64 Fma(F64 a, F64 b, F64 c) { return vfmaq_f64(c, a, b); }
ACCELD_LANES F32 Fma(F32 a, F32 b, F32 c) { return vfmaq_f32(c, a, b); }
ACCELD_LANES F64 Sqrt(F64 a) { return vsqrtq_f64(a); }
ACCELD_LANES F32 Sqrt(F32 a) { return vsqrtq_f32(a); }
// vminq would return a NaN of either side.
ACCELD_LANES F64 Lesser(F64 a, F64 b) { return Choose(Less(a, b), a, b); }
ACCELD_LANES F32 Lesser(F32 a, F32 b) { return Choose(Less(a, b), a, b); }
ACCELD_LANES bool Any(Mask32 mask) { return vmaxvq_u32(mask) != 0; }
ACCELD_LANES bool Any(Mask64 mask) { return Any((Mask32)mask); }
ACCELD_LANES U64 Widen(Codes64 codes) { return U64{codes[0], codes[1]}; }
ACCELD_LANES U32 Widen(Codes32 codes) { return U32{codes[0], codes[1], codes[2], codes[3]}; }
// Products of the lower halves of 64-bit lanes.
ACCELD_LANES U64 HalfProduct(U64 a, U64 b) { return vmull_u32(vmovn_u64(a), vmovn_u64(b)); }
ACCELD_LANES U32 Interleave(U64 even, U64 odd) { return vtrn1q_u32((U32)even, (U32)odd); }

}  // namespace
}  // namespace acceld
