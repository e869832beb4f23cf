// What a worker makes of frames, whole, cut and broken: nothing that a frame says takes it outside the memories.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../host/descriptor_message.h"
#include "../worker/serve.h"
#include "../worker/store.h"
#include "../worker/task.h"

namespace {

using namespace acceld;

constexpr size_t kMemoryBytes = 64 * 1024;
constexpr uint64_t kRows = 32;

// A frame to a worker.
class Letter {
 public:
  explicit Letter(ToWorker kind) { Word(0).Word(static_cast<uint32_t>(kind)); }
  Letter& Word(uint32_t value) { return Append(&value, sizeof value); }
  Letter& Long(uint64_t value) { return Append(&value, sizeof value); }
  const std::string& Finish() {
    const uint32_t size = static_cast<uint32_t>(bytes_.size());
    std::memcpy(&bytes_[0], &size, sizeof size);
    return bytes_;
  }

 private:
  Letter& Append(const void* data, size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    return *this;
  }
  std::string bytes_;
};

// A task over all rows of a kernel, its columns one after the other behind the parameters.
std::string TaskOf(const Engine& engine, size_t kernel) {
  const Kernel& shape = *engine.Kernels()[kernel].shape;
  Letter letter(ToWorker::kTask);
  letter.Long(7).Word(static_cast<uint32_t>(kernel)).Word(static_cast<uint32_t>(shape.inputs));
  letter.Word(static_cast<uint32_t>(shape.outputs)).Word(0).Long(64).Long(shape.params_bytes);
  letter.Long(kRows).Long(0).Long(kRows);
  uint64_t offset = 4096;
  for (size_t i = 0; i < shape.inputs; ++i, offset += 512) {
    letter.Word(0).Word(static_cast<uint32_t>(SizeOf(shape.input_elements[i]))).Long(offset);
  }
  for (size_t i = 0; i < shape.outputs; ++i, offset += 512) letter.Word(0).Long(offset);
  return letter.Finish();
}

int MemoryFile() {
  char name[] = "/tmp/acceld-worker-test-XXXXXX";
  const int file = mkstemp(name);
  unlink(name);
  if (ftruncate(file, kMemoryBytes) != 0) std::abort();
  return file;
}

bool Lies(const void* data, size_t bytes, const Memory& memory) {
  const unsigned char* begin = static_cast<const unsigned char*>(data);
  return begin >= memory.data && begin + bytes <= memory.data + memory.bytes;
}

bool IsWithin(const Task& task, const Kernel& shape, const Memory& memory) {
  bool within = Lies(task.run.params, task.run.params_bytes, memory) && task.run.end <= task.run.rows;
  for (size_t i = 0; i < shape.inputs; ++i) {
    const size_t elements = task.inputs[i].stride == 0 ? 1 : task.run.rows;
    within = within && Lies(task.inputs[i].data, elements * SizeOf(shape.input_elements[i]), memory);
  }
  for (size_t i = 0; i < shape.outputs; ++i) {
    if (task.outputs[i] == nullptr) continue;
    within = within && Lies(task.outputs[i], task.run.rows * SizeOf(shape.output_elements[i]), memory);
  }
  return within;
}

std::string NoTaskReachesOutside() {
  const std::unique_ptr<Engine> engine = OpenCpuEngine();
  Memories memories;
  const Memory* memory = memories.Map(0, MemoryFile(), kMemoryBytes);
  if (memory == nullptr) return "no memory";
  std::mt19937_64 random(1);
  size_t taken = 0;
  const uint64_t dear[] = {0, 1, 7, 4096, kMemoryBytes - 8, kMemoryBytes, uint64_t{1} << 40, ~uint64_t{0}};
  for (int round = 0; round < 200'000; ++round) {
    std::string frame = TaskOf(*engine, random() % engine->Kernels().size());
    for (size_t changes = random() % 4; changes > 0; --changes) {
      const uint64_t value = random() % 2 == 0 ? dear[random() % 8] : random();
      const size_t at = kFrameHeadBytes + random() % (frame.size() - kFrameHeadBytes - 8);
      std::memcpy(&frame[random() % 2 == 0 ? at : at / 4 * 4], &value, random() % 8 + 1);
    }
    FrameReader fields(reinterpret_cast<const unsigned char*>(frame.data()) + kFrameHeadBytes,
                       frame.size() - kFrameHeadBytes - (random() % 20 == 0 ? 1 : 0));
    Task task;
    std::string reason;
    if (!ReadTask(&fields, *engine, memories, &task, &reason)) continue;
    ++taken;
    if (!IsWithin(task, *engine->Kernels()[task.run.kernel].shape, *memory)) return "a task reaches outside";
    // What it reads and writes is the sanitizer's to judge. Simulations would take long.
    if (task.run.end - task.run.begin <= kRows && engine->Kernels()[task.run.kernel].shape->inputs > 0) {
      engine->Run(task.run);
    }
  }
  return taken > 10'000 ? "" : "only " + std::to_string(taken) + " tasks were taken";
}

std::string FramesAreReadWhereverTheyAreCut() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return "no sockets";
  std::string stream;
  for (uint32_t i = 0; i < 2000; ++i) {
    Letter letter(ToWorker::kDetach);
    for (uint32_t word = 0; word <= i % 900; ++word) letter.Word(i);
    stream += letter.Finish();
  }
  std::thread sender([&] {
    std::mt19937 random(2);
    for (size_t sent = 0; sent < stream.size();) {
      const size_t size = std::min<size_t>(stream.size() - sent, 1 + random() % 5000);
      const ssize_t count = send(pair[0], stream.data() + sent, size, 0);
      if (count > 0) sent += static_cast<size_t>(count);
    }
    close(pair[0]);
  });
  Link link(pair[1]);
  Frame frame;
  uint32_t frames = 0;
  bool equal = true;
  while (link.Receive(&frame)) {
    FrameReader fields(frame.body, frame.bytes);
    for (uint32_t word = 0; word <= frames % 900; ++word) equal = equal && fields.Word() == frames;
    equal = equal && fields.EndsWell();
    ++frames;
  }
  sender.join();
  close(pair[1]);
  return frames == 2000 && equal ? "" : "read " + std::to_string(frames) + " of 2000 frames";
}

