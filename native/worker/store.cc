#include "store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

namespace acceld {

namespace {

// A file: this line, the checksum of the rest, the key, a zero byte, the binary.
constexpr char kHead[] = "acceld binary 1\n";
constexpr size_t kHeadBytes = sizeof kHead - 1;

// FNV-1a. Against accidents: who may write here may do worse.
uint64_t Checksum(const void* data, size_t size) {
  uint64_t sum = 0xcbf29ce484222325u;
  const unsigned char* bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) sum = (sum ^ bytes[i]) * 0x100000001b3u;
  return sum;
}

std::string FileOf(const std::string& store, const std::string& key) {
  char name[32];
  std::snprintf(name, sizeof name, "/%016llx.bin", static_cast<unsigned long long>(Checksum(key.data(), key.size())));
  return store + name;
}

bool WriteAll(int file, const std::string& bytes) {
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t count = write(file, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) written += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

std::string KeyOf(const GpuInfo& info, const GpuKernel& kernel) {
  return info.engine + "\n" + info.name + "\n" + info.driver + "\n" + kernel.name + "\n" + kernel.digest;
}

bool ReadBinary(const std::string& store, const std::string& key, std::vector<unsigned char>* binary) {
  std::ifstream file(FileOf(store, key), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t body = kHeadBytes + sizeof(uint64_t);
  if (bytes.size() <= body + key.size() || bytes.compare(0, kHeadBytes, kHead) != 0) return false;
  uint64_t checksum;
  std::memcpy(&checksum, bytes.data() + kHeadBytes, sizeof checksum);
  if (checksum != Checksum(bytes.data() + body, bytes.size() - body)) return false;
  if (bytes.compare(body, key.size(), key) != 0 || bytes[body + key.size()] != '\0') return false;
  const unsigned char* begin = reinterpret_cast<const unsigned char*>(bytes.data()) + body + key.size() + 1;
  binary->assign(begin, reinterpret_cast<const unsigned char*>(bytes.data()) + bytes.size());
  return true;
}

std::string WriteBinary(const std::string& store, const std::string& key, const std::vector<unsigned char>& binary) {
  std::string body = key + '\0';
  body.append(reinterpret_cast<const char*>(binary.data()), binary.size());
  const uint64_t checksum = Checksum(body.data(), body.size());
  const std::string name = FileOf(store, key);
  const std::string draft = name + "." + std::to_string(getpid());
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return std::string("the store: ") + std::strerror(errno);
  std::string bytes = kHead;
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  const bool is_written = WriteAll(file, bytes + body) && fsync(file) == 0;
  close(file);
  if (is_written && rename(draft.c_str(), name.c_str()) == 0) return "";
  const std::string reason = std::string("the store: ") + std::strerror(errno);
  unlink(draft.c_str());
  return reason;
}

}  // namespace acceld
