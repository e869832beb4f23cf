// Threads of one priority that run kernel calls in the order of their arrival. Knows no JavaScript.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kernel_call.h"
#include "platform.h"

namespace acceld {

struct Completion {
  uint64_t token;
  uint32_t flags;
  double compute_ns;
};

struct PoolOptions {
  std::string name;  // Of the threads, for debuggers.
  unsigned threads;
  ThreadPlace place;
  // Called from a pool thread when completions wait, once until they are taken.
  std::function<void()> notify;
};

class Pool {
 public:
  // Throws std::system_error if the system gives no more threads.
  explicit Pool(PoolOptions options);
  ~Pool() { Close(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // False: the pool is closed, and the call was not taken.
  bool Submit(uint64_t token, KernelCall call);
  std::vector<Completion> TakeCompletions();
  // Ends the threads after the call that each one is in; calls not begun are dropped. Blocks.
  void Close();

  unsigned threads() const { return options_.threads; }
  // Known once all threads run, which the constructor waits for.
  unsigned threads_not_lowered() const { return threads_not_lowered_.load(); }

 private:
  struct Item {
    uint64_t token;
    KernelCall call;
  };

  void Serve();
  bool Next(Item* item);
  void Complete(Completion completion);

  const PoolOptions options_;
  std::mutex queue_mutex_;
  std::condition_variable queue_filled_;
  std::deque<Item> queue_;
  // The length of queue_, and closed_, for a spinning thread that must not take the lock.
  std::atomic<size_t> queued_{0};
  std::atomic<bool> closed_{false};

  std::mutex completions_mutex_;
  std::vector<Completion> completions_;
  bool notified_ = false;

  std::mutex start_mutex_;
  std::condition_variable started_;
  unsigned threads_started_ = 0;
  std::atomic<unsigned> threads_not_lowered_{0};
  std::vector<std::thread> threads_;
};

}  // namespace acceld
