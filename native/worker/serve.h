// The serving thread of a worker: frames in, tasks run one after the other, answers out.
#pragma once
#include "engine.h"
#include "link.h"

namespace acceld {

// Why a worker ends. The number is its exit code.
enum class Ending : int { kDaemonGone = 0, kProtocol = 2, kNoDevice = 3, kNoSandbox = 4, kSticky = 5 };

// Says what the engine is, makes every kernel ready and tells of each.
void Announce(Link* link, Engine* engine, const std::string& sandbox_lacks);

// Serves until the daemon is gone or one of both cannot go on. The word at `beat` in memory 0 counts the tasks begun.
Ending Serve(Link* link, Engine* engine, uint64_t beat);

}  // namespace acceld
