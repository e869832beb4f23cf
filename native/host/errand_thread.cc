#include "errand_thread.h"

#include <utility>

#include "platform.h"

namespace acceld {

bool ErrandThread::Submit(std::function<void()> errand) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return false;
    if (!thread_.joinable()) thread_ = std::thread([this] { Serve(); });
    errands_.push_back(std::move(errand));
  }
  changed_.notify_one();
  return true;
}

void ErrandThread::Close() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ErrandThread::Serve() {
  NameThread(name_);
  // Above bulk work, or making a region would starve on busy cores.
  constexpr int kNiceness = 10;
  PlaceThread({kNiceness, false, {}});
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !errands_.empty(); });
    if (errands_.empty()) return;
    const std::function<void()> errand = std::move(errands_.front());
    errands_.pop_front();
    lock.unlock();
    errand();
    lock.lock();
  }
}

}  // namespace acceld
