#include "system_binding.h"

#include <fcntl.h>
#include <sys/file.h>
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

// The descriptor stays open on purpose: the lock ends with the process, however it ends.
Napi::Value LockFile(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0) return Napi::Boolean::New(info.Env(), true);
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  if (error == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
  Napi::Error::New(info.Env(), std::strerror(error)).ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

Napi::Value HardenProcess(const Napi::CallbackInfo& info) {
  const std::vector<std::string> refused = Harden();
  Napi::Array list = Napi::Array::New(info.Env(), refused.size());
  for (uint32_t i = 0; i < refused.size(); ++i) list.Set(i, refused[i]);
  return list;
}

}  // namespace acceld
