#include "faults.h"

namespace acceld {

std::unique_ptr<Engine> Faults::Spoil(std::unique_ptr<Engine> engine, std::string*) { return engine; }
void Faults::Before(const Task&, Link*) {}
void Faults::After(const Task&) {}
void Faults::Answered() {}
int Faults::TryEverything(const char*, const char*) { return -1; }

}  // namespace acceld
