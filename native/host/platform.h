// The few things that each system does its own way. One file per system implements them.
#pragma once
#include <atomic>
#include <cstdint>
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

// Where a thread runs, and to whom it gives way.
struct ThreadPlace {
  int niceness;           // 0: as every other thread. Above: it gives way, and is not frozen.
  bool is_background;     // It runs only where nobody else wants to.
  std::vector<int> cpus;  // Empty: anywhere.
};

// Of the calling thread alone. Linux: niceness or SCHED_IDLE, and affinity. macOS: a QoS class, by which the system
// chooses the kind of core; it has no affinity, and `cpus` says nothing. False: something was refused.
bool PlaceThread(const ThreadPlace& place);

// The level of com.apple.system.thermalpressurelevel. Negative: the system publishes none.
int ThermalPressure();

// level: 1 normal, 2 warning, 4 critical. False: the system publishes none.
bool MemoryPressure(int* level, double* available_share);

// Logical processors of each kind, the fastest kind first. Empty: the system does not tell, or tells it in files.
std::vector<int> PerformanceLevels();

// No core dumps, and no reading of this process's memory by others of its user. Returns what the system refused.
std::vector<std::string> Harden();

// A notice of a thread's end, in a word that processes share. The system gives it before it takes the memory of the
// process down, which a socket waits for. It says nothing about other threads of the process: those may store for a
// moment longer. `word` is 0 until the calling thread leaves a notice there.
void LeaveEndNotice(std::atomic<uint32_t>* word);

// Returns when the notice was given, or the word was written otherwise. False: this system has no such notices.
bool AwaitEndNotice(const std::atomic<uint32_t>* word);

// In the place of the system, for a process that is gone and may have left none.
void GiveEndNotice(std::atomic<uint32_t>* word);

std::string CpuName();

// Listening sockets that launchd holds for this process under a name of its plist, which it hands over once. None on
// other systems, which pass theirs as open descriptors.
std::vector<int> ActivateSocket(const std::string& name);

// The errno with which launchd answers for a socket that no plist names. ESRCH: it did not start this process. ENOENT:
// it did, and hands its sockets over. ENOSYS: no launchd.
int LaunchdRefusal();

// Why this process cannot read power and utilisation, which only a private library of macOS tells; empty: it can.
std::string PowerReportsObjection();

// A descriptor of `bytes` of memory without a name, of which no holder can change the size; `bytes` are whole pages,
// all of them allocated where the system can do so without touching them. Negative: refused, and `error` is the errno.
int CreateMemoryDescriptor(size_t bytes, int* error);

// Gives the pages of a part of such memory, mapped at `data`, back to the system: what is in them is lost. False: the
// system refused.
bool DiscardMemory(int descriptor, void* data, size_t offset, size_t bytes);

}  // namespace acceld
