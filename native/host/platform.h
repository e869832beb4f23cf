// The few things that each system does its own way. One file per system implements them.
#pragma once
#include <string>
#include <vector>

namespace acceld {

struct PeerCredentials {
  unsigned uid;
  unsigned gid;
  int pid;  // 0: in another pid namespace.
};

// False: the descriptor is no connected Unix socket.
bool ReadPeerCredentials(int descriptor, PeerCredentials* credentials);

void NameThread(const std::string& name);

// Lowers the priority of the calling thread alone: niceness on Linux, QoS class UTILITY on macOS.
bool LowerThreadPriority(int niceness);

// No core dumps, and no reading of this process's memory by others of its user. Returns what the system refused.
std::vector<std::string> Harden();

std::string CpuName();

// Listening sockets that launchd holds for this process under a name of its plist, which it hands over once. None on
// other systems, which pass theirs as open descriptors.
std::vector<int> ActivateSocket(const std::string& name);

// A descriptor of `bytes` of memory without a name, of which no holder can change the size; `bytes` are whole pages,
// all of them allocated where the system can do so without touching them. Negative: refused, and `error` is the errno.
int CreateMemoryDescriptor(size_t bytes, int* error);

}  // namespace acceld
