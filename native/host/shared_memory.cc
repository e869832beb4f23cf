#include "shared_memory.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "descriptor_message.h"
#include "platform.h"

namespace acceld {

std::unique_ptr<SharedMemory> SharedMemory::Create(size_t bytes, int* error) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::unique_ptr<SharedMemory> memory(new SharedMemory);
  memory->bytes_ = (bytes + page - 1) / page * page;
  memory->descriptor_ = CreateMemoryDescriptor(memory->bytes_, error);
  if (memory->descriptor_ < 0) return nullptr;
  void* data = mmap(nullptr, memory->bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, memory->descriptor_, 0);
  if (data == MAP_FAILED) {
    *error = errno;
    return nullptr;
  }
  memory->data_ = static_cast<unsigned char*>(data);
  // A store for each page: a load would map the one page of zeros that all share.
  for (size_t at = 0; at < memory->bytes_; at += page) static_cast<volatile unsigned char*>(memory->data_)[at] = 0;
  return memory;
}

void SharedMemory::Close() {
  if (data_ != nullptr) munmap(data_, bytes_);
  if (descriptor_ >= 0) close(descriptor_);
  data_ = nullptr;
  descriptor_ = -1;
}

bool SendDescriptor(int socket, int descriptor, const unsigned char* bytes, size_t count) {
  iovec part{const_cast<unsigned char*>(bytes), count};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  DescriptorRoom room;
  Carry(descriptor, &room, &message);
  // Node ignores SIGPIPE, which macOS has no flag against.
  return sendmsg(socket, &message, MSG_DONTWAIT) == static_cast<ssize_t>(count);
}

}  // namespace acceld
