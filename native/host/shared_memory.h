// Memory without a name that other processes can map through its descriptor. Free of JavaScript.
#pragma once
#include <cstddef>
#include <memory>

namespace acceld {

class SharedMemory {
 public:
  // Zeros, every page of them allocated and mapped: touching one later can neither fail nor wait. Takes 1 ms for a
  // megabyte. Null: the system refused, and `error` is its errno.
  static std::unique_ptr<SharedMemory> Create(size_t bytes, int* error);
  ~SharedMemory() { Close(); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Gives mapping and descriptor back. Takes 150 us for a megabyte, because that frees the pages.
  void Close();

  unsigned char* data() const { return data_; }
  size_t bytes() const { return bytes_; }  // Whole pages.
  int descriptor() const { return descriptor_; }

 private:
  SharedMemory() = default;

  unsigned char* data_ = nullptr;
  size_t bytes_ = 0;
  int descriptor_ = -1;
};

// Sends bytes and a descriptor over a connected Unix socket without waiting. False: the socket does not take them now.
bool SendDescriptor(int socket, int descriptor, const unsigned char* bytes, size_t count);

}  // namespace acceld
