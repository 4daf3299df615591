"""Both sides of the comparison with Kafka Streams as child processes, and what /proc says of them."""

import contextlib
import hashlib
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BIN = pathlib.Path(os.environ.get("TRIGPOINT_BIN_DIR", ROOT / "build/release/bin"))
BUILD = ROOT / "build/peers"
PARTITIONS = 8  # And the control partition.
SERVICES = 20_000
PROTOS = ("events", "actions", "intelligence", "obligations", "options", "policy", "values")


class Failed(Exception):
    """A side ended, or did not get there in time; the text names its log."""


# ---- Java: what is fetched, and what is compiled


def fetch(to):
    subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime",
                    f"-DoutputDirectory={to}"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def checksums(directory):
    """As sha256sum prints them."""
    return "".join(f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in sorted(directory.glob("*.jar")))


def java_missing():
    return [program for program in ("java", "javac", "mvn", "protoc") if shutil.which(program) is None]


def libraries():
    """The jars that sha256sums pins, and no other byte."""
    pinned = (HERE / "sha256sums").read_text(encoding="utf-8")
    lib = BUILD / "lib"
    if checksums(lib) != pinned:
        shutil.rmtree(lib, ignore_errors=True)
        fetch(lib)
    if checksums(lib) != pinned:
        raise Failed(f"what Maven brought to {lib} is not what {HERE}/sha256sums pins")
    return lib


def compile_java():
    """The class path of the Kafka Streams side; compiled once for the same sources."""
    lib = libraries()
    protos = [ROOT / "proto/trigpoint/v1" / f"{name}.proto" for name in PROTOS]
    sources = sorted((HERE / "src").glob("*.java"))
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in protos + sources)).hexdigest()
    classes = BUILD / "classes"
    path = f"{classes}:{lib}/*"
    if (classes / mark).exists():
        return path
    shutil.rmtree(classes, ignore_errors=True)
    generated = BUILD / "generated"
    shutil.rmtree(generated, ignore_errors=True)
    generated.mkdir(parents=True)
    subprocess.run(["protoc", "-I", str(ROOT / "proto"), f"--java_out={generated}", *map(str, protos)], check=True)
    subprocess.run(["javac", "-nowarn", "-d", str(classes), "-cp", f"{lib}/*", *map(str, generated.rglob("*.java")), *map(str, sources)],
                   check=True)
    (classes / mark).touch()
    return path


# ---- what a process used


