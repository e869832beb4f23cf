#pragma once
#include <napi.h>

namespace acceld {

// Sets createMemory and sendDescriptor: see HostAddon in src/daemon/devices/host-addon.ts.
void ExportMemory(Napi::Env env, Napi::Object exports);

}  // namespace acceld
