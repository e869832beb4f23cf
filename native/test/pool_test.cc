// The thread pool by itself, for the sanitizers: kernels of its own that count, wait and look at their thread.
#include "../host/pool.h"

#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <pthread/qos.h>
#endif

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace acceld;

// What is wrong, empty if nothing is.
using Fault = std::string;

std::atomic<int> runs{0};
std::atomic<bool> may_end{false};
std::atomic<int> niceness_sum{0};

// Writes begin + 1 to its output: without a lock, so that a thread sanitizer sees who is ordered with whom.
uint32_t Mark(const KernelRun& run) {
  *reinterpret_cast<uint64_t*>(run.outputs[0]) += run.begin + 1;
  ++runs;
  return run.begin % 2;
}

uint32_t WaitForEnd(const KernelRun& run) {
  ++runs;
  while (!may_end) std::this_thread::sleep_for(std::chrono::microseconds(100));
  *reinterpret_cast<uint64_t*>(run.outputs[0]) = 1;
  return 0;
}

int Niceness() {
#if defined(__linux__)
  return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
#else
  return qos_class_self() == QOS_CLASS_UTILITY ? 19 : 0;
#endif
}

uint32_t AddNiceness(const KernelRun&) {
  niceness_sum += Niceness();
  return 0;
}

Kernel KernelOf(KernelFunction function) {
  Kernel kernel{};
  kernel.name = "test";
  kernel.outputs = 1;
  kernel.function = function;
  return kernel;
}

const Kernel kMark = KernelOf(Mark);
const Kernel kWaitForEnd = KernelOf(WaitForEnd);
const Kernel kAddNiceness = KernelOf(AddNiceness);

KernelCall CallOf(const Kernel& kernel, uint64_t* output, size_t begin) {
  KernelCall call;
  call.kernel = &kernel;
  call.outputs[0] = reinterpret_cast<unsigned char*>(output);
  call.begin = call.end = begin;
  return call;
}

// A pool whose completions one thread waits for, as the event loop does.
class Loop {
 public:
  Loop(unsigned threads, int niceness) : pool({"test", threads, {niceness, false, {}}, [this] { Notify(); }}) {}

  // The next completions; none if the pool stays silent for 10 s.
  std::vector<Completion> Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    notified_.wait_for(lock, std::chrono::seconds(10), [this] { return pending_; });
    pending_ = false;
    lock.unlock();
    return pool.TakeCompletions();
  }

  int Notifications() {
    std::lock_guard<std::mutex> lock(mutex_);
    return notifications_;
  }

 private:
  void Notify() {
    std::lock_guard<std::mutex> lock(mutex_);
    pending_ = true;
    ++notifications_;
    notified_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable notified_;
  bool pending_ = false;
  int notifications_ = 0;

 public:
  // Last, so that its threads end before what they notify.
  Pool pool;
};

void Reset() {
  runs = 0;
  may_end = false;
  niceness_sum = 0;
}

Fault ManyProducersEachCallOnce() {
  constexpr size_t kProducers = 4, kCalls = 2000;
  std::vector<uint64_t> outputs(kProducers * kCalls);
  Loop loop(3, 0);
  std::vector<std::thread> producers;
  for (size_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      for (size_t i = producer * kCalls; i < (producer + 1) * kCalls; ++i) {
        loop.pool.Submit(i, CallOf(kMark, &outputs[i], i));
      }
    });
  }
  std::vector<int> seen(outputs.size());
  Fault fault;
  for (size_t left = outputs.size(); left > 0 && fault.empty();) {
    const std::vector<Completion> completions = loop.Wait();
    if (completions.empty()) fault = std::to_string(left) + " calls never end";
    for (const Completion& completion : completions) {
      if (outputs[completion.token] != completion.token + 1) fault = "a call ran not once";
      if (completion.flags != completion.token % 2 || completion.compute_ns < 0) fault = "a completion of another call";
      if (++seen[completion.token] > 1) fault = "a call was completed twice";
      --left;
    }
  }
  for (std::thread& producer : producers) producer.join();
  return fault;
}

Fault OneThreadKeepsTheOrder() {
  std::vector<uint64_t> outputs(500);
  Loop loop(1, 0);
  for (size_t i = 0; i < outputs.size(); ++i) loop.pool.Submit(i, CallOf(kMark, &outputs[i], i));
  for (size_t next = 0; next < outputs.size();) {
    const std::vector<Completion> completions = loop.Wait();
    if (completions.empty()) return "calls never end";
    for (const Completion& completion : completions) {
      if (completion.token != next++) return "token " + std::to_string(completion.token) + " came out of order";
    }
  }
  return "";
}