// What a worker that is served `letters`, the first with a memory, comes to.
Ending EndingOf(const std::vector<std::string>& letters, std::string* answers) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) std::abort();
  const int file = MemoryFile();
  for (const std::string& letter : letters) {
    iovec part{const_cast<char*>(letter.data()), letter.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    DescriptorRoom room;
    if (&letter == &letters[0]) Carry(file, &room, &message);
    if (sendmsg(pair[0], &message, 0) < 0) std::abort();
  }
  shutdown(pair[0], SHUT_WR);
  const std::unique_ptr<Engine> engine = OpenCpuEngine();
  Link link(pair[1]);
  const Ending ending = Serve(&link, engine.get(), 0);
  close(pair[1]);
  char bytes[4096];
  const ssize_t count = recv(pair[0], bytes, sizeof bytes, 0);
  answers->assign(bytes, count > 0 ? static_cast<size_t>(count) : 0);
  close(pair[0]);
  close(file);
  return ending;
}

std::string AttachOf(uint32_t memory, uint64_t bytes) {
  return Letter(ToWorker::kAttach).Word(memory).Long(bytes).Finish();
}

std::string ServesWhatIsWholeAndEndsByWhatIsBroken() {
  const std::unique_ptr<Engine> engine = OpenCpuEngine();
  const std::string attach = AttachOf(0, kMemoryBytes);
  std::string answers;
  if (EndingOf({attach, TaskOf(*engine, 0), TaskOf(*engine, 0)}, &answers) != Ending::kDaemonGone) return "no service";
  uint32_t head[2];
  uint64_t token;
  std::memcpy(head, answers.data(), sizeof head);
  std::memcpy(&token, answers.data() + sizeof head, sizeof token);
  if (answers.size() != 2 * head[0] || head[1] != static_cast<uint32_t>(ToDaemon::kDone) || token != 7)
    return "answers";
  const std::pair<const char*, std::vector<std::string>> broken[] = {
      {"a task without a memory", {TaskOf(*engine, 0)}},
      {"a memory that is smaller than said", {AttachOf(0, 2 * kMemoryBytes)}},
      {"a memory of no bytes", {AttachOf(0, 0)}},
      {"a memory without a descriptor", {attach, AttachOf(1, kMemoryBytes)}},
      {"the end of a memory that is not there", {attach, Letter(ToWorker::kDetach).Word(1).Finish()}},
      {"the end of the heartbeat's memory", {attach, Letter(ToWorker::kDetach).Word(0).Finish()}},
      {"a second hello", {attach, Letter(ToWorker::kHello).Finish()}},
      {"an unknown kind", {attach, Letter(static_cast<ToWorker>(99)).Finish()}},
  };
  for (const auto& [what, letters] : broken) {
    if (EndingOf(letters, &answers) != Ending::kProtocol) return what;
  }
  // Heads that no frame has end the link, as if the daemon were gone.
  const uint32_t sizes[] = {0, 7, 4097, 0xffffffff};
  for (const uint32_t size : sizes) {
    std::string head_only(8, '\0');
    std::memcpy(&head_only[0], &size, sizeof size);
    if (EndingOf({attach, head_only}, &answers) != Ending::kDaemonGone || !answers.empty()) return "a broken head";
  }
  return "";
}

std::string StoreGivesBackWhatItTook() {
  char folder[] = "/tmp/acceld-store-test-XXXXXX";
  if (mkdtemp(folder) == nullptr) return "no folder";
  const std::string key = KeyOf({"engine", "name", "driver"}, {"kernel", "digest"});
  std::vector<unsigned char> binary(100'000), read;
  for (size_t i = 0; i < binary.size(); ++i) binary[i] = static_cast<unsigned char>(i * 7);
  std::string fault;
  if (ReadBinary(folder, key, &read)) fault = "reads what is not there";
  if (!WriteBinary(folder, key, binary).empty()) fault = "does not write";
  if (!WriteBinary(folder, key, binary).empty()) fault = "does not write again";
  if (!ReadBinary(folder, key, &read) || read != binary) fault = "reads something else";
  if (ReadBinary(folder, KeyOf({"engine", "name", "driver"}, {"kernel", "digesT"}), &read)) fault = "mixes keys up";
  if (WriteBinary("/nowhere", key, binary) != "the store: No such file or directory") fault = "hides why it fails";
  std::system((std::string("rm -r ") + folder).c_str());
  return fault;
}

}  // namespace

int main() {
  using Case = std::string (*)();
  const std::pair<const char*, Case> cases[] = {
      {"no task reaches outside of the memories", NoTaskReachesOutside},
      {"frames are read wherever they are cut", FramesAreReadWhereverTheyAreCut},
      {"serves what is whole and ends by what is broken", ServesWhatIsWholeAndEndsByWhatIsBroken},
      {"the store gives back what it took", StoreGivesBackWhatItTook},
  };
  bool failed = false;
  for (const auto& [name, run] : cases) {
    const std::string fault = run();
    failed |= !fault.empty();
    std::printf("%s %s%s%s\n", fault.empty() ? "ok" : "not ok", name, fault.empty() ? "" : ": ", fault.c_str());
  }
  return failed ? 1 : 0;
}
