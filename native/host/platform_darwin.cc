#include <fcntl.h>
#include <launch.h>
#include <pthread.h>
#include <pthread/qos.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "platform.h"

namespace acceld {

bool ReadPeerCredentials(int descriptor, PeerCredentials* credentials) {
  uid_t uid;
  gid_t gid;
  if (getpeereid(descriptor, &uid, &gid) != 0) return false;
  pid_t pid = 0;
  socklen_t size = sizeof pid;
  // The pid is a label for logs: a system that does not tell it takes no right away.
  if (getsockopt(descriptor, SOL_LOCAL, LOCAL_PEERPID, &pid, &size) != 0) pid = 0;
  *credentials = {uid, gid, pid};
  return true;
}

void NameThread(const std::string& name) { pthread_setname_np(name.c_str()); }

// On Apple silicon the QoS class is the only lever; UTILITY threads give way to every thread of a higher class.
bool LowerThreadPriority(int) { return pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0) == 0; }

std::vector<std::string> Harden() {
  std::vector<std::string> refused;
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) refused.push_back(std::string("no core dumps: ") + std::strerror(errno));
  return refused;
}

std::string CpuName() {
  char name[128] = "CPU";
  size_t size = sizeof name;
  sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0);
  return name;
}

std::vector<int> ActivateSocket(const std::string& name) {
  int* descriptors = nullptr;
  size_t count = 0;
  // ENOENT: no such socket in the plist. ESRCH: not started by launchd. EALREADY: handed over before.
  if (launch_activate_socket(name.c_str(), &descriptors, &count) != 0) return {};
  std::vector<int> handed(descriptors, descriptors + count);
  std::free(descriptors);
  return handed;
}

int CreateMemoryDescriptor(size_t bytes, int* error) {
  // A name is needed for an instant, of at most 31 characters. The system takes one ftruncate for each object and
  // refuses every later one, so no holder can change the size.
  uint64_t random;
  arc4random_buf(&random, sizeof random);
  char name[32];
  std::snprintf(name, sizeof name, "/acceld-%016llx", static_cast<unsigned long long>(random));
  const int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  *error = errno;
  if (descriptor < 0) return -1;
  if (shm_unlink(name) == 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 &&
      ftruncate(descriptor, static_cast<off_t>(bytes)) == 0) {
    return descriptor;
  }
  *error = errno;
  close(descriptor);
  return -1;
}

}  // namespace acceld
