// What a test build does wrong on purpose. faults_none.cc, in every other build, does nothing wrong.
#pragma once
#include "engine.h"
#include "link.h"
#include "task.h"

namespace acceld {

class Faults {
 public:
  // The engine with a fault of its own, or as it is. Null and a reason: the fault is that there is no device.
  static std::unique_ptr<Engine> Spoil(std::unique_ptr<Engine> engine, std::string* reason);
  // Before and after a task runs, and after its answer was sent. May never return.
  static void Before(const Task& task, Link* link);
  static void After(const Task& task);
  static void Answered();

  // A role of its own: enters the sandbox of `device` and tries everything that a worker must not do. -1: unknown.
  static int TryEverything(const char* role, const char* device);
};

}  // namespace acceld
