#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "platform.h"

namespace acceld {

bool ReadPeerCredentials(int descriptor, PeerCredentials* credentials) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  // A socket that is no Unix socket answers with pid 0 and the overflow uid.
  sockaddr_storage address{};
  socklen_t address_size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &address_size) != 0) return false;
  if (address.ss_family != AF_UNIX) return false;
  *credentials = {peer.uid, peer.gid, peer.pid};
  return true;
}

void NameThread(const std::string& name) { prctl(PR_SET_NAME, name.substr(0, 15).c_str()); }

bool PlaceThread(const ThreadPlace& place) {
  bool is_placed = true;
  if (place.is_background) {
    const sched_param none{};
    is_placed = sched_setscheduler(0, SCHED_IDLE, &none) == 0;
  } else if (place.niceness > 0) {
    // On Linux niceness belongs to a thread, whatever POSIX says.
    is_placed = setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), place.niceness) == 0;
  }
  if (place.cpus.empty()) return is_placed;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : place.cpus) CPU_SET(static_cast<size_t>(cpu), &cpus);
  return sched_setaffinity(0, sizeof cpus, &cpus) == 0 && is_placed;
}

// The files of /sys and /proc tell all of this, and need no addon.
int ThermalPressure() { return -1; }
bool MemoryPressure(int*, double*) { return false; }
std::vector<int> PerformanceLevels() { return {}; }

std::vector<std::string> Harden() {
  std::vector<std::string> refused;
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) refused.push_back(std::string("no core dumps: ") + std::strerror(errno));
  if (prctl(PR_SET_DUMPABLE, 0) != 0) refused.push_back(std::string("no ptrace: ") + std::strerror(errno));
  return refused;
}

void LeaveEndNotice(std::atomic<uint32_t>* word) {
  // A robust futex, which the kernel hands on at the beginning of the thread's exit: a list of one lock, held for ever.
  // In the place of the C library's own list: no lock of this thread outlives its process.
  static robust_list_head locks;
  static robust_list lock;
  locks = {{&lock}, reinterpret_cast<char*>(word) - reinterpret_cast<char*>(&lock), nullptr};
  lock.next = &locks.list;
  word->store(static_cast<uint32_t>(syscall(SYS_gettid)) | FUTEX_WAITERS);
  syscall(SYS_set_robust_list, &locks, sizeof locks);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool AwaitEndNotice(const std::atomic<uint32_t>* word) {
  const auto wait_while = [word](uint32_t value) {
    while (word->load() == value) {
      // No such call: the socket will tell.
      if (syscall(SYS_futex, word, FUTEX_WAIT, value, nullptr, nullptr, 0) != 0 && errno != EINTR && errno != EAGAIN) {
        return false;
      }
    }
    return true;
  };
  if (!wait_while(0)) return false;
  const uint32_t left = word->load();
  return (left & FUTEX_OWNER_DIED) != 0 || wait_while(left);
}

void GiveEndNotice(std::atomic<uint32_t>* word) {
  word->store(FUTEX_OWNER_DIED);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

std::vector<int> ActivateSocket(const std::string&) { return {}; }

int LaunchdRefusal() { return ENOSYS; }

std::string PowerReportsObjection() { return "only macOS has IOReport"; }

int CreateMemoryDescriptor(size_t bytes, int* error) {
  const int descriptor = memfd_create("acceld", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  *error = errno;
  if (descriptor < 0) return -1;
  // Sealed: a holder that cut it short would have the others killed by SIGBUS.
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0 ||
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    *error = errno;
  } else {
    // Where there is no more memory this fails, while touching a page would kill.
    *error = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
    if (*error == 0) return descriptor;
  }
  close(descriptor);
  return -1;
}

bool DiscardMemory(int descriptor, void*, size_t offset, size_t bytes) {
  return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                   static_cast<off_t>(bytes)) == 0;
}

}  // namespace acceld
