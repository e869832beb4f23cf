#pragma once
#include <napi.h>

namespace acceld {

// openPool({ name, threads, niceness, background, cpus }, done): see HostPool in src/daemon/devices/host-addon.ts.
Napi::Value OpenPool(const Napi::CallbackInfo& info);

}  // namespace acceld
