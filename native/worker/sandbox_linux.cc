#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "sandbox.h"
#include "syscall_filter.h"

namespace acceld {

namespace {

// Of linux/landlock.h, which older headers have in part. The numbers of the calls are the same on every machine.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr uint32_t kAskVersion = 1;
// After the standard ones and the socket.
constexpr int kFirstForeign = 4;
constexpr int kRulePathBeneath = 1;
struct Ruleset {
  uint64_t files, network, scopes;
};
struct __attribute__((packed)) PathBeneath {
  uint64_t rights;
  int32_t parent;
};
constexpr uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3;
constexpr uint64_t kTruncate = 1 << 14, kCommandDevice = 1 << 15;

// Rights over files known to a version of landlock: reading, writing, making and removing; moving between folders since
// 2; cutting since 3; commanding devices since 5.
constexpr uint64_t FileRights(long version) {
  return version >= 5 ? 0xffff : version >= 3 ? 0x7fff : version >= 2 ? 0x3fff : 0x1fff;
}
// TCP since 4, abstract sockets and signals since 6.
constexpr Ruleset EverythingOf(long version) {
  return {FileRights(version), version >= 4 ? 3u : 0u, version >= 6 ? 3u : 0u};
}
constexpr size_t SizeOf(long version) { return version >= 6 ? 24 : version >= 4 ? 16 : 8; }

void Allow(int ruleset, const std::string& path, uint64_t rights) {
  const int file = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (file < 0) return;
  PathBeneath rule{rights, file};
  // Rights over folders make no sense for a file, and are refused.
  if (syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0) != 0) {
    rule.rights &= kExecute | kWriteFile | kReadFile | kTruncate | kCommandDevice;
    syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0);
  }
  close(file);
}

// Empty, or what went wrong.
std::string RestrictFiles(const SandboxRules& rules) {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  if (version < 1) return "landlock";
  const Ruleset everything = EverythingOf(version);
  const int ruleset = static_cast<int>(syscall(kCreateRuleset, &everything, SizeOf(version), 0));
  if (ruleset < 0) return "landlock";
  const uint64_t reads = kReadFile | kReadFolder | (rules.starts_programs ? kExecute : 0);
  for (const std::string& path : rules.read) Allow(ruleset, path, reads);
  const uint64_t commands = (kReadFile | kReadFolder | kWriteFile | kCommandDevice) & everything.files;
  for (const std::string& path : rules.devices) Allow(ruleset, path, commands);
  for (const std::string& path : rules.write) Allow(ruleset, path, everything.files & ~kExecute & ~kCommandDevice);
  const bool restricts = syscall(kRestrictSelf, ruleset, 0) == 0;
  close(ruleset);
  return restricts ? "" : "landlock";
}

// What a careless parent of the daemon left open.
void CloseOthers() {
  if (syscall(436 /* close_range */, kFirstForeign, ~0u, 0) == 0) return;
  for (int file = kFirstForeign; file < 1024; ++file) close(file);
}

bool DropCapabilities() {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  return syscall(SYS_capset, &head, none) == 0;
}

// Where memory runs out, a worker goes before the daemon. A system without this file has no such choice to make.
void DieFirst() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const bool is_set = write(file, "500", 3) == 3;
  static_cast<void>(is_set);
  close(file);
}

bool Limit(__rlimit_resource resource, rlim_t most) {
  const rlimit limit{most, most};
  return setrlimit(resource, &limit) == 0;
}

void Add(std::string* list, const std::string& word) {
  if (!word.empty()) *list += (list->empty() ? "" : ", ") + word;
}

}  // namespace

std::string Confine(const SandboxRules& rules) {
  std::string refused;
  CloseOthers();
  // Before the limit on files, and before the files of this process belong to root.
  DieFirst();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Add(&refused, "death with its parent");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) Add(&refused, "no new privileges");
  if (prctl(PR_SET_DUMPABLE, 0) != 0 || !Limit(RLIMIT_CORE, 0)) Add(&refused, "no core dumps");
  // A driver with its devices and its libraries has some 40 files open.
  if (!Limit(RLIMIT_NOFILE, 256) || !Limit(RLIMIT_FSIZE, rules.file_bytes_max)) Add(&refused, "limits");
  return refused;
}

bool IsParent(int pid) { return getppid() == pid; }

std::string EnterSandbox(const SandboxRules& rules) {
  std::string lacking;
  if (!DropCapabilities()) Add(&lacking, "dropping capabilities");
  Add(&lacking, RestrictFiles(rules));
  if (!FilterSystemCalls(rules.starts_programs)) Add(&lacking, "seccomp");
  return lacking;
}

SandboxRules CpuRules() {
  SandboxRules rules;
  rules.read = {"/proc/cpuinfo"};
  return rules;
}

SandboxRules GpuRules() {
  SandboxRules rules;
  // PoCL dies without a word where it cannot read /proc/cpuinfo.
  rules.read = {"/usr",          "/lib",        "/lib64",           "/opt/rocm",      "/opt/amdgpu",
                "/opt/intel",    "/etc/OpenCL", "/etc/ld.so.cache", "/proc/self",     "/proc/cpuinfo",
                "/proc/meminfo", "/proc/stat",  "/proc/driver",     "/sys/devices",   "/sys/class",
                "/sys/bus",      "/sys/dev",    "/sys/module",      "/sys/kernel/mm", "/sys/fs/cgroup",
                "/dev/urandom",  "/dev/random"};
  rules.devices = {"/dev/null",       "/dev/dri",         "/dev/kfd",           "/dev/nvidia0",
                   "/dev/nvidia1",    "/dev/nvidia2",     "/dev/nvidia3",       "/dev/nvidiactl",
                   "/dev/nvidia-uvm", "/dev/nvidia-caps", "/dev/nvidia-modeset"};
  // What a driver writes into its folder is the code of kernels.
  rules.file_bytes_max = 256ul << 20;
  return rules;
}

}  // namespace acceld
