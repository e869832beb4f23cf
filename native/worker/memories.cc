#include "memories.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace acceld {

const Memory* Memories::Map(uint32_t number, int descriptor, uint64_t bytes) {
  struct stat facts;
  void* data = MAP_FAILED;
  if (memories_.count(number) == 0 && bytes > 0 && fstat(descriptor, &facts) == 0 &&
      static_cast<uint64_t>(facts.st_size) >= bytes) {
    data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  }
  close(descriptor);
  if (data == MAP_FAILED) return nullptr;
  return &memories_.emplace(number, Memory{static_cast<unsigned char*>(data), bytes}).first->second;
}

const Memory* Memories::Find(uint32_t number) const {
  const auto found = memories_.find(number);
  return found == memories_.end() ? nullptr : &found->second;
}

void Memories::Unmap(uint32_t number) {
  const auto found = memories_.find(number);
  if (found == memories_.end()) return;
  munmap(found->second.data, found->second.bytes);
  memories_.erase(found);
}

}  // namespace acceld
