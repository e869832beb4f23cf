#include "pool_binding.h"

#include <memory>
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
    napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnNotified, &notifier_);
    // An idle pool keeps no process alive; Submit() and Deliver() hold the loop while calls are out.
    napi_unref_threadsafe_function(env, notifier_);
    options.notify = [this] { napi_call_threadsafe_function(notifier_, nullptr, napi_tsfn_nonblocking); };
    pool_ = std::make_unique<Pool>(std::move(options));
    napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  }

  Pool& pool() { return *pool_; }

  void Submit(const Napi::CallbackInfo& info) {
    uint32_t token = 0;
    KernelCall call;
    if (napi_get_value_uint32(env_, info[0], &token) != napi_ok) {
      Napi::TypeError::New(env_, "token must be a whole number").ThrowAsJavaScriptException();
      return;
    }
    if (!ReadKernelCall(info, 1, &call)) return;
    Napi::ObjectReference views = Napi::Persistent(ViewsOf(info, 1).As<Napi::Object>());
    if (!pool_->Submit(token, std::move(call))) {
      Napi::Error::New(env_, "the pool is closed").ThrowAsJavaScriptException();
      return;
    }
    if (in_flight_.empty()) napi_ref_threadsafe_function(env_, notifier_);
    in_flight_[token] = std::move(views);
  }

  void Close() {
    pool_->Close();
    if (!in_flight_.empty()) napi_unref_threadsafe_function(env_, notifier_);
    in_flight_.clear();
  }

 private:
  static void OnNotified(napi_env env, napi_value, void* context, void*) {
    // A null environment: Node is ending, and nobody waits for the result.
    if (env != nullptr) static_cast<PoolBinding*>(context)->Deliver();
  }

  void Deliver() {
    const Napi::HandleScope scope(env_);
    for (const Completion& completion : pool_->TakeCompletions()) {
      if (in_flight_.erase(completion.token) == 0) continue;
      if (in_flight_.empty()) napi_unref_threadsafe_function(env_, notifier_);
      done_.Call({Napi::Number::New(env_, completion.token), Napi::Number::New(env_, completion.flags),
                  Napi::Number::New(env_, completion.compute_ns)});
      // An exception of `done` is the daemon's bug: it surfaces as uncaught, and the other completions wait for the
      // next turn.
      if (env_.IsExceptionPending()) return;
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
  std::unordered_map<uint32_t, Napi::ObjectReference> in_flight_;
};

PoolBinding* SelfOf(const Napi::CallbackInfo& info) { return static_cast<PoolBinding*>(info.Data()); }

}  // namespace

Napi::Value OpenPool(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const int64_t threads = options.Get("threads").As<Napi::Number>().Int64Value();
  const int64_t niceness = options.Get("niceness").As<Napi::Number>().Int64Value();
  if (threads < 1 || threads > 1024 || niceness < 0 || niceness > 19) {
    Napi::RangeError::New(env, "threads must be 1 to 1024, niceness 0 to 19").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  PoolOptions pool_options{
      options.Get("name").ToString(), static_cast<unsigned>(threads), static_cast<int>(niceness), {}};
  PoolBinding* binding = new PoolBinding(env, std::move(pool_options), info[1].As<Napi::Function>());
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
