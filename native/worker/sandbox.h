// What keeps a worker from everything but its device, its memories and its socket. One file per system.
#pragma once
#include <string>
#include <vector>

namespace acceld {

// Paths that do not exist are left out.
struct SandboxRules {
  std::vector<std::string> read;
  // Folders in which it may do anything but run programs.
  std::vector<std::string> write;
  // Devices that it may open for reading and writing, and command.
  std::vector<std::string> devices;
  // Largest file that it may write.
  unsigned long file_bytes_max = 0;
  // It may start the programs that it may read: a driver's compiler does.
  bool starts_programs = false;
};

// Before anything else: the process ends when its parent does, gains no rights, and leaves no image behind. Returns
// what the system refused, empty where nothing.
std::string Confine(const SandboxRules& rules);

// False: that is not the parent, which has died already.
bool IsParent(int pid);

// Takes everything away that the rules do not name. Only threads that start later are held, so no thread may run yet.
// Returns what the system does not have, empty where nothing lacks.
std::string EnterSandbox(const SandboxRules& rules);

SandboxRules CpuRules();
SandboxRules GpuRules();

}  // namespace acceld
