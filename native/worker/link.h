// The worker's end of the socket to the daemon.
#pragma once
#include <deque>
#include <vector>

#include "frames.h"

namespace acceld {

struct Frame {
  ToWorker kind;
  const unsigned char* body;  // Valid until the next Receive.
  size_t bytes;
};

class Link {
 public:
  explicit Link(int descriptor) : descriptor_(descriptor), buffer_(16 * kFrameBytesMax) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Waits for the next frame. False: the daemon is gone, or broke the protocol.
  bool Receive(Frame* frame);
  // The next descriptor that came with a frame; the caller owns it. -1: there is none.
  int TakeDescriptor();
  // Waits while the daemon is slow to read. A daemon that is gone is seen by the next Receive.
  void Send(FrameWriter& frame);
  int descriptor() const { return descriptor_; }

 private:
  bool ReadMore();

  const int descriptor_;
  std::vector<unsigned char> buffer_;
  size_t begin_ = 0, end_ = 0;  // Of what was read and not yet returned.
  std::deque<int> descriptors_;
};

}  // namespace acceld
