#include "seal.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace acceld {
namespace {

std::string HeadOf(const SealedFor& purpose) {
  return "acceld kernel 1\n" + purpose.kernel + "\n" + purpose.digest + "\n" + purpose.driver + "\n";
}

// FNV-1a. Against accidents, not against forgers: the store is private to its user.
uint64_t Checksum(const unsigned char* bytes, size_t count) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

}  // namespace

std::vector<unsigned char> Seal(const SealedFor& purpose, const std::vector<unsigned char>& payload) {
  const std::string head = HeadOf(purpose);
  std::vector<unsigned char> sealed(head.begin(), head.end());
  sealed.insert(sealed.end(), payload.begin(), payload.end());
  const uint64_t checksum = Checksum(sealed.data(), sealed.size());
  const auto* const tail = reinterpret_cast<const unsigned char*>(&checksum);
  sealed.insert(sealed.end(), tail, tail + sizeof checksum);
  return sealed;
}

bool Unseal(const SealedFor& purpose, const std::vector<unsigned char>& sealed, std::vector<unsigned char>* payload,
            std::string* reason) {
  const std::string head = HeadOf(purpose);
  uint64_t checksum;
  if (sealed.size() <= head.size() + sizeof checksum || std::memcmp(sealed.data(), head.data(), head.size()) != 0) {
    *reason = "the binary was not made for " + purpose.kernel + " on this driver";
    return false;
  }
  const size_t covered = sealed.size() - sizeof checksum;
  std::memcpy(&checksum, sealed.data() + covered, sizeof checksum);
  if (checksum != Checksum(sealed.data(), covered)) {
    *reason = "the binary of " + purpose.kernel + " is damaged";
    return false;
  }
  payload->assign(sealed.begin() + static_cast<ptrdiff_t>(head.size()),
                  sealed.begin() + static_cast<ptrdiff_t>(covered));
  return true;
}

}  // namespace acceld
