// What backends/gpu needs of OpenCL C 1.2.
#pragma OPENCL FP_CONTRACT OFF

typedef uint uint32_t;
typedef ulong uint64_t;

#define AS_FLOAT(bits) as_float(bits)
#define AS_UINT(number) as_uint(number)
#define MULTIPLY_HIGH(a, b) mul_hi(a, b)
#define FUSED(a, b, c) fma(a, b, c)
#define ROOT(a) sqrt(a)
#define SIZE(a) fabs(a)

#define GLOBAL __global
#define LOCAL __local
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define FLAGS volatile __global uint*
#define RAISE(flags, bits) atomic_or(flags, bits)

#define ENTRY __kernel __attribute__((reqd_work_group_size(kGpuGroupItems, 1, 1)))
#define VALUE(type) const type
#define ITEM_ARGUMENTS
#define ITEM ((uint32_t)get_global_id(0))
#define ITEM_OF_GROUP ((uint32_t)get_local_id(0))
