#include "link.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace acceld {

namespace {

// Descriptors that one read may bring: the daemon sends one with a frame.
constexpr size_t kDescriptorsMax = 16;

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;     // SIGPIPE is ignored from the start.
#endif
#if defined(MSG_CMSG_CLOEXEC)
constexpr int kReceiveFlags = MSG_CMSG_CLOEXEC;
#else
constexpr int kReceiveFlags = 0;  // A worker starts no programs.
#endif

}  // namespace

bool Link::ReadMore() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  iovec part{buffer_.data() + end_, buffer_.size() - end_};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsMax * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count;
  do {
    count = recvmsg(descriptor_, &message, kReceiveFlags);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return false;
  end_ += static_cast<size_t>(count);
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; at + sizeof(int) <= head->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(head) + at, sizeof descriptor);
      descriptors_.push_back(descriptor);
    }
  }
  return (message.msg_flags & MSG_CTRUNC) == 0;
}

bool Link::Receive(Frame* frame) {
  for (;;) {
    uint32_t head[2] = {0, 0};
    if (end_ - begin_ >= kFrameHeadBytes) {
      std::memcpy(head, buffer_.data() + begin_, kFrameHeadBytes);
      if (head[0] < kFrameHeadBytes || head[0] > kFrameBytesMax) return false;
      if (end_ - begin_ >= head[0]) {
        *frame = {static_cast<ToWorker>(head[1]), buffer_.data() + begin_ + kFrameHeadBytes, head[0] - kFrameHeadBytes};
        begin_ += head[0];
        return true;
      }
    }
    if (!ReadMore()) return false;
  }
}

int Link::TakeDescriptor() {
  if (descriptors_.empty()) return -1;
  const int descriptor = descriptors_.front();
  descriptors_.pop_front();
  return descriptor;
}

void Link::Send(FrameWriter& frame) {
  const std::string& bytes = frame.Finish();
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(descriptor_, bytes.data() + sent, bytes.size() - sent, kSendFlags);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) sent += static_cast<size_t>(count);
  }
}

}  // namespace acceld
