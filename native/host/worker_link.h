// The daemon's end of the socket to a worker.
#pragma once
#include <napi.h>

namespace acceld {

// As HostAddon.openWorkerLink in src/daemon/devices/host-addon.ts.
Napi::Value OpenWorkerLink(const Napi::CallbackInfo& info);

}  // namespace acceld
