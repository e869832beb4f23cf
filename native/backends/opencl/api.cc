#include "api.h"

#include <dlfcn.h>

namespace acceld::opencl {
namespace {

template <typename Function>
bool Find(void* library, const char* name, Function* function, std::string* reason) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  if (*function == nullptr) *reason = std::string("opencl: the library lacks ") + name;
  return *function != nullptr;
}

const char* NameOf(int32_t error) {
  switch (error) {
    case -1: return "CL_DEVICE_NOT_FOUND";
    case kDeviceNotAvailable: return "CL_DEVICE_NOT_AVAILABLE";
    case -3: return "CL_COMPILER_NOT_AVAILABLE";
    case kMemObjectAllocationFailure: return "CL_MEM_OBJECT_ALLOCATION_FAILURE";
    case kOutOfResources: return "CL_OUT_OF_RESOURCES";
    case kOutOfHostMemory: return "CL_OUT_OF_HOST_MEMORY";
    case -11: return "CL_BUILD_PROGRAM_FAILURE";
    case -14: return "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST";
    case kInvalidContext: return "CL_INVALID_CONTEXT";
    case kInvalidCommandQueue: return "CL_INVALID_COMMAND_QUEUE";
    case -42: return "CL_INVALID_BINARY";
    case -52: return "CL_INVALID_KERNEL_ARGS";
    case -54: return "CL_INVALID_WORK_GROUP_SIZE";
    case -61: return "CL_INVALID_BUFFER_SIZE";
    case -1001: return "no OpenCL driver is installed";
    default: return "error";
  }
}

}  // namespace

std::unique_ptr<Api> LoadApi(const char* library, std::string* reason) {
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    *reason = std::string("opencl: ") + dlerror();
    return nullptr;
  }
  auto api = std::make_unique<Api>();
#define ACCELD_OPENCL_FIND(name, arguments) \
  if (!Find(handle, #name, &api->name, reason)) return nullptr;
#define ACCELD_OPENCL_FIND_MAKER(Result, name, arguments) ACCELD_OPENCL_FIND(name, arguments)
  ACCELD_OPENCL_CALLS(ACCELD_OPENCL_FIND)
  ACCELD_OPENCL_MAKERS(ACCELD_OPENCL_FIND_MAKER)
  return api;
}

std::string Failed(const char* function, int32_t error) {
  return std::string(function) + ": " + NameOf(error) + " (" + std::to_string(error) + ")";
}

}  // namespace acceld::opencl
