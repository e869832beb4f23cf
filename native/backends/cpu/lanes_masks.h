// Comparisons for instruction sets without mask registers: a mask is a vector of all ones or zeros in each lane.
#pragma once
#include "lanes.h"

namespace acceld {
namespace {

typedef U64 Mask64;
typedef U32 Mask32;

ACCELD_LANES Mask64 Less(F64 a, F64 b) { return (Mask64)(a < b); }
ACCELD_LANES Mask32 Less(F32 a, F32 b) { return (Mask32)(a < b); }
ACCELD_LANES Mask64 Equal(F64 a, F64 b) { return (Mask64)(a == b); }
ACCELD_LANES Mask32 Equal(F32 a, F32 b) { return (Mask32)(a == b); }
// False for a NaN.
ACCELD_LANES Mask64 InRange(F64 a, F64 min, F64 max) { return (Mask64)((a >= min) & (a <= max)); }
ACCELD_LANES Mask32 InRange(F32 a, F32 min, F32 max) { return (Mask32)((a >= min) & (a <= max)); }
ACCELD_LANES Mask64 InSpan(U64 a, U64 first, U64 last) { return (Mask64)((a >= first) & (a <= last)); }
ACCELD_LANES Mask32 InSpan(U32 a, U32 first, U32 last) { return (Mask32)((a >= first) & (a <= last)); }
ACCELD_LANES Mask64 IsCode(U64 a, uint8_t code) { return (Mask64)(a == (U64{} + code)); }
ACCELD_LANES Mask32 IsCode(U32 a, uint8_t code) { return (Mask32)(a == (U32{} + code)); }
ACCELD_LANES F64 Choose(Mask64 mask, F64 yes, F64 no) { return mask ? yes : no; }
ACCELD_LANES F32 Choose(Mask32 mask, F32 yes, F32 no) { return mask ? yes : no; }

}  // namespace
}  // namespace acceld
