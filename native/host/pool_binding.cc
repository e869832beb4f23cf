#include "pool_binding.h"

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <unordered_map>

#include "kernel_arguments.h"
#include "pool.h"

namespace acceld {

namespace {

// A pool and its way back to JavaScript. Lives until the environment ends, however many times it is closed before.
class PoolBinding {
 public:
  PoolBinding(Napi::Env env, PoolOptions options, Napi::Function done) : env_(env), done_(Napi::Persistent(done)) {
    const Napi::String name = Napi::String::New(env, options.name);
    options.notify = [this] { napi_call_threadsafe_function(notifier_, nullptr, napi_tsfn_nonblocking); };
    pool_ = std::make_unique<Pool>(std::move(options));
    napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnNotified, &notifier_);
    // An idle pool keeps no process alive; Submit() and Deliver() hold the loop while calls are out.
    napi_unref_threadsafe_function(env, notifier_);
    // Hooks run in reverse order: the threads end before the notifier does.
    napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  }

  Pool& pool() { return *pool_; }

  void Submit(const Napi::CallbackInfo& info) {
    if (!info[0].IsNumber()) {
      Napi::TypeError::New(env_, "token must be a number").ThrowAsJavaScriptException();
      return;
    }
    KernelCall call;
    if (!ReadKernelCall(info, 1, &call)) return;
    Napi::Array buffers;
    if (!CollectBuffers(info, 1, &buffers)) return;
    // The caller's tokens need not differ, and memory must outlive its task all the same.
    const uint64_t id = next_id_++;
    if (!pool_->Submit(id, std::move(call))) {
      Napi::Error::New(env_, "the pool is closed").ThrowAsJavaScriptException();
      return;
    }
    if (in_flight_.empty()) napi_ref_threadsafe_function(env_, notifier_);
    in_flight_[id] = {info[0].As<Napi::Number>().DoubleValue(), Napi::Persistent(buffers.As<Napi::Object>())};
  }

  void Close() {
    pool_->Close();
    if (!in_flight_.empty()) napi_unref_threadsafe_function(env_, notifier_);
    in_flight_.clear();
  }

 private:
  struct InFlight {
    double token;
    Napi::ObjectReference buffers;
  };

  static void OnNotified(napi_env env, napi_value, void* context, void*) {
    // A null environment: Node is ending, and nobody waits for the result.
    if (env != nullptr) static_cast<PoolBinding*>(context)->Deliver();
  }

  void Deliver() {
    const Napi::HandleScope scope(env_);
    for (const Completion& completion : pool_->TakeCompletions()) {
      const auto found = in_flight_.find(completion.token);
      // Dropped by a `done` before this one, which closed the pool.
      if (found == in_flight_.end()) continue;
      const double token = found->second.token;
      in_flight_.erase(found);
      if (in_flight_.empty()) napi_unref_threadsafe_function(env_, notifier_);
      CallDone(token, completion);
    }
  }

  // Plain Node-API: its C++ wrapper aborts the process where a worker thread that ends can run no more JavaScript.
  void CallDone(double token, const Completion& completion) {
    napi_value arguments[] = {Napi::Number::New(env_, token), Napi::Number::New(env_, completion.flags),
                              Napi::Number::New(env_, completion.compute_ns)};
    napi_value result;
    if (napi_call_function(env_, env_.Undefined(), done_.Value(), 3, arguments, &result) == napi_ok) return;
    // Nobody is above us on the stack: an exception is uncaught, and Node-API alone would swallow it with a warning.
    napi_value exception;
    if (env_.IsExceptionPending() && napi_get_and_clear_last_exception(env_, &exception) == napi_ok) {
      napi_fatal_exception(env_, exception);
    }
  }

  // Before the environment goes, so that no thread runs on memory that goes with it.
  static void OnEnvironmentEnd(void* self) {
    PoolBinding* binding = static_cast<PoolBinding*>(self);
    binding->pool_->Close();
    napi_release_threadsafe_function(binding->notifier_, napi_tsfn_abort);
    binding->in_flight_.clear();
    delete binding;
  }

  const Napi::Env env_;
  Napi::FunctionReference done_;
  napi_threadsafe_function notifier_ = nullptr;
  std::unique_ptr<Pool> pool_;
  uint64_t next_id_ = 0;
  std::unordered_map<uint64_t, InFlight> in_flight_;
};

PoolBinding* SelfOf(const Napi::CallbackInfo& info) { return static_cast<PoolBinding*>(info.Data()); }

// A whole number of a range, or -1.
int ReadWhole(const Napi::Value& value, int least, int most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  return number >= least && number <= most && number == static_cast<int>(number) ? static_cast<int>(number) : -1;
}

// More threads than any machine has cores would be a mistake of whoever asks.
constexpr int kThreadsMax = 1024;

// As many as a cpu_set_t holds.
constexpr int kCpusMax = 1024;

// Processor numbers; none where the value is undefined. False: it is neither.
bool ReadCpus(const Napi::Value& value, std::vector<int>* cpus) {
  if (value.IsUndefined()) return true;
  if (!value.IsArray()) return false;
  const Napi::Array list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) cpus->push_back(ReadWhole(list.Get(i), 0, kCpusMax - 1));
  return std::find(cpus->begin(), cpus->end(), -1) == cpus->end();
}

// False: an exception is pending.
bool ReadOptions(const Napi::CallbackInfo& info, PoolOptions* options) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction()) {
    Napi::TypeError::New(env, "openPool takes an object of options and a function").ThrowAsJavaScriptException();
    return false;
  }
  const Napi::Object object = info[0].As<Napi::Object>();
  const Napi::Value name = object.Get("name");
  const int threads = ReadWhole(object.Get("threads"), 1, kThreadsMax);
  const int niceness = ReadWhole(object.Get("niceness"), 0, 19);
  ThreadPlace place{niceness, object.Get("background").ToBoolean(), {}};
  if (!name.IsString() || threads < 0 || niceness < 0 || !ReadCpus(object.Get("cpus"), &place.cpus)) {
    Napi::RangeError::New(env,
                          "name must be a string, threads whole from 1 to 1024, niceness whole from 0 to 19, cpus an "
                          "array of whole numbers from 0 to 1023")
        .ThrowAsJavaScriptException();
    return false;
  }
  *options = {name.As<Napi::String>(), static_cast<unsigned>(threads), std::move(place), {}};
  return true;
}

}  // namespace

Napi::Value OpenPool(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  PoolOptions options;
  if (!ReadOptions(info, &options)) return env.Undefined();
  PoolBinding* binding;
  try {
    binding = new PoolBinding(env, std::move(options), info[1].As<Napi::Function>());
  } catch (const std::system_error& error) {
    Napi::Error::New(env, std::string("the system refused a thread: ") + error.what()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object pool = Napi::Object::New(env);
  pool.Set("threads", Napi::Number::New(env, binding->pool().threads()));
  pool.Set("threadsNotLowered", Napi::Number::New(env, binding->pool().threads_not_lowered()));
  pool.Set("submit", Napi::Function::New(
                         env, [](const Napi::CallbackInfo& call) { SelfOf(call)->Submit(call); }, "submit", binding));
  pool.Set("close", Napi::Function::New(
                        env, [](const Napi::CallbackInfo& call) { SelfOf(call)->Close(); }, "close", binding));
  return pool;
}

}  // namespace acceld
