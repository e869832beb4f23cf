// The part of OpenCL 1.2 that the backend uses, from a libOpenCL that is looked for at run time: no header and no
// library is needed to build. Names, values and argument types are those of the standard.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace acceld::opencl {

struct Platform;
struct Device;
struct Context;
struct Queue;
struct Program;
struct KernelObject;
struct Memory;
struct Event;

constexpr int32_t kSuccess = 0;
constexpr int32_t kMemObjectAllocationFailure = -4;
constexpr int32_t kOutOfResources = -5;
constexpr int32_t kOutOfHostMemory = -6;
constexpr int32_t kDeviceNotAvailable = -2;
constexpr int32_t kInvalidContext = -34;
constexpr int32_t kInvalidCommandQueue = -36;

constexpr uint64_t kDeviceTypeGpu = 1 << 2;
constexpr uint64_t kDeviceTypeAll = 0xffffffff;
constexpr uint32_t kDeviceTypeInfo = 0x1000;
constexpr uint32_t kDeviceSingleFpConfig = 0x101b;
constexpr uint64_t kFpCorrectlyRoundedDivideSqrt = 1 << 7;
constexpr uint32_t kDeviceAvailable = 0x1027;
constexpr uint32_t kDeviceName = 0x102b;
constexpr uint32_t kDriverVersion = 0x102d;
constexpr uint32_t kDeviceVersion = 0x102f;
constexpr uint32_t kDeviceHostUnifiedMemory = 0x1035;
constexpr uint32_t kPlatformVersion = 0x0901;
constexpr uint32_t kPlatformName = 0x0902;
constexpr uint64_t kQueueProfilingEnable = 1 << 1;
constexpr uint64_t kMemReadWrite = 1 << 0;
constexpr uint64_t kMemUseHostPtr = 1 << 3;
constexpr uint64_t kMapReadWrite = 1 << 0 | 1 << 1;
constexpr uint32_t kProgramBinarySizes = 0x1165;
constexpr uint32_t kProgramBinaries = 0x1166;
constexpr uint32_t kProgramBuildLog = 0x1183;
constexpr uint32_t kKernelArgumentCount = 0x1191;
constexpr uint32_t kEventStatus = 0x11d3;
constexpr uint32_t kProfilingCommandStart = 0x1282;
constexpr uint32_t kProfilingCommandEnd = 0x1283;

// Name and arguments of those whose result is an error code.
#define ACCELD_OPENCL_CALLS(CALL)                                                                                    \
  CALL(clGetPlatformIDs, (uint32_t count, Platform * *platforms, uint32_t * found))                                  \
  CALL(clGetPlatformInfo, (Platform * platform, uint32_t name, size_t bytes, void* value, size_t* found))            \
  CALL(clGetDeviceIDs, (Platform * platform, uint64_t type, uint32_t count, Device * *devices, uint32_t * found))    \
  CALL(clGetDeviceInfo, (Device * device, uint32_t name, size_t bytes, void* value, size_t* found))                  \
  CALL(clReleaseContext, (Context * context))                                                                        \
  CALL(clReleaseCommandQueue, (Queue * queue))                                                                       \
  CALL(clReleaseProgram, (Program * program))                                                                        \
  CALL(clReleaseKernel, (KernelObject * kernel))                                                                     \
  CALL(clReleaseMemObject, (Memory * memory))                                                                        \
  CALL(clReleaseEvent, (Event * event))                                                                              \
  CALL(clBuildProgram, (Program * program, uint32_t count, Device* const* devices, const char* options,              \
                        void (*notify)(Program*, void*), void* data))                                                \
  CALL(clGetProgramBuildInfo,                                                                                        \
       (Program * program, Device * device, uint32_t name, size_t bytes, void* value, size_t* found))                \
  CALL(clGetProgramInfo, (Program * program, uint32_t name, size_t bytes, void* value, size_t* found))               \
  CALL(clGetKernelInfo, (KernelObject * kernel, uint32_t name, size_t bytes, void* value, size_t* found))            \
  CALL(clSetKernelArg, (KernelObject * kernel, uint32_t place, size_t bytes, const void* value))                     \
  CALL(clEnqueueWriteBuffer, (Queue * queue, Memory * memory, uint32_t blocks, size_t offset, size_t bytes,          \
                              const void* from, uint32_t waits, Event* const* wait, Event** event))                  \
  CALL(clEnqueueReadBuffer, (Queue * queue, Memory * memory, uint32_t blocks, size_t offset, size_t bytes, void* to, \
                             uint32_t waits, Event* const* wait, Event** event))                                     \
  CALL(clEnqueueUnmapMemObject,                                                                                      \
       (Queue * queue, Memory * memory, void* mapped, uint32_t waits, Event* const* wait, Event** event))            \
  CALL(clEnqueueNDRangeKernel,                                                                                       \
       (Queue * queue, KernelObject * kernel, uint32_t dimensions, const size_t* offset, const size_t* items,        \
        const size_t* group, uint32_t waits, Event* const* wait, Event** event))                                     \
  CALL(clGetEventInfo, (Event * event, uint32_t name, size_t bytes, void* value, size_t* found))                     \
  CALL(clGetEventProfilingInfo, (Event * event, uint32_t name, size_t bytes, void* value, size_t* found))            \
  CALL(clFinish, (Queue * queue))

// Result, name, arguments: those that make something and tell the error in their last argument.
#define ACCELD_OPENCL_MAKERS(MAKER)                                                                                    \
  MAKER(Context*, clCreateContext,                                                                                     \
        (const intptr_t* properties, uint32_t count, Device* const* devices,                                           \
         void (*notify)(const char*, const void*, size_t, void*), void* data, int32_t*))                               \
  MAKER(Queue*, clCreateCommandQueue, (Context * context, Device * device, uint64_t properties, int32_t*))             \
  MAKER(Memory*, clCreateBuffer, (Context * context, uint64_t flags, size_t bytes, void* host, int32_t*))              \
  MAKER(Program*, clCreateProgramWithSource,                                                                           \
        (Context * context, uint32_t count, const char** texts, const size_t* lengths, int32_t*))                      \
  MAKER(Program*, clCreateProgramWithBinary,                                                                           \
        (Context * context, uint32_t count, Device* const* devices, const size_t* lengths,                             \
         const unsigned char** binaries, int32_t* status, int32_t*))                                                   \
  MAKER(KernelObject*, clCreateKernel, (Program * program, const char* name, int32_t*))                                \
  MAKER(void*, clEnqueueMapBuffer,                                                                                     \
        (Queue * queue, Memory * memory, uint32_t blocks, uint64_t flags, size_t offset, size_t bytes, uint32_t waits, \
         Event* const* wait, Event** event, int32_t*))

struct Api {
#define ACCELD_OPENCL_CALL(name, arguments) int32_t(*name) arguments = nullptr;
#define ACCELD_OPENCL_MAKER(Result, name, arguments) Result(*name) arguments = nullptr;
  ACCELD_OPENCL_CALLS(ACCELD_OPENCL_CALL)
  ACCELD_OPENCL_MAKERS(ACCELD_OPENCL_MAKER)
};

// The library stays loaded for the life of the process: drivers leave threads and handlers behind. Null and the reason
// where it is absent or lacks a function.
std::unique_ptr<Api> LoadApi(const char* library, std::string* reason);

// Owns an object of OpenCL.
template <typename Object>
using Held = std::unique_ptr<Object, int32_t (*)(Object*)>;

// As "clBuildProgram: CL_OUT_OF_RESOURCES (-5)".
std::string Failed(const char* function, int32_t error);

}  // namespace acceld::opencl
