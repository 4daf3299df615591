"""What the end-to-end tests share: nodes and the command as child processes, and a gRPC health watch without a gRPC library."""

import contextlib
import datetime
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TRIGPOINT_BIN_DIR", ROOT / "build/release/bin"))
POLICIES = ROOT / "deploy/policies"
READY_SECONDS = 60
COMMAND_SECONDS = 60


def now(days_ago=0.0):
    """An instant as events carry it, so many days before now."""
    instant = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_ago)
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """Polls until `condition` gives something true, and gives that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


class Result:
    """What a finished command printed and how it ended."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __str__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Node:
    """trigpoint-node on a data directory of its own; `within` goes before its command line."""

    def __init__(self, directory, *arguments, listen="127.0.0.1:0", policies=POLICIES, within=()):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.log = self.directory / "node.log"
        self.arguments = arguments
        self.listen = listen
        self.policies = policies
        self.within = within
        self.process = None
        self.address = None

    def command_line(self):
        line = [*self.within, str(BIN / "trigpoint-node"), "--data", str(self.data), "--listen", self.listen,
                "--policies", str(self.policies)]
        if "--metrics-listen" not in self.arguments:
            line += ["--metrics-listen", ""]
        return line + list(self.arguments)

    def start(self):
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command_line(), stdout=log, stderr=log)

        def port():
            if self.process.poll() is not None:
                raise AssertionError(f"the node ended with {self.process.returncode}: {self.printed()}")
            text = self.log.read_bytes()[before:].decode(errors="replace")
            return re.search(r'node_ready.*"port":(\d+).*\n', text)

        try:
            found = wait_until(port, READY_SECONDS, "node_ready")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.printed()}") from late
        host = self.listen.rsplit(":", 1)[0]
        self.address = self.listen if host == "unix" else f"{'127.0.0.1' if host == '0.0.0.0' else host}:{found.group(1)}"
        return self

    def run_to_its_end(self, seconds=30):
        """For a node that must refuse to start."""
        return Result(subprocess.run(self.command_line(), capture_output=True, text=True, timeout=seconds, check=False))

    def printed(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def terminate(self, seconds=30):
        """Gives the exit code and how long it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=seconds)
        return code, time.monotonic() - started

    def stop(self):
        """SIGKILL, where it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # ------------------------------------------------------------------------------------------ the command

    def environment(self, token=None):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRIGPOINT_")}
        kept["TRIGPOINT_SERVER"] = self.address or "127.0.0.1:1"
        kept["TRIGPOINT_POLICIES"] = str(POLICIES)
        if token is not None:
            kept["TRIGPOINT_TOKEN"] = token
        return kept

    def run(self, *arguments, stdin=None, token=None):
        """Runs `trigpoint ARGUMENTS` against this node."""
        return Result(subprocess.run([str(BIN / "trigpoint"), *map(str, arguments)], input=stdin, capture_output=True,
                                     text=True, env=self.environment(token), timeout=COMMAND_SECONDS, check=False))

    def submit(self, event, token=None):
        """Submits one event and gives its outcome, e.g. "ACCEPTED", with the result."""
        result = self.run("--json", "submit", stdin=json.dumps(event), token=token)
        if not result.out.strip():
            return None, result
        return result.json()["outcome"].removeprefix("SUBMISSION_OUTCOME_"), result


class EndToEnd(unittest.TestCase):
    """A test with a scratch directory and nodes that are gone at its end."""

    maxDiff = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="trigpoint_e2e_"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def node(self, *arguments, name="node", start=True, **more):
        made = Node(self.scratch / name, *arguments, **more)
        self.addCleanup(made.stop)
        return made.start() if start else made

    def register(self, node, value, token=None, **payload):
        event = {
            "source": "cqc/directory", "id": f"registration-{value}", "subject": f"cqc-location/{value}",
            "occurredAt": now(400),
            "serviceRegistered": {"name": f"House {value}", "serviceType": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30,
                                  "commissioners": ["herefordshire-council"], "localAuthority": "Herefordshire", **payload},
        }
        outcome, result = node.submit(event, token)
        self.assertEqual("ACCEPTED", outcome, result)
        return event

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=self.scratch, check=True, capture_output=True)

    def certificates(self):
        """Makes ca.pem, and node.pem with node.key for this machine, in the scratch directory."""
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "node.key",
                     "-out", "node.csr", "-subj", "/CN=localhost")
        (self.scratch / "san").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
        self.openssl("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", "2", "-extfile", "san", "-out", "node.pem")

    def assert_nowhere(self, secret, directory):
        """No file below the directory holds the bytes."""
        for path in pathlib.Path(directory).rglob("*"):
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes(), f"{secret!r} stands in {path}")


def incident(node_value, number, **more):
    """An incident at a care home, told by its provider."""
    event = {"source": "home/incidents", "id": f"incident-{number}", "subject": f"cqc-location/{node_value}",
             "occurredAt": now(3), "incidentReported": {"physicalHarm": "HARM_LOW"}}
    event.update(more)
    return event


class HealthWatch:
    """grpc.health.v1.Health/Watch over a plain HTTP/2 connection: gives SERVING (1) and NOT_SERVING (2) as they come.

    It answers the server's pings whether or not somebody waits for a status. With `answers` false it
    says nothing after its call, as a machine does that vanished from the network.
    """

    def __init__(self, address, answers=True):
        self.answers = answers
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self._frame(4, 0, 0, b""))
        headers = b"".join(self._literal(name, value) for name, value in (
            (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Watch"), (":authority", address),
            ("content-type", "application/grpc"), ("te", "trailers")))
        self.socket.sendall(self._frame(1, 4, 1, headers) + self._frame(0, 1, 1, struct.pack(">BI", 0, 0)))
        self.statuses = queue.Queue()  # What came, and last the error that ended it.
        threading.Thread(target=self._read, daemon=True).start()

    @staticmethod
    def _frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload

    @staticmethod
    def _literal(name, value):
        # HPACK: literal header field without indexing, new name.
        return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()

    def _take(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError("the server ended the connection")
            data += more
        return data

    def _read(self):
        data = b""
        try:
            while True:
                head = self._take(9)
                payload = self._take(struct.unpack(">I", b"\0" + head[:3])[0])
                if head[3] == 0:
                    data += payload
                    while len(data) >= 5 and len(data) >= (end := 5 + struct.unpack(">I", data[1:5])[0]):
                        message, data = data[5:end], data[end:]
                        self.statuses.put(message[1] if len(message) == 2 else 0)
                elif not self.answers:
                    continue
                elif head[3] == 4 and not head[4] & 1:
                    self.socket.sendall(self._frame(4, 1, 0, b""))
                elif head[3] == 6 and not head[4] & 1:
                    self.socket.sendall(self._frame(6, 1, 0, payload))
        except (EOFError, OSError) as error:
            self.statuses.put(error)

    def next(self):
        """The next status; EOFError or ConnectionError when the server ended the connection."""
        status = self.statuses.get(timeout=30)
        if isinstance(status, Exception):
            self.statuses.put(status)
            raise status
        return status

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # Ends the reading.
        self.socket.close()


class Lines:
    """The lines that a running child prints, with the time of each."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.lines = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line))

    def wait_for(self, condition, seconds, what):
        return wait_until(lambda: next((entry for entry in list(self.lines) if condition(entry[1])), None), seconds, what)

    def stop(self):
        """SIGINT; gives the exit code and what it said on its error stream."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        self.thread.join(timeout=5)
        self.process.stdout.close()
        with self.process.stderr as stream:
            said = stream.read()
        return self.process.returncode, said
