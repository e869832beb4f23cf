// The shared memories that the daemon gave to this worker.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>

namespace acceld {

struct Memory {
  unsigned char* data;
  size_t bytes;
};

class Memories {
 public:
  // Maps the descriptor, which is closed whatever happens. Null: it is no memory of that size, or the number is taken.
  const Memory* Map(uint32_t number, int descriptor, uint64_t bytes);
  // Null: there is no such memory.
  const Memory* Find(uint32_t number) const;
  void Unmap(uint32_t number);

 private:
  std::map<uint32_t, Memory> memories_;
};

}  // namespace acceld
