#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "hostile.h"
#include "sandbox.h"

namespace acceld {

namespace {

int Error(long result) { return result >= 0 ? 0 : errno; }

void Say(const char* name, int error) { std::printf("%s %d\n", name, error); }

int ForkError() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, nullptr, 0);
  return Error(child);
}

}  // namespace

void EndThread() {
  for (;;) pause();
}

int TryForbiddenThings(const char* device, bool sandboxed) {
  const SandboxRules rules = std::strcmp(device, "gpu") == 0 ? GpuRules() : CpuRules();
  const std::string lacking = sandboxed ? Confine(rules) + EnterSandbox(rules) : "";
  const std::string target = std::getenv("ACCELD_TARGET");
  std::printf("lacking %s\n", lacking.c_str());
  Say("signal-parent", Error(kill(getppid(), 0)));
  Say("fork", ForkError());
  Say("read-passwd", Error(open("/etc/passwd", O_RDONLY)));
  Say("read-file", Error(open((target + "/secret").c_str(), O_RDONLY)));
  Say("write-file", Error(open((target + "/secret").c_str(), O_WRONLY)));
  Say("create-file", Error(open((target + "/created").c_str(), O_WRONLY | O_CREAT, 0600)));
  Say("make-folder", Error(mkdir((target + "/folder").c_str(), 0700)));
  Say("make-link", Error(symlink("/etc", (target + "/link").c_str())));
  Say("open-mode", Error(chmod((target + "/secret").c_str(), 0600)));
  Say("rename-file", Error(rename((target + "/a").c_str(), (target + "/b").c_str())));
  Say("remove-file", Error(unlink((target + "/doomed").c_str())));
  Say("socket", Error(socket(AF_UNIX, SOCK_STREAM, 0)));
  Say("socket-internet", Error(socket(AF_INET, SOCK_STREAM, 0)));
  std::fflush(stdout);
  _exit(0);
}

}  // namespace acceld
