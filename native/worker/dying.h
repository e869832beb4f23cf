// The last word of a worker that crashes.
#pragma once

namespace acceld {

// Sends one frame when the process crashes, then lets it die by the same signal. After the device was opened: compilers
// in drivers install handlers that swallow the first signal.
void TellOfCrashes(int link);

}  // namespace acceld
