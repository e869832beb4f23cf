#include "system_binding.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platform.h"

namespace acceld {

Napi::Value GetPeerCredentials(const Napi::CallbackInfo& info) {
  PeerCredentials peer;
  if (!info[0].IsNumber() || !ReadPeerCredentials(info[0].As<Napi::Number>().Int32Value(), &peer))
    return info.Env().Null();
  Napi::Object credentials = Napi::Object::New(info.Env());
  credentials.Set("uid", peer.uid);
  credentials.Set("gid", peer.gid);
  credentials.Set("pid", peer.pid);
  return credentials;
}

Napi::Value LockFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].IsString() ? std::string(info[0].As<Napi::String>()) : "";
  // A zero byte would cut the path short and lock another file.
  if (path.empty() || path.find('\0') != std::string::npos) {
    Napi::TypeError::New(env, "path must be the path of a file").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  struct stat facts;
  const bool is_open = descriptor >= 0 && fstat(descriptor, &facts) == 0;
  const bool is_own = is_open && S_ISREG(facts.st_mode) && facts.st_uid == geteuid() && facts.st_nlink == 1;
  // The descriptor of a lock that was taken stays open on purpose: the lock ends with the process, however it ends.
  if (is_own && flock(descriptor, LOCK_EX | LOCK_NB) == 0) return Napi::Boolean::New(env, true);
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  if (is_own && error == EWOULDBLOCK) return Napi::Boolean::New(env, false);
  const bool is_foreign = is_open && !is_own;
  Napi::Error::New(env, is_foreign ? "not a regular file of this user with a single name" : std::strerror(error))
      .ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value HardenProcess(const Napi::CallbackInfo& info) {
  const std::vector<std::string> refused = Harden();
  Napi::Array list = Napi::Array::New(info.Env(), refused.size());
  for (uint32_t i = 0; i < refused.size(); ++i) list.Set(i, refused[i]);
  return list;
}

}  // namespace acceld
