"""One service as launchd and systemd run it: listening sockets that outlive the process, an empty environment, a session
of its own, restarts with a throttle, SIGTERM before SIGKILL. It knows neither plists nor units."""

import os
import pwd
import resource
import select
import signal
import socket
import time

LISTEN_DESCRIPTOR_FIRST = 3
# Processes of the job that are alive this long after it ended are survivors, and then killed as launchd does.
SURVIVORS_S = 0.5
LIMITS = {"NumberOfFiles": resource.RLIMIT_NOFILE, "Core": resource.RLIMIT_CORE}


class Job:
    """`spec`: arguments, environment, folder, user, umask, limits, sockets (name, path, mode, owner, group), output,
    throttle_s, exit_timeout_s, and restarts_for(status): whether an exit status brings the next start."""

    def __init__(self, spec, events):
        self.spec, self.events = spec, events
        self.pid = 0
        self.last_status = None
        self.started_s = self.ended_s = self.due_s = None
        self.kill_s = None
        self.leaving = False
        self.ended_group = None
        self.sockets = [self._listen(each) for each in spec["sockets"]]

    def _listen(self, each):
        if os.path.lexists(each["path"]):
            os.unlink(each["path"])
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o777 & ~each["mode"])
        listener.bind(each["path"])
        os.umask(before)
        if each.get("owner") is not None:
            os.chown(each["path"], each["owner"], each["group"])
        listener.listen(128)
        return each["name"], each["path"], listener

    def start(self):
        if self.pid:
            return
        self.due_s = None
        self.started_s = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._become()
            finally:
                os._exit(127)
        self.events.append({"event": "started", "pid": self.pid, "at": time.time()})

    def _become(self):
        spec = self.spec
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        output = os.open(spec["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if spec["user"] is not None and os.getuid() == 0:
            os.fchown(output, spec["user"], -1)
        handed = [listener.fileno() for _, _, listener in self.sockets]
        high = [os.dup2(fd, 200 + index) for index, fd in enumerate([null, output, output, *handed])]
        for target, fd in enumerate(high):
            os.dup2(fd, target, inheritable=True)
        os.closerange(len(high), 256)
        for name, limit in spec["limits"].items():
            hard = resource.getrlimit(LIMITS[name])[1]
            # launchd and systemd are root and may raise it.
            if os.getuid() != 0 and hard != resource.RLIM_INFINITY:
                limit = min(limit, hard)
            resource.setrlimit(LIMITS[name], (limit, limit))
        os.umask(spec["umask"])
        environment = dict(spec["environment"])
        if handed:
            names = ":".join(name for name, _, _ in self.sockets)
            environment.update(LISTEN_FDS=str(len(handed)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
        for name in ("SIGPIPE", "SIGXFSZ"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        if spec["user"] is not None and os.getuid() == 0:
            os.setgroups([])
            os.setgid(spec["group"])
            os.setuid(spec["user"])
        os.chdir(spec["folder"])
        os.execve(spec["arguments"][0], spec["arguments"], environment)

    def kill(self, number):
        if self.pid:
            os.kill(self.pid, number)

    def stop(self):
        """SIGTERM now, SIGKILL after the exit timeout; no restart."""
        self.due_s = None
        if self.pid and self.kill_s is None:
            self.kill(signal.SIGTERM)
            self.kill_s = time.monotonic() + self.spec["exit_timeout_s"]

    def leave(self):
        self.leaving = True
        self.stop()

    def close(self):
        for _, path, listener in self.sockets:
            listener.close()
            if os.path.lexists(path):
                os.unlink(path)

    def tick(self):
        now = time.monotonic()
        self._reap(now)
        if self.ended_group and now > self.ended_s + SURVIVORS_S:
            self._end_group()
        if self.pid and self.kill_s is not None and now > self.kill_s:
            self.kill(signal.SIGKILL)
        if self.pid or self.leaving:
            return
        if self.due_s is not None and now >= self.due_s:
            self.start()
        elif self.due_s is None and self._has_client():
            self.due_s = self._throttled(now)

    def _reap(self, now):
        if not self.pid:
            return
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return
        self.last_status = os.waitstatus_to_exitcode(status)
        self.events.append({"event": "ended", "pid": pid, "status": self.last_status, "at": time.time()})
        asked = self.kill_s is not None
        self.ended_group, self.ended_s, self.pid, self.kill_s = pid, now, 0, None
        if not asked and self.spec["restarts_for"](self.last_status):
            self.due_s = self._throttled(now)

    def _throttled(self, now):
        return max(now, self.started_s + self.spec["throttle_s"]) if self.started_s is not None else now

    def _end_group(self):
        group, self.ended_group = self.ended_group, None
        try:
            os.killpg(group, signal.SIGKILL)
            self.events.append({"event": "survivors", "pid": group, "at": time.time()})
        except ProcessLookupError:
            pass

    def _has_client(self):
        listeners = [listener for _, _, listener in self.sockets]
        return bool(listeners) and bool(select.select(listeners, [], [], 0)[0])


def user_of(name):
    """uid and gid of a name or a number in text."""
    entry = pwd.getpwuid(int(name)) if str(name).isdigit() else pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid
