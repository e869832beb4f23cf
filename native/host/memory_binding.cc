#include "memory_binding.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <vector>

#include "errand_thread.h"
#include "platform.h"
#include "shared_memory.h"
#include "views.h"

namespace acceld {

namespace {

// As Node's largest view.
constexpr double kBytesMax = 4294967296.0;

enum class Act { kCreate, kClear, kClose };

// A memory on its way from or to the errand thread.
struct Errand {
  napi_deferred promise;
  Act act = Act::kCreate;
  size_t bytes = 0;                      // To create.
  std::shared_ptr<SharedMemory> memory;  // Created, cleared or closed.
  int error = 0;
};

// Creates, clears and closes memories on a thread of its own. Lives until the environment ends.
class MemoryBinding {
 public:
  explicit MemoryBinding(Napi::Env env) : env_(env), thread_("acceld-memory") {
    const Napi::String name = Napi::String::New(env, "acceld-memory");
    napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnDone, &notifier_);
    // Errands on their way keep no process alive: they end with it.
    napi_unref_threadsafe_function(env, notifier_);
    napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  }

  // A promise of the memory, or of nothing once it is closed.
  napi_value Run(Errand errand) {
    napi_value promise = nullptr;
    napi_create_promise(env_, &errand.promise, &promise);
    // std::function wants what can be copied.
    const auto shared = std::make_shared<Errand>(std::move(errand));
    const auto act = [this, shared] {
      switch (shared->act) {
        case Act::kCreate: shared->memory = SharedMemory::Create(shared->bytes, &shared->error); break;
        case Act::kClear: std::memset(shared->memory->data(), 0, shared->memory->bytes()); break;
        case Act::kClose: shared->memory->Close(); break;
      }
      std::lock_guard<std::mutex> lock(mutex_);
      done_.push_back(shared);
      napi_call_threadsafe_function(notifier_, nullptr, napi_tsfn_nonblocking);
    };
    try {
      if (in_flight_ == 0) napi_ref_threadsafe_function(env_, notifier_);
      ++in_flight_;
      thread_.Submit(act);
    } catch (const std::system_error& error) {
      shared->error = error.code().value();
      Settle(*shared);
    }
    return promise;
  }

 private:
  static void OnDone(napi_env env, napi_value, void* context, void*) {
    if (env != nullptr) static_cast<MemoryBinding*>(context)->Deliver();
  }

  void Deliver() {
    const Napi::HandleScope scope(env_);
    std::vector<std::shared_ptr<Errand>> done;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      done.swap(done_);
    }
    for (const auto& errand : done) Settle(*errand);
  }

  void Settle(const Errand& errand) {
    --in_flight_;
    if (in_flight_ == 0) napi_unref_threadsafe_function(env_, notifier_);
    if (errand.error == 0) {
      napi_resolve_deferred(env_, errand.promise, errand.act == Act::kCreate ? ToJs(errand.memory) : env_.Undefined());
      return;
    }
    const std::string message = std::string("the system gives no memory: ") + std::strerror(errand.error);
    napi_reject_deferred(env_, errand.promise, Napi::Error::New(env_, message).Value());
  }

  // { buffer, descriptor, clear(), discard(), close() }
  Napi::Value ToJs(const std::shared_ptr<SharedMemory>& memory) {
    using Holder = std::shared_ptr<SharedMemory>;
    Holder* of_buffer = new Holder(memory);
    const auto drop = [](napi_env, void*, void* holder) { delete static_cast<Holder*>(holder); };
    napi_value buffer;
    if (napi_create_external_arraybuffer(env_, memory->data(), memory->bytes(), drop, of_buffer, &buffer) != napi_ok) {
      delete of_buffer;
      return env_.Undefined();
    }
    Napi::Object object = Napi::Object::New(env_);
    object.Set("buffer", buffer);
    object.Set("descriptor", Napi::Number::New(env_, memory->descriptor()));
    const auto close = [this, memory](const Napi::CallbackInfo& info) -> napi_value {
      // Every view of it becomes empty, so that nothing in JavaScript reaches memory that is gone.
      const Napi::Value own = info.This().As<Napi::Object>().Get("buffer");
      napi_detach_arraybuffer(info.Env(), own);
      return Run({nullptr, Act::kClose, 0, memory, 0});
    };
    const auto clear = [this, memory](const Napi::CallbackInfo&) -> napi_value {
      return Run({nullptr, Act::kClear, 0, memory, 0});
    };
    const auto discard = [memory](const Napi::CallbackInfo& info) -> napi_value {
      const double offset = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
      const double bytes = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : -1;
      // Of a memory that is closed, or about to be, the buffer is empty.
      void* data = nullptr;
      size_t size = 0;
      napi_get_arraybuffer_info(info.Env(), info.This().As<Napi::Object>().Get("buffer"), &data, &size);
      if (!(offset >= 0 && bytes >= 1 && offset + bytes <= static_cast<double>(size))) {
        Refuse(info.Env(), "offset and bytes must lie in the memory");
        return info.Env().Undefined();
      }
      const bool is_done =
          DiscardMemory(memory->descriptor(), data, static_cast<size_t>(offset), static_cast<size_t>(bytes));
      return Napi::Boolean::New(info.Env(), is_done);
    };
    object.Set("discard", Napi::Function::New(env_, discard, "discard"));
    object.Set("clear", Napi::Function::New(env_, clear, "clear"));
    object.Set("close", Napi::Function::New(env_, close, "close"));
    return object;
  }

  // Before the environment goes: the errands end, and nobody hears of them.
  static void OnEnvironmentEnd(void* self) {
    MemoryBinding* binding = static_cast<MemoryBinding*>(self);
    binding->thread_.Close();
    napi_release_threadsafe_function(binding->notifier_, napi_tsfn_abort);
    delete binding;
  }

  const Napi::Env env_;
  napi_threadsafe_function notifier_ = nullptr;
  size_t in_flight_ = 0;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Errand>> done_;
  ErrandThread thread_;
};

Napi::Value CreateMemory(const Napi::CallbackInfo& info) {
  const double bytes = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(bytes >= 1 && bytes <= kBytesMax) || bytes != static_cast<double>(static_cast<uint64_t>(bytes))) {
    Refuse(info.Env(), "bytes must be a whole number from 1 to 2^32");
    return info.Env().Undefined();
  }
  Errand errand{};
  errand.bytes = static_cast<size_t>(bytes);
  return Napi::Value(info.Env(), static_cast<MemoryBinding*>(info.Data())->Run(std::move(errand)));
}

Napi::Value Send(const Napi::CallbackInfo& info) {
  View bytes;
  if (!info[0].IsNumber() || !info[1].IsNumber() || !ReadView(info.Env(), info[2], &bytes) || bytes.bytes == 0) {
    Refuse<Napi::TypeError>(info.Env(),
                            "sendDescriptor takes a socket, a descriptor and a Uint8Array that is not empty");
    return info.Env().Undefined();
  }
  const int socket = info[0].As<Napi::Number>().Int32Value();
  const int descriptor = info[1].As<Napi::Number>().Int32Value();
  return Napi::Boolean::New(info.Env(), SendDescriptor(socket, descriptor, bytes.data, bytes.bytes));
}

}  // namespace

void ExportMemory(Napi::Env env, Napi::Object exports) {
  MemoryBinding* binding = new MemoryBinding(env);
  exports.Set("createMemory", Napi::Function::New(env, CreateMemory, "createMemory", binding));
  exports.Set("sendDescriptor", Napi::Function::New(env, Send, "sendDescriptor"));
}

}  // namespace acceld
