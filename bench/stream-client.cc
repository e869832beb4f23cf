// Calls one streaming method with the same request bytes again and again, one call after the other, and prints one JSON
// object: {"calls", "seconds", "p50Us", "p99Us", "requestBytes", "responseBytes"}.
//
//   stream-client ADDRESS METHOD REQUEST_FILE WARM_UP_CALLS CALLS session|calls [RESPONSE_FILE]
//
// session: every request is a message on one stream, and the time is that from a message to its answer. calls: every
// request is a stream of its own, and the time is that to its end, which must be OK. RESPONSE_FILE receives the last
// message.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

double MicrosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

[[noreturn]] void Fail(const char* what, const grpc::Status& status) {
  std::fprintf(stderr, "stream-client: %s: status %d: %s\n", what, status.error_code(), status.error_message().c_str());
  std::exit(1);
}

class Client {
 public:
  Client(const char* address, std::string method, const std::string& request)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())), method_(std::move(method)) {
    grpc::Slice slice(request);
    request_ = grpc::ByteBuffer(&slice, 1);
  }

  // Microseconds of each of `calls` messages on one stream.
  std::vector<double> RunSession(size_t calls) {
    Open();
    std::vector<double> latencies;
    for (size_t call = 0; call < calls; ++call) {
      const auto begin = Clock::now();
      stream_->Write(request_, this);
      if (!Wait()) End("session");
      stream_->Read(&response_, this);
      if (!Wait()) End("session");
      latencies.push_back(MicrosecondsSince(begin));
    }
    stream_->WritesDone(this);
    Wait();
    grpc::ByteBuffer rest;
    for (stream_->Read(&rest, this); Wait(); stream_->Read(&rest, this)) continue;
    End("session");
    return latencies;
  }

  // Microseconds of each of `calls` streams.
  std::vector<double> RunCalls(size_t calls) {
    std::vector<double> latencies;
    for (size_t call = 0; call < calls; ++call) {
      const auto begin = Clock::now();
      Open();
      stream_->WriteLast(request_, grpc::WriteOptions(), this);
      Wait();
      grpc::ByteBuffer message;
      for (stream_->Read(&message, this); Wait(); stream_->Read(&message, this)) response_ = message;
      End("call");
      latencies.push_back(MicrosecondsSince(begin));
    }
    return latencies;
  }

  const grpc::ByteBuffer& response() const { return response_; }

 private:
  void Open() {
    context_ = std::make_unique<grpc::ClientContext>();
    stream_ = stub_.PrepareCall(context_.get(), method_, &queue_);
    stream_->StartCall(this);
    Wait();
  }

  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  void End(const char* what) {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    if (!status.ok()) Fail(what, status);
  }

  grpc::GenericStub stub_;
  std::string method_;
  grpc::ByteBuffer request_, response_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

void WriteMessage(const grpc::ByteBuffer& message, const char* path) {
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) std::exit(1);
  std::ofstream file(path, std::ios::binary);
  for (const auto& slice : slices) file.write(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 7) {
    std::fprintf(stderr, "usage: stream-client ADDRESS METHOD REQUEST_FILE WARM_UP_CALLS CALLS session|calls [FILE]\n");
    return 2;
  }
  const std::string request = ReadFile(arguments[3]);
  const size_t warm_up_calls = std::strtoul(arguments[4], nullptr, 10);
  const size_t calls = std::strtoul(arguments[5], nullptr, 10);
  const bool is_session = std::strcmp(arguments[6], "session") == 0;
  Client client(arguments[1], arguments[2], request);
  const auto run = [&](size_t times) { return is_session ? client.RunSession(times) : client.RunCalls(times); };
  if (warm_up_calls > 0) run(warm_up_calls);
  const auto begin = Clock::now();
  std::vector<double> latencies = run(calls);
  const double seconds = MicrosecondsSince(begin) / 1e6;
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"calls\":%zu,\"seconds\":%.6f,\"p50Us\":%.2f,\"p99Us\":%.2f,\"requestBytes\":%zu,\"responseBytes\":%zu}\n",
      calls, seconds, latencies[calls / 2], latencies[calls * 99 / 100], request.size(), client.response().Length());
  if (count > 7) WriteMessage(client.response(), arguments[7]);
  return 0;
}
