"""The double of launchctl and systemctl: service_call.py CONTROL_SOCKET PROGRAM ARGUMENT…"""

import json
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
    server.connect(sys.argv[1])
    with server.makefile("rw", encoding="utf8") as stream:
        stream.write(json.dumps(sys.argv[2:]) + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
sys.stdout.write(answer["out"])
sys.stderr.write(answer["error"])
sys.exit(answer["code"])
