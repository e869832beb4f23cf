#pragma once
#include <napi.h>

namespace acceld {

Napi::Value GetPeerCredentials(const Napi::CallbackInfo& info);
Napi::Value LockFile(const Napi::CallbackInfo& info);
Napi::Value HardenProcess(const Napi::CallbackInfo& info);
Napi::Value ActivateSocketOf(const Napi::CallbackInfo& info);
Napi::Value ListenerPath(const Napi::CallbackInfo& info);
Napi::Value GetThermalPressure(const Napi::CallbackInfo& info);
Napi::Value GetMemoryPressure(const Napi::CallbackInfo& info);
Napi::Value GetLaunchdRefusal(const Napi::CallbackInfo& info);
Napi::Value GetPowerReportsObjection(const Napi::CallbackInfo& info);
Napi::Value IsStopped(const Napi::CallbackInfo& info);
Napi::Value GetPerformanceLevels(const Napi::CallbackInfo& info);

}  // namespace acceld
