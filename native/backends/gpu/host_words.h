// What words.h needs of the host's C++, which reads the texts for their lists of columns and for what a run is told.
#define AS_FLOAT(bits) FloatOf(bits)
#define AS_UINT(number) UintOf(number)
#define MULTIPLY_HIGH(a, b) ((uint32_t)((uint64_t)(a) * (b) >> 32))
#define FUSED(a, b, c) __builtin_fmaf(a, b, c)
#define ROOT(a) __builtin_sqrtf(a)
#define SIZE(a) __builtin_fabsf(a)

static inline float FloatOf(uint32_t bits) {
  float number;
  __builtin_memcpy(&number, &bits, sizeof number);
  return number;
}

static inline uint32_t UintOf(float number) {
  uint32_t bits;
  __builtin_memcpy(&bits, &number, sizeof bits);
  return bits;
}
