"""Stands in for launchd and systemd: one process that keeps the services, told by the doubles of their two programs.
service_manager.py CONTROL_SOCKET '{"units": FOLDER, "home": FOLDER, "uid": N, "throttle_s": N or null, "record": FILE}'
A request is a line [PROGRAM, ARGUMENT, …] of JSON, the answer a line {"code", "out", "error"}."""

import json
import os
import signal
import socket
import sys
import time

from launchd_words import Launchd
from systemd_words import Systemd

TICK_S = 0.005


class Manager:
    def __init__(self, settings):
        self.settings = settings
        self.events = []
        self.programs = {"launchctl": Launchd(settings, self.events), "systemctl": Systemd(settings, self.events)}

    def answer(self, program, *arguments):
        if program == "events":
            return 0, json.dumps(self.events), ""
        with open(self.settings["record"], "a", encoding="utf8") as record:
            record.write(json.dumps([program, *arguments]) + "\n")
        failing = self.settings["record"] + ".fail"
        if os.path.exists(failing) and " ".join([program, *arguments]).startswith(open(failing).read().strip()):
            return 5, "", "told to fail\n"
        return self.programs[program].run(*arguments)

    def tick(self):
        for program in self.programs.values():
            program.tick()

    def close(self):
        for program in self.programs.values():
            for job in program.jobs.values():
                if job.pid:
                    os.killpg(job.pid, signal.SIGKILL)
                job.close()


def serve(control, manager):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(control)
    listener.listen(16)
    listener.settimeout(TICK_S)
    print("ready", flush=True)
    # The test's end closes standard input.
    os.set_blocking(0, False)
    while os.getppid() != 1 and sys.stdin.buffer.raw.read(1) is None:
        manager.tick()
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        client.settimeout(5)
        with client, client.makefile("rw", encoding="utf8") as stream:
            code, out, error = manager.answer(*json.loads(stream.readline()))
            stream.write(json.dumps({"code": code, "out": out, "error": error}) + "\n")
    manager.close()


if __name__ == "__main__":
    manager_settings = json.loads(sys.argv[2])
    manager_settings["boot"] = time.time()
    serve(sys.argv[1], Manager(manager_settings))
