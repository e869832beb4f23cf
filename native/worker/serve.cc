#include "serve.h"

#include <atomic>

#include "../host/platform.h"
#include "faults.h"
#include "task.h"

namespace acceld {

namespace {

class Server {
 public:
  Server(Link* link, Engine* engine, uint64_t beat) : link_(*link), engine_(*engine), beat_offset_(beat) {}

  Ending Run() {
    Frame frame;
    while (link_.Receive(&frame)) {
      FrameReader body(frame.body, frame.bytes);
      bool goes_on = false;
      switch (frame.kind) {
        case ToWorker::kAttach: goes_on = Attach(&body); break;
        case ToWorker::kDetach: goes_on = Detach(&body); break;
        case ToWorker::kTask: goes_on = RunTask(&body); break;
        case ToWorker::kPing: goes_on = AnswerPing(body); break;
        case ToWorker::kHello: break;
      }
      if (!goes_on) return ending_;
    }
    return Ending::kDaemonGone;
  }

 private:
  bool Attach(FrameReader* body) {
    const uint32_t number = body->Word();
    const uint64_t bytes = body->Long();
    const int descriptor = link_.TakeDescriptor();
    if (!body->EndsWell() || descriptor < 0) return false;
    const Memory* memory = memories_.Map(number, descriptor, bytes);
    if (memory == nullptr) return false;
    const GpuResult result = engine_.Attach(memory->data, memory->bytes);
    if (result.fault != GpuFault::kNone) {
      FrameWriter failed(ToDaemon::kFailed);
      failed.Word(static_cast<uint32_t>(StartFailure::kDevice)).Text("the device takes no memory: " + result.reason);
      link_.Send(failed);
      ending_ = Ending::kNoDevice;
      return false;
    }
    if (number != 0) return true;
    if (beat_offset_ % sizeof(uint32_t) != 0 || beat_offset_ + 2 * sizeof(uint32_t) > memory->bytes) return false;
    beat_ = reinterpret_cast<std::atomic<uint32_t>*>(memory->data + beat_offset_);
    // This thread counts what it has begun: the count is final when the notice is given.
    LeaveEndNotice(beat_ + 1);
    return true;
  }

  bool Detach(FrameReader* body) {
    const uint32_t number = body->Word();
    const Memory* memory = memories_.Find(number);
    // The heartbeat lies in memory 0.
    if (!body->EndsWell() || memory == nullptr || number == 0) return false;
    engine_.Detach(memory->data);
    memories_.Unmap(number);
    return true;
  }

  bool AnswerPing(const FrameReader& body) {
    FrameWriter pong(ToDaemon::kPong);
    link_.Send(pong);
    return body.EndsWell();
  }

  bool RunTask(FrameReader* body) {
    Task task;
    std::string reason;
    if (beat_ == nullptr || !ReadTask(body, engine_, memories_, &task, &reason)) return false;
    beat_->store(++begun_, std::memory_order_relaxed);
    Faults::Before(task, &link_);
    const GpuResult result = engine_.Run(task.run);
    Faults::After(task);
    FrameWriter done(ToDaemon::kDone);
    done.Long(task.token).Word(static_cast<uint32_t>(result.fault)).Word(result.flags);
    done.Long(result.compute_ns).Long(result.copied_bytes).Text(result.reason);
    link_.Send(done);
    Faults::Answered();
    if (result.fault == GpuFault::kSticky) ending_ = Ending::kSticky;
    return result.fault != GpuFault::kSticky;
  }

  Link& link_;
  Engine& engine_;
  const uint64_t beat_offset_;
  Memories memories_;
  std::atomic<uint32_t>* beat_ = nullptr;
  uint32_t begun_ = 0;
  // A frame that nobody should have sent is what ends it otherwise.
  Ending ending_ = Ending::kProtocol;
};

}  // namespace

void Announce(Link* link, Engine* engine, const std::string& sandbox_lacks) {
  const EngineInfo info = engine->Info();
  const std::vector<EngineKernel>& kernels = engine->Kernels();
  FrameWriter device(ToDaemon::kDevice);
  device.Word(static_cast<uint32_t>(kernels.size()));
  link->Send(device.Text(info.engine).Text(info.name).Text(info.variant).Text(sandbox_lacks));
  for (size_t i = 0; i < kernels.size(); ++i) {
    const GpuResult result = engine->Prepare(i);
    const bool is_missing = result.fault == GpuFault::kCompile && result.reason.empty();
    const KernelState state = result.fault == GpuFault::kNone ? KernelState::kReady
                              : is_missing                    ? KernelState::kMissing
                                                              : KernelState::kFailed;
    FrameWriter kernel(ToDaemon::kKernel);
    kernel.Word(static_cast<uint32_t>(state));
    link->Send(kernel.Text(kernels[i].shape->name).Text(kernels[i].digest).Text(result.reason));
  }
  FrameWriter ready(ToDaemon::kReady);
  link->Send(ready);
}

Ending Serve(Link* link, Engine* engine, uint64_t beat) { return Server(link, engine, beat).Run(); }

}  // namespace acceld
