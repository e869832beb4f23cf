#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "hostile.h"
#include "sandbox.h"

namespace acceld {

namespace {

struct Attempt {
  const char* name;
  std::function<int()> act;
};

// 0 or the error. What was opened stays open: the process ends soon.
int Error(long result) { return result >= 0 ? 0 : errno; }

int OpenError(const std::string& path, int flags) { return Error(open(path.c_str(), flags | O_CLOEXEC, 0600)); }

int ForkError() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, nullptr, 0);
  return Error(child);
}

int SpawnError() {
  char program[] = "/bin/true";
  char* const arguments[] = {program, nullptr};
  pid_t child;
  const int error = posix_spawn(&child, program, nullptr, nullptr, arguments, arguments + 1);
  if (error == 0) waitpid(child, nullptr, 0);
  return error;
}

int ExecError() {
  char program[] = "/nowhere/at/all";
  char* const arguments[] = {program, nullptr};
  execv(program, arguments);
  return errno == ENOENT ? 0 : errno;
}

int ConnectError() {
  const int file = socket(AF_UNIX, SOCK_STREAM, 0);
  if (file < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", std::getenv("ACCELD_TARGET"));
  return Error(connect(file, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

int ReadParentError() {
  char byte;
  iovec own{&byte, 1}, theirs{reinterpret_cast<void*>(0x1000), 1};
  // Nothing is mapped there: EFAULT says that reading was allowed.
  const long count = process_vm_readv(getppid(), &own, 1, &theirs, 1, 0);
  return count < 0 && errno == EFAULT ? 0 : Error(count);
}

int ParentLimitError() {
  rlimit limit;
  return Error(syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, nullptr, &limit));
}

int ParentAffinityError() {
  cpu_set_t all;
  memset(&all, 0xff, sizeof all);
  return Error(sched_setaffinity(getppid(), sizeof all, &all));
}

int TraceParentError() {
  const int error = Error(ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr));
  // It stays as it was when this process ends.
  return error;
}

std::vector<Attempt> Processes() {
  return {
      {"signal-parent", [] { return Error(kill(getppid(), 0)); }},
      {"signal-parent-thread", [] { return Error(syscall(SYS_tgkill, getppid(), getppid(), 0)); }},
      {"signal-group", [] { return Error(kill(0, 0)); }},
      {"signal-all", [] { return Error(kill(-1, 0)); }},
      {"trace-parent", TraceParentError},
      {"read-parent", ReadParentError},
      {"limit-parent", ParentLimitError},
      {"bind-parent", ParentAffinityError},
      {"renice-parent", [] { return Error(setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()), 0)); }},
      {"open-parent-memory", [] { return OpenError("/proc/" + std::to_string(getppid()) + "/mem", O_RDONLY); }},
      {"open-parent-environment",
       [] { return OpenError("/proc/" + std::to_string(getppid()) + "/environ", O_RDONLY); }},
      {"hold-parent", [] { return Error(syscall(434 /* pidfd_open */, getppid(), 0)); }},
      {"fork", ForkError},
      {"spawn", SpawnError},
      {"exec", ExecError},
  };
}

std::vector<Attempt> Files() {
  const std::string target = std::getenv("ACCELD_TARGET");
  return {
      {"read-passwd", [] { return OpenError("/etc/passwd", O_RDONLY); }},
      {"read-file", [=] { return OpenError(target + "/secret", O_RDONLY); }},
      {"write-file", [=] { return OpenError(target + "/secret", O_WRONLY); }},
      {"create-file", [=] { return OpenError(target + "/created", O_WRONLY | O_CREAT); }},
      {"list-folder", [=] { return OpenError(target, O_RDONLY | O_DIRECTORY); }},
      {"make-folder", [=] { return Error(mkdir((target + "/folder").c_str(), 0700)); }},
      {"make-link", [=] { return Error(symlink("/etc", (target + "/link").c_str())); }},
      {"truncate-file", [=] { return Error(truncate((target + "/secret").c_str(), 6)); }},
      {"open-mode", [=] { return Error(chmod((target + "/secret").c_str(), 0600)); }},
      {"own", [=] { return Error(chown((target + "/secret").c_str(), getuid(), getgid())); }},
      {"touch", [=] { return Error(utimensat(AT_FDCWD, (target + "/secret").c_str(), nullptr, 0)); }},
      {"rename-file", [=] { return Error(rename((target + "/a").c_str(), (target + "/b").c_str())); }},
      {"remove-file", [=] { return Error(unlink((target + "/doomed").c_str())); }},
      {"name-memory", [] { return Error(shm_open("/acceld-hostile", O_CREAT | O_RDWR, 0600)); }},
  };
}

std::vector<Attempt> Others() {
  return {
      {"socket", [] { return Error(socket(AF_UNIX, SOCK_STREAM, 0)); }},
      {"socket-internet", [] { return Error(socket(AF_INET, SOCK_STREAM, 0)); }},
      {"socket-pair",
       [] {
         int pair[2];
         return Error(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
       }},
      {"connect", ConnectError},
      {"queue", [] { return Error(syscall(425 /* io_uring_setup */, 0, nullptr)) == EFAULT ? 0 : errno; }},
      {"key", [] { return Error(syscall(SYS_keyctl, 0, -3, 1)); }},
      {"shared-segment", [] { return Error(syscall(SYS_shmget, 0, 4096, 01600)); }},
      {"watch", [] { return Error(syscall(SYS_inotify_init1, 0)); }},
      {"dump", [] { return prctl(PR_GET_DUMPABLE) == 0 ? EPERM : 0; }},
  };
}

// Descriptors besides the standard ones and the folder that is being read.
int StrangeDescriptors() {
  int strange = 0;
  for (int file = 4; file < 1024; ++file) strange += fcntl(file, F_GETFD) >= 0 ? 1 : 0;
  return strange;
}

void TryAll(const char* prefix) {
  for (const std::vector<Attempt>& attempts : {Processes(), Files(), Others()}) {
    for (const Attempt& attempt : attempts) std::printf("%s%s %d\n", prefix, attempt.name, attempt.act());
  }
}

}  // namespace

void EndThread() {
  std::thread([] { pause(); }).detach();
  for (;;) syscall(SYS_exit, 0);
}

int TryForbiddenThings(const char* device, bool sandboxed) {
  const SandboxRules rules = std::strcmp(device, "gpu") == 0 ? GpuRules() : CpuRules();
  std::string lacking;
  if (sandboxed) {
    lacking = Confine(rules);
    lacking += EnterSandbox(rules);
  }
  std::printf("lacking %s\n", lacking.c_str());
  std::printf("descriptors %d\n", StrangeDescriptors());
  TryAll("");
  // A thread that a driver starts is held as well.
  if (sandboxed) std::thread([] { TryAll("thread-"); }).join();
  std::fflush(stdout);
  _exit(0);
}

}  // namespace acceld
