"""Callers of the API in other languages, each a child process, and what their calls came to.

A caller reads one JSON object a line. `{"id": 1, "call": "trigpoint.v1.ProviderService/GetProvider", "request": {...}}` begins a
call, with `token` and `timeout` (seconds) where they are meant; without `request` the caller streams: `{"id": 1, "send": {...}}`
for each message, then `{"id": 1, "close": true}`. `{"id": 1, "cancel": true}` ends a call early. It prints `{"id": 1, "message":
{...}}` for each message and at the end `{"id": 1, "end": {"code": "NOT_FOUND", "message": ..., "status": ...}}`, where `status` is
the google.rpc.Status of the call with its details. Messages are the JSON of Protobuf with the names of the .proto files.
"""

import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
PROTO = ROOT / "proto"
NODE_MODULES = ROOT / "build/npm/client/node_modules"
HOW_TO_GET = "tools/install_packages --tests gets it"
SECONDS = 60


class Missing(Exception):
    """A caller cannot run here; says what is missing."""


def python_command(scratch):
    """What starts the caller, and what its environment needs: grpcio with stubs that protoc makes here."""
    pythons = [python for python in (sys.executable, "/usr/bin/python3") if python and os.path.exists(python)]
    works = [python for python in pythons
             if subprocess.run([python, "-c", "import grpc, google.protobuf"], capture_output=True, check=False).returncode == 0]
    plugin = shutil.which("grpc_python_plugin")
    if not works or plugin is None:
        raise Missing(f"python3-grpcio or grpc_python_plugin is missing: {HOW_TO_GET}")
    stubs = scratch / "stubs"
    stubs.mkdir()
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    subprocess.run(["protoc", "-I", str(PROTO), f"--plugin=protoc-gen-grpc_python={plugin}", f"--python_out={stubs}",
                    f"--grpc_python_out={stubs}", *files], check=True, cwd=PROTO)
    return [works[0], "-B", str(HERE / "python/client.py"), str(stubs)], {}


def node_command(_scratch):
    """The same for @grpc/grpc-js, which reads the .proto files as it runs."""
    node = shutil.which("node")
    if node is None or not (NODE_MODULES / "@grpc/grpc-js").is_dir():
        raise Missing(f"Node.js with @grpc/grpc-js is missing: {HOW_TO_GET}")
    return [node, str(HERE / "node/client.js"), str(PROTO)], {"NODE_PATH": str(NODE_MODULES)}


class Ended:
    """How a call ended."""

    def __init__(self, line):
        self.code = line["code"]
        self.message = line.get("message")
        self.status = line.get("status") or {}
        self.details = self.status.get("details", [])

    def detail(self, name):
        """The detail of type google.rpc.NAME; an empty one where there is none."""
        return next((one for one in self.details if one["@type"].endswith("/google.rpc." + name)), {})

    @property
    def reason(self):
        return self.detail("ErrorInfo").get("reason")

    @property
    def fields(self):
        """Fields of a BadRequest, in order."""
        return [violation["field"] for violation in self.detail("BadRequest").get("field_violations", [])]

    def flaws(self):
        """What an error of this API must carry and this one does not."""
        codes = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
                 "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
                 "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"]
        found = []
        if not self.status:
            return ["no google.rpc.Status"]
        if codes[self.status["code"]] != self.code or self.status["message"] != self.message:
            found.append("a google.rpc.Status that says something else")
        types = [one["@type"] for one in self.details]
        if len(types) != len(set(types)):
            found.append("a type of detail twice")
        info = self.detail("ErrorInfo")
        if info.get("domain") != "trigpoint" or not re.fullmatch(r"[A-Z][A-Z0-9_]{1,61}[A-Z0-9]", info.get("reason", "")):
            found.append("no ErrorInfo with domain and reason")
        if self.code == "INVALID_ARGUMENT":
            violations = self.detail("BadRequest").get("field_violations", [])
            if not violations:
                found.append("no BadRequest")
            for violation in violations:
                if not violation.get("field") or not re.search(r"\[[A-Z][A-Z0-9_]+\]$", violation.get("description", "")):
                    found.append("a violation without its field or rule")
        return sorted(set(found))

    def __str__(self):
        return json.dumps({"code": self.code, "message": self.message, "status": self.status}, indent=1)


class Call:
    """One call under way."""

    def __init__(self, caller, number):
        self.caller = caller
        self.number = number
        self.came = queue.Queue()

    def send(self, message):
        self.caller.write({"id": self.number, "send": message})

    def close(self):
        self.caller.write({"id": self.number, "close": True})

    def cancel(self):
        self.caller.write({"id": self.number, "cancel": True})

    def next(self):
        """The next message, or `Ended`."""
        line = self.came.get(timeout=SECONDS)
        return line["message"] if "message" in line else Ended(line["end"])

    def rest(self):
        """Every message up to the end, and how it ended."""
        messages = []
        while not isinstance(one := self.next(), Ended):
            messages.append(one)
        return messages, one


class Caller:
    """A child process that calls a node."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.calls = {}
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for text in self.process.stdout:
            line = json.loads(text)
            self.calls[line["id"]].came.put(line)
        for call in list(self.calls.values()):
            call.came.put({"end": {"code": "CALLER_ENDED", "message": "the caller itself ended: see its error stream"}})

    def write(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def begin(self, method, request=None, **more):
        """A call of trigpoint.v1.METHOD, or of the method as it stands where it names its package."""
        call = Call(self, len(self.calls) + 1)
        self.calls[call.number] = call
        line = {"id": call.number, "call": method if method.startswith("grpc.") else "trigpoint.v1." + method, **more}
        if request is not None:
            line["request"] = request
        self.write(line)
        return call

    def call(self, method, request, **more):
        """A unary call: its answer, or how it failed."""
        messages, ended = self.begin(method, request, **more).rest()
        return messages[0] if ended.code == "OK" else ended

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=SECONDS)
        self.thread.join(timeout=SECONDS)
        self.process.stdout.close()
