"""launchd's side of the stand-in: bootstrap, bootout, kickstart, kill and print, with launchd's own codes and words."""

import os
import plistlib
import signal
import stat

from service_job import Job, user_of

ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "XPC_FLAGS": "0x0"}


def fail(code, words):
    return code, "", words + "\n"


class Launchd:
    def __init__(self, settings, events):
        self.settings, self.events, self.jobs = settings, events, {}

    def run(self, verb, *arguments):
        known = {"bootstrap", "bootout", "kickstart", "kill", "print", "enable"}
        if verb not in known:
            return fail(64, f"Unrecognized subcommand: {verb}")
        return getattr(self, "do_" + verb)(*arguments)

    def tick(self):
        for label, job in list(self.jobs.items()):
            job.tick()
            if job.leaving and not job.pid:
                job.close()
                del self.jobs[label]

    def do_bootstrap(self, domain, path):
        target = f"{domain}/{os.path.basename(path).removesuffix('.plist')}"
        if target in self.jobs or not self._is_trusted(domain, path):
            return fail(5, "Bootstrap failed: 5: Input/output error")
        with open(path, "rb") as file:
            plist = plistlib.load(file)
        if plist["Label"] != target.rsplit("/", 1)[1]:
            return fail(5, "Bootstrap failed: 5: Input/output error")
        job = self.jobs[target] = Job(self._spec(domain, plist), self.events)
        if plist.get("RunAtLoad") or "KeepAlive" in plist:
            job.start()
        return 0, "", ""

    def _is_trusted(self, domain, path):
        facts = os.lstat(path)
        owners = {0} if domain == "system" else {0, int(domain.split("/")[1])}
        return stat.S_ISREG(facts.st_mode) and facts.st_uid in owners and not facts.st_mode & 0o022

    def _spec(self, domain, plist):
        name = plist.get("UserName")
        user, group = user_of(name) if name else (self.settings["uid"], self.settings["uid"])
        keep = plist.get("KeepAlive", False)
        wants = keep.get("SuccessfulExit") if isinstance(keep, dict) else None
        environment = dict(ENVIRONMENT, HOME=self.settings["home"], XPC_SERVICE_NAME=plist["Label"])
        throttle_s = self.settings.get("throttle_s")
        sockets = [
            {
                "name": name,
                "path": each["SockPathName"],
                "mode": each["SockPathMode"],
                "owner": each.get("SockPathOwner", user if os.getuid() == 0 else None),
                "group": each.get("SockPathGroup", group),
            }
            for name, each in plist.get("Sockets", {}).items()
        ]
        return {
            "arguments": plist["ProgramArguments"],
            "environment": {**environment, **plist.get("EnvironmentVariables", {})},
            "folder": plist.get("WorkingDirectory", "/"),
            "user": user,
            "group": group,
            "umask": plist.get("Umask", 0o022),
            "limits": plist.get("HardResourceLimits", {}),
            "sockets": sockets,
            "output": plist["StandardErrorPath"],
            "throttle_s": plist.get("ThrottleInterval", 10) if throttle_s is None else throttle_s,
            "exit_timeout_s": plist.get("ExitTimeOut", 20),
            "restarts_for": lambda status: keep is True or (wants is not None and (status == 0) == wants),
        }

    def do_bootout(self, target):
        if target not in self.jobs:
            return fail(3, "Boot-out failed: 3: No such process")
        # launchd answers before the job has ended.
        self.jobs[target].leave()
        return 0, "", ""

    def do_kickstart(self, *arguments):
        target = arguments[-1]
        if target not in self.jobs:
            return fail(113, f'Could not find service "{target}"')
        self.jobs[target].start()
        return 0, "", ""

    def do_kill(self, name, target):
        if target not in self.jobs:
            return fail(113, f'Could not find service "{target}"')
        self.jobs[target].kill(getattr(signal, name))
        return 0, "", ""

    def do_enable(self, target):
        return 0, "", ""

    def do_print(self, target):
        if target.count("/") < (1 if target.startswith("system") else 2):
            return 0, f"{target} = {{\n}}\n", ""
        job = self.jobs.get(target)
        if job is None:
            return fail(113, f'Bad request.\nCould not find service "{target}"')
        status = "(never exited)" if job.last_status is None else max(job.last_status, 0)
        lines = [f"state = {'running' if job.pid else 'not running'}", f"last exit code = {status}"]
        if job.pid:
            lines.append(f"pid = {job.pid}")
        if job.last_status is not None and job.last_status < 0:
            lines.append(f"last terminating signal = {signal.strsignal(-job.last_status)}: {-job.last_status}")
        return 0, f"{target} = {{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n", ""
