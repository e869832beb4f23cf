// The frames between the daemon and a worker, which src/daemon/worker/protocol.ts declares too. A frame is its size in
// bytes (u32, itself included), its kind (u32) and its fields in the order given here, without gaps; little-endian; a
// string is its size (u32) and its bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace acceld {

constexpr uint32_t kFrameMagic = 0x6b776361;  // "acwk"
constexpr uint32_t kProtocolVersion = 2;
constexpr size_t kFrameHeadBytes = 8;
// A task of 20 columns each way takes 720 bytes, a hello two paths.
constexpr size_t kFrameBytesMax = 4096;
// Strings of a worker are cut to this.
constexpr size_t kTextBytesMax = 256;

enum class ToWorker : uint32_t {
  kHello = 1,   // magic, version, parent pid, offset of two words in memory 0, work folder, store folder.
  kAttach = 2,  // memory (u32), bytes (u64); with a descriptor.
  kDetach = 3,  // memory (u32).
  kTask = 4,    // See task.cc.
  kPing = 5,    // Nothing. Answered in its turn.
};

enum class ToDaemon : uint32_t {
  kHello = 1,   // magic, version.
  kDevice = 2,  // kernels (u32), engine, name, variant, what the sandbox lacks.
  kKernel = 3,  // KernelState (u32), name, digest, reason.
  kReady = 4,   // Nothing. Tasks may come.
  kDone = 5,    // token (u64), GpuFault (u32), flags (u32), compute ns (u64), copied bytes (u64), reason.
  kFailed = 6,  // StartFailure (u32), reason. The worker ends.
  kDying = 7,   // signal (u32). Sent from a signal handler.
  kPong = 8,    // Nothing.
};

enum class KernelState : uint32_t { kReady = 0, kMissing = 1, kFailed = 2 };

// What kept a worker from serving.
enum class StartFailure : uint32_t { kDevice = 1, kSandbox = 2 };

// Reads the fields of one frame. A field that is not there makes every later one empty too.
class FrameReader {
 public:
  FrameReader(const unsigned char* data, size_t size) : data_(data), left_(size) {}

  uint32_t Word() { return Number<uint32_t>(); }
  uint64_t Long() { return Number<uint64_t>(); }
  std::string Text() {
    const size_t size = Word();
    const unsigned char* bytes = Take(size);
    return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
  }
  // Whether every field was there, and nothing else.
  bool EndsWell() const { return !failed_ && left_ == 0; }

 private:
  template <typename T>
  T Number() {
    T value = 0;
    const unsigned char* bytes = Take(sizeof value);
    if (bytes != nullptr) std::memcpy(&value, bytes, sizeof value);
    return value;
  }

  const unsigned char* Take(size_t size) {
    failed_ = failed_ || size > left_;
    if (failed_) return nullptr;
    const unsigned char* taken = data_;
    data_ += size;
    left_ -= size;
    return taken;
  }

  const unsigned char* data_;
  size_t left_;
  bool failed_ = false;
};

// A frame to the daemon.
class FrameWriter {
 public:
  explicit FrameWriter(ToDaemon kind) : bytes_(kFrameHeadBytes, '\0') {
    const uint32_t number = static_cast<uint32_t>(kind);
    std::memcpy(&bytes_[4], &number, sizeof number);
  }

  FrameWriter& Word(uint32_t value) { return Append(&value, sizeof value); }
  FrameWriter& Long(uint64_t value) { return Append(&value, sizeof value); }
  FrameWriter& Text(std::string_view text) {
    const std::string_view cut = text.substr(0, kTextBytesMax);
    return Word(static_cast<uint32_t>(cut.size())).Append(cut.data(), cut.size());
  }
  const std::string& Finish() {
    const uint32_t size = static_cast<uint32_t>(bytes_.size());
    std::memcpy(&bytes_[0], &size, sizeof size);
    return bytes_;
  }

 private:
  FrameWriter& Append(const void* data, size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    return *this;
  }

  std::string bytes_;
};

}  // namespace acceld
