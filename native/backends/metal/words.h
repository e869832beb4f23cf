// What backends/gpu needs of the Metal Shading Language 3.1.
#include <metal_stdlib>

#pragma METAL fp contract(off)
#if __METAL_VERSION__ >= 320
#pragma METAL fp math_mode(safe)
#endif

#define AS_FLOAT(bits) as_type<float>(bits)
#define AS_UINT(number) as_type<uint>(number)
#define MULTIPLY_HIGH(a, b) metal::mulhi(a, b)
#define FUSED(a, b, c) metal::fma(a, b, c)
#define ROOT(a) metal::precise::sqrt(a)
#define SIZE(a) metal::fabs(a)

#define GLOBAL device
#define LOCAL threadgroup
#define BARRIER() metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup)
#define FLAGS device metal::atomic_uint*
#define RAISE(flags, bits) metal::atomic_fetch_or_explicit(flags, bits, metal::memory_order_relaxed)

#define ENTRY kernel
#define VALUE(type) constant type&
#define ITEM_ARGUMENTS \
  , uint item_of_grid [[thread_position_in_grid]], uint item_of_group [[thread_position_in_threadgroup]]
#define ITEM item_of_grid
#define ITEM_OF_GROUP item_of_group
