#include <CoreFoundation/CoreFoundation.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <launch.h>
#include <notify.h>
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

// On Apple silicon the QoS class is the only lever: USER_INITIATED prefers performance cores, UTILITY gives way to
// every higher class, and BACKGROUND runs on efficiency cores alone.
bool PlaceThread(const ThreadPlace& place) {
  const qos_class_t given_way = place.niceness > 0 ? QOS_CLASS_UTILITY : QOS_CLASS_USER_INITIATED;
  return pthread_set_qos_class_self_np(place.is_background ? QOS_CLASS_BACKGROUND : given_way, 0) == 0;
}

int ThermalPressure() {
  // Finer than NSProcessInfo's thermalState, and needs no Objective-C.
  static const int token = [] {
    int registered = -1;
    const bool is_known =
        notify_register_check("com.apple.system.thermalpressurelevel", &registered) == NOTIFY_STATUS_OK;
    return is_known ? registered : -1;
  }();
  uint64_t level = 0;
  if (token < 0 || notify_get_state(token, &level) != NOTIFY_STATUS_OK) return -1;
  return static_cast<int>(level);
}

bool MemoryPressure(int* level, double* available_share) {
  size_t size = sizeof *level;
  if (sysctlbyname("kern.memorystatus_vm_pressure_level", level, &size, nullptr, 0) != 0) return false;
  int available_percent = 0;
  size = sizeof available_percent;
  if (sysctlbyname("kern.memorystatus_level", &available_percent, &size, nullptr, 0) != 0) return false;
  *available_share = available_percent / 100.0;
  return true;
}

std::vector<int> PerformanceLevels() {
  int count = 0;
  size_t size = sizeof count;
  if (sysctlbyname("hw.nperflevels", &count, &size, nullptr, 0) != 0) return {};
  std::vector<int> levels;
  for (int i = 0; i < count; ++i) {
    int processors = 0;
    size = sizeof processors;
    // By its number: the names of the levels change with each family of processors.
    const std::string name = "hw.perflevel" + std::to_string(i) + ".logicalcpu";
    if (sysctlbyname(name.c_str(), &processors, &size, nullptr, 0) == 0) levels.push_back(processors);
  }
  return levels;
}

std::vector<std::string> Harden() {
  std::vector<std::string> refused;
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) refused.push_back(std::string("no core dumps: ") + std::strerror(errno));
  return refused;
}

// Without robust locks, the socket tells of a worker's end.
void LeaveEndNotice(std::atomic<uint32_t>*) {}

bool AwaitEndNotice(const std::atomic<uint32_t>*) { return false; }

void GiveEndNotice(std::atomic<uint32_t>*) {}

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

int LaunchdRefusal() {
  int* descriptors = nullptr;
  size_t count = 0;
  const int error = launch_activate_socket("acceld-no-such-socket", &descriptors, &count);
  std::free(descriptors);
  return error;
}

std::string PowerReportsObjection() {
  void* const library = dlopen("/usr/lib/libIOReport.dylib", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return "there is no libIOReport";
  using CopyAllChannels = CFDictionaryRef (*)(uint64_t, uint64_t);
  const auto copy_all = reinterpret_cast<CopyAllChannels>(dlsym(library, "IOReportCopyAllChannels"));
  if (copy_all == nullptr) return "libIOReport has no IOReportCopyAllChannels";
  const CFDictionaryRef channels = copy_all(0, 0);
  if (channels == nullptr) return "IOReportCopyAllChannels gives nothing to this process";
  CFRelease(channels);
  return "";
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

// Memory of shm_open has no holes to punch. The pages go when the system wants them, and are zeros or as they were.
bool DiscardMemory(int, void* data, size_t offset, size_t bytes) {
  return madvise(static_cast<unsigned char*>(data) + offset, bytes, MADV_FREE) == 0;
}

}  // namespace acceld
