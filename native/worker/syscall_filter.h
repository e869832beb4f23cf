// Linux: the system calls that a worker has no use for, refused for good.
#pragma once

namespace acceld {

// False: the system filters no calls.
bool FilterSystemCalls(bool starts_programs);

}  // namespace acceld