Fault NotifiesOnceUntilTaken() {
  uint64_t output = 0;
  Loop loop(1, 0);
  for (size_t i = 0; i < 100; ++i) loop.pool.Submit(i, CallOf(kMark, &output, i));
  while (runs < 100) std::this_thread::sleep_for(std::chrono::microseconds(100));
  loop.pool.Close();
  if (loop.Notifications() != 1) return std::to_string(loop.Notifications()) + " notifications";
  if (loop.pool.TakeCompletions().size() != 100) return "completions are missing";
  return "";
}

Fault NotifiesAgainOnceTaken() {
  uint64_t output = 0;
  Loop loop(1, 0);
  for (int i = 1; i <= 20; ++i) {
    loop.pool.Submit(0, CallOf(kMark, &output, 0));
    if (loop.Wait().size() != 1) return "call " + std::to_string(i) + " never ended";
    if (loop.Notifications() != i) return std::to_string(loop.Notifications()) + " notifications";
  }
  return "";
}

// Pauses from none to well beyond the time that a thread spins.
Fault WakesFromSpinningAndFromSleep() {
  std::vector<uint64_t> outputs(4);
  Loop loop(2, 0);
  for (int round = 0; round < 200; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(round % 10 * 20));
    for (size_t i = 0; i < outputs.size(); ++i) loop.pool.Submit(i, CallOf(kMark, &outputs[i], i));
    for (size_t left = outputs.size(); left > 0;) {
      const size_t taken = loop.Wait().size();
      if (taken == 0) return "round " + std::to_string(round) + " never ended";
      left -= taken;
    }
  }
  return "";
}

Fault CloseWaitsForTheCallThatRunsAndDropsTheRest() {
  uint64_t first = 0, others = 0;
  Loop loop(1, 0);
  loop.pool.Submit(0, CallOf(kWaitForEnd, &first, 0));
  for (size_t i = 1; i < 50; ++i) loop.pool.Submit(i, CallOf(kMark, &others, i));
  while (runs == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  std::thread releaser([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    may_end = true;
  });
  loop.pool.Close();
  const bool waited = first == 1;
  releaser.join();
  if (!waited) return "did not wait";
  if (runs != 1 || others != 0) return std::to_string(runs - 1) + " calls ran after it";
  if (loop.pool.Submit(99, CallOf(kMark, &others, 0))) return "took a call when closed";
  const std::vector<Completion> completions = loop.pool.TakeCompletions();
  return completions.size() == 1 && completions[0].token == 0 ? "" : "the call that ran is not completed";
}

Fault ClosesWhateverItsThreadsDo() {
  uint64_t outputs[8] = {};
  for (int round = 0; round < 300; ++round) {
    Loop loop(1 + round % 4, round % 2 * 19);
    for (int i = 0; i < round % 8; ++i) loop.pool.Submit(i, CallOf(kMark, &outputs[i], 1));
    // At once, within the spin, and asleep.
    std::this_thread::sleep_for(std::chrono::microseconds(round % 5 * 25));
    loop.pool.Close();
    loop.pool.Close();
  }
  return "";
}

Fault LowersItsThreadsAlone() {
  uint64_t output = 0;
  const int own = Niceness();
  for (const int niceness : {0, 19}) {
    niceness_sum = 0;
    Loop loop(2, niceness);
    if (loop.pool.threads_not_lowered() != 0) return "the system refused";
    for (size_t i = 0; i < 10; ++i) loop.pool.Submit(i, CallOf(kAddNiceness, &output, 0));
    for (size_t left = 10; left > 0;) {
      const size_t taken = loop.Wait().size();
      if (taken == 0) return "calls never end";
      left -= taken;
    }
    const int expected = 10 * (niceness == 0 ? own : niceness);
    if (niceness_sum != expected)
      return "a sum of " + std::to_string(niceness_sum) + ", not " + std::to_string(expected);
  }
  return Niceness() == own ? "" : "the thread that opened the pool was lowered too";
}

}  // namespace

int main() {
  const std::pair<const char*, Fault (*)()> cases[] = {
      {"many producers, each call once", ManyProducersEachCallOnce},
      {"one thread keeps the order", OneThreadKeepsTheOrder},
      {"notifies once until taken", NotifiesOnceUntilTaken},
      {"notifies again once taken", NotifiesAgainOnceTaken},
      {"wakes from spinning and from sleep", WakesFromSpinningAndFromSleep},
      {"close waits for the call that runs and drops the rest", CloseWaitsForTheCallThatRunsAndDropsTheRest},
      {"closes whatever its threads do", ClosesWhateverItsThreadsDo},
      {"lowers its threads alone", LowersItsThreadsAlone},
  };
  bool failed = false;
  for (const auto& [name, run] : cases) {
    Reset();
    const Fault fault = run();
    failed |= !fault.empty();
    std::printf("%s %s%s%s\n", fault.empty() ? "ok" : "not ok", name, fault.empty() ? "" : ": ", fault.c_str());
  }
  return failed ? 1 : 0;
}
