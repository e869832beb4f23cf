// The addon `host`: a list of exports, as src/daemon/devices/host-addon.ts declares them.
#include <napi.h>

#include "../backends/cpu/dispatch.h"
#include "kernel_binding.h"
#include "memory_binding.h"
#include "parts_binding.h"
#include "platform.h"
#include "pool_binding.h"
#include "system_binding.h"
#include "worker_link.h"

namespace acceld {

Napi::Object Export(Napi::Env env, Napi::Object exports) {
  if (!ExportKernels(env, exports)) return exports;
  exports.Set("version", ACCELD_VERSION);
  exports.Set("cpuName", CpuName());
  exports.Set("run", Napi::Function::New(env, RunKernel, "run"));
  exports.Set("openPool", Napi::Function::New(env, OpenPool, "openPool"));
  exports.Set("peerCredentials", Napi::Function::New(env, GetPeerCredentials, "peerCredentials"));
  exports.Set("openWorkerLink", Napi::Function::New(env, OpenWorkerLink, "openWorkerLink"));
  exports.Set("lockFile", Napi::Function::New(env, LockFile, "lockFile"));
  exports.Set("activateSocket", Napi::Function::New(env, ActivateSocketOf, "activateSocket"));
  exports.Set("listenerPath", Napi::Function::New(env, ListenerPath, "listenerPath"));
  exports.Set("thermalPressure", Napi::Function::New(env, GetThermalPressure, "thermalPressure"));
  exports.Set("memoryPressure", Napi::Function::New(env, GetMemoryPressure, "memoryPressure"));
  exports.Set("launchdRefusal", Napi::Function::New(env, GetLaunchdRefusal, "launchdRefusal"));
  exports.Set("powerReportsObjection", Napi::Function::New(env, GetPowerReportsObjection, "powerReportsObjection"));
  exports.Set("performanceLevels", Napi::Function::New(env, GetPerformanceLevels, "performanceLevels"));
  exports.Set("isStopped", Napi::Function::New(env, IsStopped, "isStopped"));
  ExportMemory(env, exports);
  exports.Set("harden", Napi::Function::New(env, HardenProcess, "harden"));
#if defined(ACCELD_TEST)
  exports.Set("philox", Napi::Function::New(env, PhiloxOf, "philox"));
  exports.Set("normalInverse", Napi::Function::New(env, NormalInverseOf, "normalInverse"));
#endif
  return exports;
}

}  // namespace acceld

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) { return acceld::Export(env, exports); }

NODE_API_MODULE(host, Initialize)
