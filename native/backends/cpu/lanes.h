// Vectors of ACCELD_VECTOR_BYTES, and the words on them that need no instruction of their own. Everything is in an
// unnamed namespace and inlined, so that nothing compiled for one instruction set can be linked into the code of
// another.
#pragma once
#include <cstddef>
#include <cstdint>

#define ACCELD_LANES static inline __attribute__((always_inline))

namespace acceld {
namespace {

typedef double F64 __attribute__((vector_size(ACCELD_VECTOR_BYTES)));
typedef float F32 __attribute__((vector_size(ACCELD_VECTOR_BYTES)));
typedef uint64_t U64 __attribute__((vector_size(ACCELD_VECTOR_BYTES)));
typedef uint32_t U32 __attribute__((vector_size(ACCELD_VECTOR_BYTES)));
typedef uint8_t Codes64 __attribute__((vector_size(ACCELD_VECTOR_BYTES / 8)));
typedef uint8_t Codes32 __attribute__((vector_size(ACCELD_VECTOR_BYTES / 4)));

ACCELD_LANES F64 Absolute(F64 a) { return (F64)((U64)a & (U64{} + 0x7fffffffffffffff)); }
ACCELD_LANES F32 Absolute(F32 a) { return (F32)((U32)a & (U32{} + 0x7fffffff)); }

typedef int32_t I32 __attribute__((vector_size(ACCELD_VECTOR_BYTES)));

ACCELD_LANES F32 NumberOf(U32 a) { return __builtin_convertvector((I32)a, F32); }

ACCELD_LANES U64 ShiftRight(U64 a, int bits) { return a >> bits; }
ACCELD_LANES U32 ShiftRight(U32 a, int bits) { return a >> bits; }

// Any address will do: memcpy compiles to one unaligned instruction.
template <typename Vector>
ACCELD_LANES Vector LoadLanes(const unsigned char* from) {
  Vector lanes;
  __builtin_memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

template <typename Vector>
ACCELD_LANES void StoreLanes(unsigned char* to, Vector lanes) {
  __builtin_memcpy(to, &lanes, sizeof lanes);
}

}  // namespace
}  // namespace acceld
