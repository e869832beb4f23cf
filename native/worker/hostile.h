// A worker that was taken over, for tests.
#pragma once

namespace acceld {

// Tries everything that a worker must not be able to do and writes a line "NAME ERROR" for each, 0 where it went well.
// Within the sandbox of that device, or outside any, where most of it must go well. The environment variable
// ACCELD_TARGET names a folder of the user that is none of its business.
int TryForbiddenThings(const char* device, bool sandboxed);

// Of the calling thread alone: the process lives, and its socket stays open. macOS has no such call, and the thread
// hangs.
[[noreturn]] void EndThread();

}  // namespace acceld