def usage(pid):
    """CPU seconds, bytes that it gave to the disk, and the most memory that it had so far (MiB)."""
    proc = pathlib.Path(f"/proc/{pid}")
    ticks = (proc / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    written = [line for line in (proc / "io").read_text(encoding="utf-8").splitlines() if line.startswith("write_bytes")]
    peak = [line for line in (proc / "status").read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
    return {"cpu": (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"), "written": int(written[0].split()[1]),
            "peak": int(peak[0].split()[1]) / 1024}


# ---- topics


class Topic:
    """An input topic with its output, filled with the same bytes each time."""

    def __init__(self, brokers, name, reports):
        self.brokers, self.name, self.output, self.reports = brokers, name, f"{name}.derived", reports
        self.appended = reports
        tool("fill", brokers, name, self.output, SERVICES, reports)

    def records(self):
        """How many a first fold reads: a policy in each partition, the services, the reports."""
        return PARTITIONS + 1 + SERVICES + self.reports

    def append(self, count):
        """More reports, behind the others."""
        tool("append", self.brokers, self.name, SERVICES, self.reports, self.appended, count)
        self.appended += count

    def derived(self):
        return json.loads(tool("derived", self.brokers, self.output))


def tool(*words):
    done = subprocess.run([str(BIN / "trigpoint-peer-bench"), *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"trigpoint-peer-bench {words[0]}: {done.stderr}")
    return done.stdout


# ---- sides


class Side:
    """One program that folds a topic, started as often as wanted over one directory."""

    def __init__(self, name, topic, directory):
        self.name, self.topic, self.directory = name, topic, directory
        self.log = directory.parent / f"{directory.name}.log"
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process, self.lines, self.started = None, None, 0.0

    def command(self):
        raise NotImplementedError

    def start(self):
        self.lines = queue.Queue()
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True).start()
        return self

    def _read(self, stream, lines):
        with stream, self.log.open("a", encoding="utf-8") as log:
            for line in stream:
                lines.put((time.monotonic(), line))
                log.write(line)
                log.flush()
        lines.put((time.monotonic(), None))

    def wait_for(self, at, seconds=300):
        """The line that says so, with the seconds since the start as "after"."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                moment, line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.name}: not {at!r} within {seconds} s ({self.log})") from None
            if line is None:
                raise Failed(f"{self.name}: ended before {at!r} ({self.log})")
            said = self.understood(line)
            if said and said["at"] == at:
                return {**said, "after": moment - self.started}

    @staticmethod
    def understood(line):
        return json.loads(line) if line.startswith('{"at"') else None

    def ask(self, command, at):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self.wait_for(at)

    def first(self):
        """Waits for the first record."""
        return self.wait_for("first")

    def half(self):
        """Waits until half is folded; gives what the process has used by then."""
        return {**self.wait_for("half", 600), **usage(self.process.pid)}

    def folded(self, seconds=180):
        return self.wait_for("folded", seconds)

    def settle(self):
        """Waits until all that the fold brought about is durable."""
        return self.ask("close", "closed")

    def states(self):
        """Digest of all states; None where they are others by design."""
        return self.ask("digest", "digest")["states"]

    def end(self):
        """Ends a settled process."""
        self.process.stdin.close()
        self.process.wait(timeout=120)

    def kill(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def forget(self):
        """Removes what it has on its disk."""
        shutil.rmtree(self.directory)
        self.directory.mkdir()


class Streams(Side):
    """Kafka Streams; settings: default or tuned."""

    heaps = {"default": 1024, "tuned": 256}

    def __init__(self, topic, directory, settings, guarantee, heap=None):
        super().__init__(f"Kafka Streams, {settings}, {guarantee}", topic, directory)
        self.settings, self.guarantee = settings, guarantee
        self.heap = heap or self.heaps[settings]
        self.classes = compile_java()

    def command(self):
        collector = ["-XX:+UseSerialGC"] if self.settings == "tuned" else []
        return ["java", f"-Xmx{self.heap}m", "-XX:+ExitOnOutOfMemoryError", *collector, f"-Dlog4j.configuration=file:{HERE / 'log4j.properties'}",
                "-cp", self.classes, "Peer", self.topic.brokers, self.topic.name, self.topic.output, str(self.directory), self.settings,
                self.guarantee]


class Engine(Side):
    """Log, store and derived records of our engine, with the small fold."""

    def __init__(self, topic, directory):
        super().__init__("our engine, the small fold", topic, directory)

    def command(self):
        return [str(BIN / "trigpoint-peer-bench"), "fold", self.topic.brokers, self.topic.name, self.topic.output, str(self.directory)]


class Raw(Side):
    """librdkafka alone reads the topic."""

    def __init__(self, topic, directory):
        super().__init__("raw librdkafka", topic, directory)

    def command(self):
        return [str(BIN / "trigpoint-peer-bench"), "raw", self.topic.brokers, self.topic.name]

    def half(self):
        return None

    def states(self):
        return None

    def settle(self):
        return {}


class Product(Side):
    """trigpoint-node as a projector, with everything that the product does with an event, and one policy. It counts until it has folded all there
    is and is ready; what it then does as the one that speaks (to services that no feed tells of any more, for one) is not part of it."""

    def __init__(self, topic, directory):
        super().__init__("the product", topic, directory)
        self.policies = directory.parent / "policies"
        self.policies.mkdir()
        shutil.copy(ROOT / "deploy/policies/herefordshire.yaml", self.policies)

    def command(self):
        return [str(BIN / "trigpoint-node"), "--data", str(self.directory), "--listen", "127.0.0.1:0", "--metrics-listen", "", "--log", "kafka",
                "--kafka-brokers", self.topic.brokers, "--kafka-topic", self.topic.name, "--kafka-single-broker", "true", "--partitions",
                str(PARTITIONS), "--member", "peer", "--roles", "projector,keys", "--policies", str(self.policies)]

    @staticmethod
    def understood(line):
        return {"at": "folded"} if "node_ready" in line else None

    def first(self):
        return {"after": 0.0}

    def half(self):
        return None

    def settle(self):
        """Its store is committed when it is ready."""
        return {}

    def states(self):
        return None

    def end(self):
        self.process.terminate()
        super().end()

    def forget(self):
        """The store alone: keys are no fold."""
        for store in self.directory.glob("store*"):
            if store.is_dir():
                shutil.rmtree(store)
            else:
                store.unlink()
