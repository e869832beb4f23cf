#include "system_binding.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
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

template <typename Value>
static Napi::Array ToArray(Napi::Env env, const std::vector<Value>& values) {
  Napi::Array list = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) list.Set(i, values[i]);
  return list;
}

Napi::Value HardenProcess(const Napi::CallbackInfo& info) { return ToArray(info.Env(), Harden()); }

Napi::Value ActivateSocketOf(const Napi::CallbackInfo& info) {
  return ToArray(info.Env(),
                 info[0].IsString() ? ActivateSocket(info[0].As<Napi::String>().Utf8Value()) : std::vector<int>{});
}

// Negative: no such option, or no socket.
static int SocketOption(int descriptor, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

Napi::Value ListenerPath(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int descriptor = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : -1;
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (SocketOption(descriptor, SO_TYPE) != SOCK_STREAM) return env.Null();
  // macOS answers with the option's own bit, Linux with 1.
  if (SocketOption(descriptor, SO_ACCEPTCONN) <= 0) return env.Null();
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return env.Null();
  // The name of an abstract socket of Linux begins with a zero byte: such a one has no owner.
  if (address.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path) || address.sun_path[0] == '\0')
    return env.Null();
  // No worker may inherit it.
  if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return env.Null();
  const size_t length = strnlen(address.sun_path, size - offsetof(sockaddr_un, sun_path));
  return Napi::String::New(env, address.sun_path, length);
}

Napi::Value GetThermalPressure(const Napi::CallbackInfo& info) {
  const int level = ThermalPressure();
  return level < 0 ? info.Env().Null() : Napi::Number::New(info.Env(), level);
}

Napi::Value GetMemoryPressure(const Napi::CallbackInfo& info) {
  int level;
  double available_share;
  if (!MemoryPressure(&level, &available_share)) return info.Env().Null();
  Napi::Object pressure = Napi::Object::New(info.Env());
  pressure.Set("level", level);
  pressure.Set("availableShare", available_share);
  return pressure;
}

Napi::Value GetLaunchdRefusal(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), LaunchdRefusal());
}

Napi::Value GetPowerReportsObjection(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), PowerReportsObjection());
}

Napi::Value IsStopped(const Napi::CallbackInfo& info) {
  const int child = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
  siginfo_t found{};
  // Only looks: whoever waits for the child's end finds it as it was.
  const bool is_asked = child > 0 && waitid(P_PID, static_cast<id_t>(child), &found, WSTOPPED | WNOHANG | WNOWAIT) == 0;
  return Napi::Boolean::New(info.Env(), is_asked && found.si_pid == child);
}

Napi::Value GetPerformanceLevels(const Napi::CallbackInfo& info) {
  const std::vector<int> levels = PerformanceLevels();
  Napi::Array list = Napi::Array::New(info.Env(), levels.size());
  for (uint32_t i = 0; i < levels.size(); ++i) list.Set(i, levels[i]);
  return list;
}

}  // namespace acceld
