#include "worker_link.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "descriptor_message.h"
#include "end_watch.h"
#include "views.h"

namespace acceld {

namespace {

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int kSendFlags = MSG_DONTWAIT;  // SO_NOSIGPIPE is set.
#endif

bool OpenPair(int (&pair)[2]) {
#if defined(SOCK_CLOEXEC)
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0;
#else
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return false;
  const int yes = 1;
  for (const int end : pair) {
    fcntl(end, F_SETFD, FD_CLOEXEC);
    setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
  }
  return true;
#endif
}

class WorkerLink : public std::enable_shared_from_this<WorkerLink> {
 public:
  WorkerLink(Napi::Env env, const int (&pair)[2], Napi::Uint8Array received, Napi::Function on_bytes)
      : env_(env),
        own_(std::make_shared<SocketEnd>(pair[0])),
        remote_(pair[1]),
        data_(received.Data()),
        bytes_(received.ByteLength()) {
    context_ = std::make_unique<Napi::AsyncContext>(env, "acceld-worker-link");
    received_ = Napi::Persistent(received.As<Napi::Object>());
    on_bytes_ = Napi::Persistent(on_bytes);
  }

  bool Watch() {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env_, &loop) != napi_ok || uv_poll_init(loop, &poll_, own_->descriptor()) != 0)
      return false;
    poll_.data = this;
    polled_ = shared_from_this();
    napi_add_async_cleanup_hook(env_, OnEnvironmentEnd, this, &cleanup_);
    // The process that it leads to holds the loop.
    uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
    return uv_poll_start(&poll_, UV_READABLE, OnReadable) == 0;
  }

  int remote() const { return remote_; }

  void CloseRemote() {
    if (remote_ >= 0) close(remote_);
    remote_ = -1;
  }

  void WatchWord(std::atomic<uint32_t>* word) { watch_.Begin(word, own_); }
  void EndWatching() { watch_.End(); }

  // Whole or not at all: part of a frame would end the link, which the caller then does.
  bool Send(const unsigned char* data, size_t size, int descriptor) const {
    if (own_->descriptor() < 0) return false;
    iovec part{const_cast<unsigned char*>(data), size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    DescriptorRoom room;
    if (descriptor >= 0) Carry(descriptor, &room, &message);
    ssize_t count;
    do {
      count = sendmsg(own_->descriptor(), &message, kSendFlags);
    } while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(size);
  }

  void Close() {
    CloseRemote();
    if (own_->descriptor() < 0) return;
    own_->Close();
    if (polled_ != nullptr) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnClosed);
  }

 private:
  static void OnReadable(uv_poll_t* poll, int, int) noexcept { static_cast<WorkerLink*>(poll->data)->Read(); }

  void Read() noexcept {
    ssize_t count;
    do {
      // Without room for descriptors: the system drops those that a worker sends.
      count = recv(own_->descriptor(), data_, bytes_, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) uv_poll_stop(&poll_);
    Deliver(count < 0 ? 0 : count);
  }

  // Plain Node-API: see PoolBinding::CallDone.
  void Deliver(ssize_t count) noexcept {
    const Napi::HandleScope scope(env_);
    napi_value number, result, exception;
    napi_create_int64(env_, count, &number);
    if (napi_make_callback(env_, *context_, env_.Global(), on_bytes_.Value(), 1, &number, &result) == napi_ok) return;
    if (env_.IsExceptionPending() && napi_get_and_clear_last_exception(env_, &exception) == napi_ok) {
      napi_fatal_exception(env_, exception);
    }
  }

  static void OnClosed(uv_handle_t* handle) noexcept {
    WorkerLink* link = static_cast<WorkerLink*>(handle->data);
    const std::shared_ptr<WorkerLink> last = std::move(link->polled_);
    const Napi::HandleScope scope(link->env_);
    link->context_.reset();
    link->received_.Reset();
    link->on_bytes_.Reset();
    napi_remove_async_cleanup_hook(link->cleanup_);
  }

  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* self) { static_cast<WorkerLink*>(self)->Close(); }

  const Napi::Env env_;
  const std::shared_ptr<SocketEnd> own_;
  int remote_;
  EndWatch watch_;
  uint8_t* const data_;
  const size_t bytes_;
  std::unique_ptr<Napi::AsyncContext> context_;
  Napi::ObjectReference received_;
  Napi::FunctionReference on_bytes_;
  uv_poll_t poll_{};
  // Itself, until libuv has let go of poll_.
  std::shared_ptr<WorkerLink> polled_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
};

using Shared = std::shared_ptr<WorkerLink>;

Napi::Value Send(const Shared& link, const Napi::CallbackInfo& info) {
  View frame;
  const bool has_view = ReadView(info.Env(), info[0], &frame) && frame.type == napi_uint8_array;
  const double size = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : -1;
  if (!has_view || !(size >= 1 && size <= static_cast<double>(frame.bytes)) || !info[2].IsNumber()) {
    Refuse<Napi::TypeError>(info.Env(), "send takes a Uint8Array, how much of it, and a descriptor or -1");
    return info.Env().Undefined();
  }
  const int descriptor = info[2].As<Napi::Number>().Int32Value();
  return Napi::Boolean::New(info.Env(), link->Send(frame.data, static_cast<size_t>(size), descriptor));
}

Napi::Value Watch(const Shared& link, const Napi::CallbackInfo& info) {
  View word;
  const bool has_view = ReadView(info.Env(), info[0], &word) && word.bytes == sizeof(uint32_t);
  if (!has_view || reinterpret_cast<uintptr_t>(word.data) % sizeof(uint32_t) != 0) {
    Refuse<Napi::TypeError>(info.Env(), "watch takes a word of shared memory");
  } else {
    link->WatchWord(reinterpret_cast<std::atomic<uint32_t>*>(word.data));
  }
  return info.Env().Undefined();
}

}  // namespace

Napi::Value OpenWorkerLink(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  View received;
  if (!ReadView(env, info[0], &received) || received.type != napi_uint8_array || received.bytes == 0 ||
      !info[1].IsFunction()) {
    Refuse<Napi::TypeError>(env, "openWorkerLink takes a Uint8Array that is not empty and a function");
    return env.Undefined();
  }
  int pair[2];
  if (!OpenPair(pair)) {
    Refuse<Napi::Error>(env, std::string("the system gives no socket: ") + std::strerror(errno));
    return env.Undefined();
  }
  const Shared link =
      std::make_shared<WorkerLink>(env, pair, info[0].As<Napi::Uint8Array>(), info[1].As<Napi::Function>());
  if (!link->Watch()) {
    link->Close();
    Refuse<Napi::Error>(env, "the event loop does not watch the socket");
    return env.Undefined();
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("remote", Napi::Number::New(env, link->remote()));
  const auto close_remote = [link](const Napi::CallbackInfo&) { link->CloseRemote(); };
  object.Set("closeRemote", Napi::Function::New(env, close_remote, "closeRemote"));
  const auto send = [link](const Napi::CallbackInfo& call) { return Send(link, call); };
  object.Set("send", Napi::Function::New(env, send, "send"));
  const auto watch = [link](const Napi::CallbackInfo& call) { return Watch(link, call); };
  object.Set("watch", Napi::Function::New(env, watch, "watch"));
  const auto unwatch = [link](const Napi::CallbackInfo&) { link->EndWatching(); };
  object.Set("unwatch", Napi::Function::New(env, unwatch, "unwatch"));
  const auto close = [link](const Napi::CallbackInfo&) { link->Close(); };
  object.Set("close", Napi::Function::New(env, close, "close"));
  return object;
}

}  // namespace acceld
