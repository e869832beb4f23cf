"""systemd's side of the stand-in: one service with its socket, from the unit files of a folder."""

import configparser
import os
import re
import shlex

from service_job import Job, user_of

NOT_LOADED = 5


class Unit(configparser.RawConfigParser):
    optionxform = staticmethod(str)

    def __init__(self, path):
        super().__init__(strict=True, interpolation=None, delimiters=("=",))
        with open(path, encoding="utf8") as file:
            self.read_file(file)


class Systemd:
    def __init__(self, settings, events):
        self.settings, self.events, self.jobs, self.units, self.enabled = settings, events, {}, {}, set()

    def run(self, *arguments):
        words = [word for word in arguments if not word.startswith("--")]
        options = [word for word in arguments if word.startswith("--")]
        verb, names = words[0].replace("-", "_"), words[1:]
        return getattr(self, "do_" + verb)(names, options)

    def tick(self):
        for name, job in list(self.jobs.items()):
            job.tick()
            if job.leaving and not job.pid:
                job.close()
                del self.jobs[name]

    def do_daemon_reload(self, _names, _options):
        folder = self.settings["units"]
        found = [name for name in os.listdir(folder) if name.endswith((".service", ".socket"))]
        self.units = {name: Unit(os.path.join(folder, name)) for name in found}
        return 0, "", ""

    def do_enable(self, names, options):
        for name in names:
            if name not in self.units:
                return 1, "", f"Failed to enable unit: Unit file {name} does not exist.\n"
        self.enabled.update(names)
        return self.do_start(names, []) if "--now" in options else (0, "", "")

    def do_disable(self, names, options):
        self.enabled.difference_update(names)
        return self.do_stop(names, []) if "--now" in options else (0, "", "")

    def do_start(self, names, _options):
        for name in names:
            if name not in self.units:
                return NOT_LOADED, "", f"Failed to start {name}: Unit {name} not found.\n"
            stem = name.rsplit(".", 1)[0]
            # A socket that is still on its way out belongs to the last stop.
            job = self.jobs.get(stem)
            if job is None or job.leaving:
                job = self.jobs[stem] = Job(self._spec(stem), self.events)
            if name.endswith(".service"):
                job.start()
        return 0, "", ""

    def do_stop(self, names, _options):
        for name in names:
            job = self.jobs.get(name.rsplit(".", 1)[0])
            if job is None:
                continue
            if name.endswith(".socket"):
                job.leaving = True
            job.stop()
            # systemctl waits until the unit has stopped.
            while job.pid:
                job.tick()
        return 0, "", ""

    def do_restart(self, names, options):
        self.do_stop(names, options)
        return self.do_start(names, options)

    def do_show(self, names, options):
        job = self.jobs.get(names[0].rsplit(".", 1)[0])
        values = {
            "LoadState": "loaded" if names[0] in self.units else "not-found",
            "ActiveState": "active" if job and job.pid else "inactive",
            "MainPID": job.pid if job else 0,
            "ExecMainStatus": max(job.last_status or 0, 0) if job else 0,
        }
        asked = next(word for word in options if word.startswith("--property=")).removeprefix("--property=").split(",")
        return 0, "".join(f"{name}={values[name]}\n" for name in asked), ""

    def _spec(self, stem):
        service = self.units[stem + ".service"]["Service"]
        listen = self.units[stem + ".socket"]["Socket"]
        name = service.get("User")
        user, group = user_of(name) if name else (self.settings["uid"], self.settings["uid"])
        assignments = dict(word.split("=", 1) for word in shlex.split(service.get("Environment", "")))
        refused = {int(code) for code in service.get("RestartPreventExitStatus", "").split()}
        throttle_s = self.settings.get("throttle_s")
        path = listen["ListenStream"]
        os.makedirs(os.path.dirname(path), mode=int(listen["DirectoryMode"], 8), exist_ok=True)
        if os.getuid() == 0:
            os.chown(os.path.dirname(path), user, group)
        sockets = [
            {
                "name": listen["FileDescriptorName"],
                "path": path,
                "mode": int(listen["SocketMode"], 8),
                "owner": user if os.getuid() == 0 else None,
                "group": group,
            }
        ]
        plain = {"PATH": "/usr/bin:/bin", "HOME": self.settings["home"], "INVOCATION_ID": "0" * 32}
        return {
            "arguments": [re.sub("%%", "%", word) for word in shlex.split(service["ExecStart"])],
            "environment": {**plain, **assignments},
            "folder": service.get("WorkingDirectory", "/"),
            "user": user,
            "group": group,
            "umask": int(service.get("UMask", "0022"), 8),
            "limits": {"NumberOfFiles": int(service["LimitNOFILE"]), "Core": int(service["LimitCORE"])},
            "sockets": sockets,
            "output": os.path.join(self.settings["home"], "journal"),
            "throttle_s": float(service["RestartSec"]) if throttle_s is None else throttle_s,
            "exit_timeout_s": float(service["TimeoutStopSec"]),
            "restarts_for": lambda status: status != 0 and status not in refused,
        }
