#include "pool.h"

#include <chrono>
#include <utility>

namespace acceld {

namespace {

using Clock = std::chrono::steady_clock;

// A sleeping thread takes 10 to 40 us to wake, so a thread looks for the next call for about as long before it sleeps.
constexpr std::chrono::microseconds kSpin{50};

void Relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Pool::Pool(PoolOptions options) : options_(std::move(options)) {
  threads_.reserve(options_.threads);
  try {
    for (unsigned i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Serve(); });
  } catch (...) {
    Close();
    throw;
  }
  std::unique_lock<std::mutex> lock(start_mutex_);
  started_.wait(lock, [this] { return threads_started_ == options_.threads; });
}

bool Pool::Submit(uint64_t token, KernelCall call) {
  {
    std::lock_guard<std::mutex> lock(queue_mutex_);
    if (closed_) return false;
    queue_.push_back({token, std::move(call)});
    queued_.store(queue_.size(), std::memory_order_release);
  }
  queue_filled_.notify_one();
  return true;
}

std::vector<Completion> Pool::TakeCompletions() {
  std::lock_guard<std::mutex> lock(completions_mutex_);
  notified_ = false;
  return std::exchange(completions_, {});
}

void Pool::Close() {
  {
    std::lock_guard<std::mutex> lock(queue_mutex_);
    closed_ = true;
    queue_.clear();
    queued_ = 0;
  }
  queue_filled_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Pool::Serve() {
  NameThread(options_.name);
  if (!PlaceThread(options_.place)) ++threads_not_lowered_;
  {
    std::lock_guard<std::mutex> lock(start_mutex_);
    ++threads_started_;
  }
  started_.notify_one();
  Item item;
  while (Next(&item)) {
    const Clock::time_point begin = Clock::now();
    const uint32_t flags = item.call.Run();
    const double nanoseconds = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    Complete({item.token, flags, nanoseconds});
  }
}

// False: the pool is closed.
bool Pool::Next(Item* item) {
  const Clock::time_point give_up = Clock::now() + kSpin;
  while (queued_.load(std::memory_order_acquire) == 0 && !closed_ && Clock::now() < give_up) Relax();
  std::unique_lock<std::mutex> lock(queue_mutex_);
  queue_filled_.wait(lock, [this] { return closed_ || !queue_.empty(); });
  if (closed_) return false;
  *item = std::move(queue_.front());
  queue_.pop_front();
  queued_.store(queue_.size(), std::memory_order_release);
  return true;
}

void Pool::Complete(Completion completion) {
  {
    std::lock_guard<std::mutex> lock(completions_mutex_);
    completions_.push_back(completion);
    if (std::exchange(notified_, true)) return;
  }
  options_.notify();
}

}  // namespace acceld
