// A thread that waits for the notice of a worker's end, and then ends what comes from its socket: to the event loop it
// looks as if the worker had closed it, a little early. Knows no JavaScript.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace acceld {

// The own end of a socket, closed once.
class SocketEnd {
 public:
  explicit SocketEnd(int descriptor) : descriptor_(descriptor) {}
  // Negative once it is closed. Only the thread that closes may ask.
  int descriptor() const { return descriptor_; }
  // What was received before can still be read, then comes the end.
  void StopReceiving();
  void Close();

 private:
  std::mutex mutex_;
  int descriptor_;
};

class EndWatch {
 public:
  EndWatch() = default;
  ~EndWatch();
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

  // Without a thread, the socket itself tells.
  void Begin(std::atomic<uint32_t>* word, const std::shared_ptr<SocketEnd>& socket);
  // Once the process is gone, which could hold the thread up otherwise: the word is free then.
  void End();

 private:
  std::atomic<uint32_t>* word_ = nullptr;
  std::thread thread_;
};

}  // namespace acceld
