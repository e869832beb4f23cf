// The process that owns one device and may die: `acceld worker cpu | gpu` serves it, `acceld compile gpu` fills the
// store of its binaries and ends. Started by the daemon alone, with its socket as descriptor 3.
#include <signal.h>
#include <unistd.h>

#include <string>

#include "dying.h"
#include "faults.h"
#include "sandbox.h"
#include "serve.h"

namespace acceld {
namespace {

constexpr int kLinkDescriptor = 3;

struct Hello {
  uint32_t magic = 0, version = 0;
  int parent = 0;
  uint64_t beat = 0;
  std::string work, store;
};

bool ReadHello(Link* link, Hello* hello) {
  Frame frame;
  if (!link->Receive(&frame) || frame.kind != ToWorker::kHello) return false;
  FrameReader body(frame.body, frame.bytes);
  *hello = {body.Word(), body.Word(), static_cast<int>(body.Word()), body.Long(), body.Text(), body.Text()};
  return body.EndsWell() && hello->magic == kFrameMagic && hello->version == kProtocolVersion;
}

Ending Fail(Link* link, StartFailure failure, const std::string& reason) {
  FrameWriter frame(ToDaemon::kFailed);
  link->Send(frame.Word(static_cast<uint32_t>(failure)).Text(reason));
  return failure == StartFailure::kDevice ? Ending::kNoDevice : Ending::kNoSandbox;
}

Ending Work(const std::string& role, const std::string& device) {
  const bool compiles = role == "compile";
  SandboxRules rules = device == "gpu" ? GpuRules() : CpuRules();
  rules.starts_programs = compiles;
  const std::string refused = Confine(rules);
  Link link(kLinkDescriptor);
  Hello hello;
  if (!ReadHello(&link, &hello)) return Ending::kProtocol;
  if (!IsParent(hello.parent)) return Ending::kDaemonGone;
  FrameWriter answer(ToDaemon::kHello);
  link.Send(answer.Word(kFrameMagic).Word(kProtocolVersion));
  if (!refused.empty()) return Fail(&link, StartFailure::kSandbox, "the system refused: " + refused);

  if (!hello.work.empty()) rules.write.push_back(hello.work);
  if (!hello.store.empty()) (compiles ? rules.write : rules.read).push_back(hello.store);
  const std::string lacking = EnterSandbox(rules);
  std::string reason;
  std::unique_ptr<Engine> engine = device == "gpu" ? OpenGpuEngine(hello.store, compiles, &reason) : OpenCpuEngine();
  engine = Faults::Spoil(std::move(engine), &reason);
  if (engine == nullptr) return Fail(&link, StartFailure::kDevice, reason);
  TellOfCrashes(kLinkDescriptor);
  Announce(&link, engine.get(), lacking);
  return compiles ? Ending::kDaemonGone : Serve(&link, engine.get(), hello.beat);
}

int Main(int count, char** arguments) {
  const std::string role = count >= 3 ? arguments[1] : "";
  const std::string device = count >= 3 ? arguments[2] : "";
  if ((role != "worker" || (device != "cpu" && device != "gpu")) && (role != "compile" || device != "gpu")) {
    const int status = Faults::TryEverything(role.c_str(), device.c_str());
    return status >= 0 ? status : 64;
  }
  // The daemon alone ends a worker, by closing the socket: a terminal's signal goes to both. One that a terminal
  // stopped would be replaced.
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGTSTP}) signal(number, SIG_IGN);
  // Not exit(): the destructors of a driver whose device hangs may never return.
  _exit(static_cast<int>(Work(role, device)));
}

}  // namespace
}  // namespace acceld

int main(int count, char** arguments) { return acceld::Main(count, arguments); }
