#include <sandbox.h>
#include <sys/event.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "sandbox.h"

namespace acceld {

namespace {

std::string Quoted(const std::string& path) {
  std::string quoted = "\"";
  for (const char letter : path) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "\"";
}

// What Metal needs is from facts that browsers publish; untested on a Mac yet, as docs/ARCHITECTURE.md says.
constexpr char kMetal[] = R"(
(allow mach-lookup (xpc-service-name "com.apple.MTLCompilerService"))
(allow mach-lookup
  (global-name "com.apple.cvmsServ") (global-name "com.apple.gpumemd.source")
  (global-name "com.apple.PowerManagement.control") (global-name "com.apple.system.notification_center")
  (global-name "com.apple.system.opendirectoryd.libinfo") (global-name "com.apple.system.opendirectoryd.membership")
  (global-name "com.apple.logd") (global-name "com.apple.system.logger")
  (global-name "com.apple.cfprefsd.daemon") (global-name "com.apple.cfprefsd.agent"))
(allow iokit-open (iokit-connection "IOAccelerator")
  (iokit-user-client-class "IOSurfaceRootUserClient") (iokit-user-client-class "IOSurfaceSendRight")
  (iokit-user-client-class "RootDomainUserClient"))
(allow iokit-get-properties)
(allow file-issue-extension (extension-class "com.apple.app-sandbox.read"))
(allow user-preference-read)
)";

std::string ProfileOf(const SandboxRules& rules) {
  std::string profile = "(version 1)\n(deny default)\n(allow sysctl-read)\n(allow ipc-posix-shm)\n";
  profile += "(allow signal (target self))\n(allow file-read-metadata)\n";
  for (const std::string& path : rules.read) {
    profile += "(allow file-read* file-map-executable (subpath " + Quoted(path) + "))\n";
  }
  for (const std::string& path : rules.write) profile += "(allow file* (subpath " + Quoted(path) + "))\n";
  return rules.devices.empty() ? profile : profile + kMetal;
}

// There is no death signal here: a thread waits for the parent's end. One that is stopped cannot, and is swept by the
// next daemon.
void EndWith(int parent) {
  std::thread([parent] {
    const int queue = kqueue();
    struct kevent change, event;
    EV_SET(&change, parent, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
    if (kevent(queue, &change, 1, &event, 1, nullptr) != 0 || getppid() != parent) _exit(0);
  }).detach();
}

}  // namespace

std::string Confine(const SandboxRules& rules) {
  const rlimit none{0, 0}, files{256, 256}, bytes{rules.file_bytes_max, rules.file_bytes_max};
  // After the standard ones and the socket: what a careless parent of the daemon left open.
  for (int file = 4; file < 1024; ++file) close(file);
  // Refuses debuggers of the same user.
  ptrace(PT_DENY_ATTACH, 0, nullptr, 0);
  const bool is_limited = setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0 &&
                          setrlimit(RLIMIT_FSIZE, &bytes) == 0;
  return is_limited ? "" : "limits";
}

bool IsParent(int pid) {
  EndWith(pid);
  return getppid() == pid;
}

std::string EnterSandbox(const SandboxRules& rules) {
  if (rules.starts_programs) return "";
  char* error = nullptr;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  // Deprecated for ten years, without a successor for what is no app. Flags 0: the text is a profile.
  const int result = sandbox_init(ProfileOf(rules).c_str(), 0, &error);
  if (error != nullptr) sandbox_free_error(error);
#pragma clang diagnostic pop
  return result == 0 ? "" : "Seatbelt";
}

SandboxRules CpuRules() { return {}; }

SandboxRules GpuRules() {
  SandboxRules rules;
  rules.read = {"/System", "/usr/lib", "/usr/share", "/Library/GPUBundles", "/private/var/db/dyld"};
  rules.devices = {"IOAccelerator"};
  rules.file_bytes_max = 256ul << 20;
  return rules;
}

}  // namespace acceld
