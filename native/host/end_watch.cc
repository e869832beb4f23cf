#include "end_watch.h"

#include <sys/socket.h>
#include <unistd.h>

#include <system_error>

#include "platform.h"

namespace acceld {

void SocketEnd::StopReceiving() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (descriptor_ >= 0) shutdown(descriptor_, SHUT_RD);
}

void SocketEnd::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

// Of an environment that ends with a worker alive: the process ends with it.
EndWatch::~EndWatch() {
  if (thread_.joinable()) thread_.detach();
}

void EndWatch::Begin(std::atomic<uint32_t>* word, const std::shared_ptr<SocketEnd>& socket) {
  word_ = word;
  try {
    thread_ = std::thread([word, socket] {
      NameThread("acceld-end");
      if (AwaitEndNotice(word)) socket->StopReceiving();
    });
  } catch (const std::system_error&) {
    // The system gives no thread.
  }
}

void EndWatch::End() {
  if (!thread_.joinable()) return;
  GiveEndNotice(word_);
  thread_.join();
}

}  // namespace acceld
