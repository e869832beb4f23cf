// One thread for system calls that take milliseconds and that nobody waits for: it runs below every other thread, and
// the errands one after the other, so that they cannot take the cores from work. Knows no JavaScript.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace acceld {

class ErrandThread {
 public:
  // The thread starts with the first errand.
  explicit ErrandThread(std::string name) : name_(std::move(name)) {}
  ~ErrandThread() { Close(); }
  ErrandThread(const ErrandThread&) = delete;
  ErrandThread& operator=(const ErrandThread&) = delete;

  // False: closed, and the errand was not taken. Throws std::system_error if the system gives no thread.
  bool Submit(std::function<void()> errand);
  // Ends the thread after the errands that were submitted. Blocks.
  void Close();

 private:
  void Serve();

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> errands_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace acceld
