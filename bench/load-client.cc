// Calls one unary method with the same requests again and again, one after the other, and prints one JSON object:
// {"calls", "seconds", "p50Us", "p99Us", "requestBytes", "responseBytes"}.
//
//   load-client ADDRESS METHOD REQUEST_FILE[,REQUEST_FILE…] WARM_UP_CALLS CALLS IN_FLIGHT [RESPONSE_FILE]
//
// IN_FLIGHT calls are outstanding at any time; 1 gives the round-trip time. Every status must be OK. RESPONSE_FILE
// receives the last response. Messages are raw bytes: the client needs no generated code and spends its time on gRPC
// alone.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Call {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  Clock::time_point started;
};

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "load-client: cannot read %s\n", path);
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

double MicrosecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

class Load {
 public:
  Load(const std::shared_ptr<grpc::Channel>& channel, std::string method, const std::vector<std::string>& requests)
      : stub_(channel), method_(std::move(method)) {
    for (const std::string& request : requests) {
      grpc::Slice slice(request);
      requests_.emplace_back(&slice, 1);
    }
  }

  // Runs `calls` calls, `in_flight` at a time, and returns the microseconds of each.
  std::vector<double> Run(size_t calls, size_t in_flight) {
    std::vector<double> latencies;
    latencies.reserve(calls);
    size_t begun = 0;
    for (; begun < std::min(calls, in_flight); ++begun) Begin();
    void* tag = nullptr;
    bool ok = false;
    while (latencies.size() < calls && queue_.Next(&tag, &ok)) {
      std::unique_ptr<Call> call(static_cast<Call*>(tag));
      latencies.push_back(MicrosecondsBetween(call->started, Clock::now()));
      if (!ok || !call->status.ok()) {
        std::fprintf(stderr, "load-client: status %d: %s\n", call->status.error_code(),
                     call->status.error_message().c_str());
        std::exit(1);
      }
      if (begun++ < calls) Begin();
      last_response_ = call->response;
    }
    return latencies;
  }

  const grpc::ByteBuffer& last_response() const { return last_response_; }

 private:
  void Begin() {
    auto call = std::make_unique<Call>();
    call->started = Clock::now();
    call->reader = stub_.PrepareUnaryCall(&call->context, method_, requests_[next_++ % requests_.size()], &queue_);
    call->reader->StartCall();
    Call* tag = call.release();
    tag->reader->Finish(&tag->response, &tag->status, tag);
  }

  grpc::GenericStub stub_;
  std::string method_;
  std::vector<grpc::ByteBuffer> requests_;
  size_t next_ = 0;
  grpc::ByteBuffer last_response_;
  grpc::CompletionQueue queue_;
};

void WriteResponse(const grpc::ByteBuffer& response, const char* path) {
  std::vector<grpc::Slice> slices;
  if (!response.Dump(&slices).ok()) std::exit(1);
  std::ofstream file(path, std::ios::binary);
  for (const auto& slice : slices) file.write(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 7) {
    std::fprintf(stderr,
                 "usage: load-client ADDRESS METHOD REQUEST_FILES WARM_UP_CALLS CALLS IN_FLIGHT [RESPONSE_FILE]\n");
    return 2;
  }
  std::vector<std::string> requests;
  std::istringstream files(arguments[3]);
  for (std::string file; std::getline(files, file, ',');) requests.push_back(ReadFile(file.c_str()));
  const size_t warm_up_calls = std::strtoul(arguments[4], nullptr, 10);
  const size_t calls = std::strtoul(arguments[5], nullptr, 10);
  const size_t in_flight = std::strtoul(arguments[6], nullptr, 10);
  grpc::ChannelArguments settings;
  // The window of replies, as a client of large replies sets it.
  settings.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1 << 20);
  auto channel = grpc::CreateCustomChannel(arguments[1], grpc::InsecureChannelCredentials(), settings);
  Load load(channel, arguments[2], requests);
  load.Run(warm_up_calls, in_flight);
  const auto started = Clock::now();
  std::vector<double> latencies = load.Run(calls, in_flight);
  const double seconds = MicrosecondsBetween(started, Clock::now()) / 1e6;
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"calls\":%zu,\"seconds\":%.6f,\"p50Us\":%.2f,\"p99Us\":%.2f,\"requestBytes\":%zu,\"responseBytes\":%zu}\n",
      calls, seconds, latencies[calls / 2], latencies[calls * 99 / 100], requests[0].size(),
      load.last_response().Length());
  if (count > 7) WriteResponse(load.last_response(), arguments[7]);
  return 0;
}
