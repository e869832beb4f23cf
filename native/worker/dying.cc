#include "dying.h"

#include <signal.h>
#include <sys/socket.h>

#include <vector>

#include "frames.h"

namespace acceld {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

struct DyingFrame {
  uint32_t bytes, kind, signal;
};

int link_descriptor = -1;

// Nothing but calls that a signal handler may make.
void OnCrash(int number) {
  const DyingFrame frame{sizeof frame, static_cast<uint32_t>(ToDaemon::kDying), static_cast<uint32_t>(number)};
#if defined(MSG_NOSIGNAL)
  send(link_descriptor, &frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL);
#else
  send(link_descriptor, &frame, sizeof frame, MSG_DONTWAIT);
#endif
  raise(number);
}

}  // namespace

void TellOfCrashes(int link) {
  link_descriptor = link;
  // A stack that overflowed cannot run its handler.
  static std::vector<char> stack(64 * 1024);
  stack_t other{};
  other.ss_sp = stack.data();
  other.ss_size = stack.size();
  sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = OnCrash;
  // The handler is gone when it runs, and the signal not blocked: raise() ends the process.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER) | SA_ONSTACK;
  for (const int number : kSignals) sigaction(number, &action, nullptr);
}

}  // namespace acceld
