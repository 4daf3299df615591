"""The unit of deploy/systemd under a real systemd: process 1 of namespaces of its own, over a copy-on-write view of this machine."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from answers_test import principals
from harness import BIN, POLICIES, ROOT, EndToEnd, Result, wait_until

SYSTEMD = pathlib.Path("/lib/systemd/systemd")
UNIT = "trigpoint-node.service"
PORT = 7447
# Nothing of it is seen outside: what is written goes to memory, and its control groups are below one of this process.
BOOT = """
set -e
mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root" && root="$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc" && mount -t sysfs -o ro sysfs "$root/sys" && mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run" && mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup" && mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
rm -f "$root"/etc/systemd/system/*.wants/*
cp -a "$2/." "$root/"
ip link set lo up
mkdir "$root/before" && cd "$root" && pivot_root . before && umount -l before
mount --make-rshared /
exec env -i container=other /lib/systemd/systemd --unit=basic.target --show-status=false
"""


def missing():
    """Why no systemd can be process 1 here; empty: it can."""
    if os.geteuid() != 0:
        return "only root can start a systemd in namespaces of its own"
    if not SYSTEMD.exists() or not shutil.which("unshare") or not shutil.which("ip"):
        return "no systemd, unshare or ip on this machine"
    if not pathlib.Path("/sys/fs/cgroup/systemd").is_dir():
        return "no control group hierarchy of systemd's (version 1) on this machine"
    return ""


class Machine:
    """A systemd as process 1; `files` is a directory that is laid over this machine's root."""

    def __init__(self, scratch, files):
        self.group = pathlib.Path(f"/sys/fs/cgroup/systemd/trigpoint-{os.getpid()}")
        self.group.mkdir()
        top = scratch / "machine"
        top.mkdir()
        self.console = (scratch / "console").open("wb")
        self.within = subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"', "sh", str(self.group), "unshare", "--mount", "--pid",
             "--fork", "--kill-child", "--net", "--uts", "--ipc", "--cgroup", "--propagation", "private", "sh", "-c", BOOT, "sh", str(top),
             str(files)], stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        self.first = None

    def start(self):
        def first():
            children = pathlib.Path(f"/proc/{self.within.pid}/task/{self.within.pid}/children").read_text(encoding="ascii").split()
            return children[0] if children else None

        self.first = wait_until(first, 30, "the first process")
        wait_until(lambda: self.run("systemctl", "is-active", "basic.target").out == "active\n", 60, "basic.target")
        return self

    def run(self, *command):
        """Runs a command of that machine."""
        return Result(subprocess.run(["nsenter", "-t", self.first, "-a", "-r", "-w", *map(str, command)], capture_output=True, text=True,
                                     timeout=120, check=False))

    def show(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, UNIT).out.strip()

    def journal(self):
        return self.run("journalctl", "-u", UNIT, "-o", "cat").out

    def signal_node(self, number):
        """Of the node, which has another number outside."""
        self.run("kill", f"-{number}", self.show("MainPID"))

    def end(self):
        self.within.kill()  # And with it, as --kill-child says, all of its namespace.
        self.within.wait()
        self.console.close()

        def gone():
            try:
                for directory, _, _ in os.walk(self.group, topdown=False):
                    os.rmdir(directory)
                return True
            except OSError:
                return False

        wait_until(gone, 30, "the end of its control groups")


class SystemdTest(EndToEnd):
    @unittest.skipIf(missing(), missing())
    def test_the_unit_starts_reloads_recovers_and_ends(self):
        files = self.installed()
        machine = Machine(self.scratch, files)
        self.addCleanup(machine.end)
        machine.start()
        started = machine.run("systemctl", "start", UNIT)
        self.assertEqual(0, started.code, f"{started}\n{machine.journal()}")
        self.assertEqual("active", machine.show("ActiveState"))
        # `start` came back when calls were served, and not before.
        self.assertEqual(0, self.ask(machine).code)
        node = machine.show("MainPID")
        self.assertNotIn("root", machine.run("ps", "-o", "user=", "-p", node).out)
        self.assertEqual("0000000000000000", re.search(r"CapEff:\s*(\w+)", machine.run("cat", f"/proc/{node}/status").out).group(1))

        self.assertEqual(0, machine.run("systemctl", "reload", UNIT).code)
        wait_until(lambda: "policies_reloaded" in machine.journal(), 30, "policies_reloaded")
        self.assertEqual(node, machine.show("MainPID"))

        # Killed, then stopped so that it says nothing: each time another process serves what the first one stored.
        registered = machine.run("sh", "-c", f"TRIGPOINT_TOKEN=writer {self.command()} submit /etc/trigpoint/service.json")
        self.assertEqual(0, registered.code, registered)
        for number, times in ((signal.SIGKILL, 1), (signal.SIGSTOP, 2)):
            machine.signal_node(int(number))
            wait_until(lambda times=times: machine.show("NRestarts") == str(times) and machine.show("ActiveState") == "active", 60,
                       f"start {times + 1}")
            self.assertIn("House 1-1", self.ask(machine).out)
        self.assertIn("watchdog", machine.journal().lower())

        self.assertEqual(0, machine.run("systemctl", "stop", UNIT).code)
        self.assertEqual(("inactive", "success"), (machine.show("ActiveState"), machine.show("Result")), machine.journal())

    @unittest.skipIf(missing(), missing())
    def test_a_wrong_configuration_is_given_up_after_five_starts(self):
        files = self.installed(configuration="listen: 0.0.0.0:7447\nlissten: 1\n")
        machine = Machine(self.scratch, files)
        self.addCleanup(machine.end)
        machine.start()
        self.assertNotEqual(0, machine.run("systemctl", "start", UNIT).code)
        wait_until(lambda: machine.show("ActiveState") == "failed", 120, "the end of the starts")
        self.assertEqual("5", machine.show("NRestarts"))
        self.assertIn("lissten", machine.journal())

    def command(self):
        return f"/usr/bin/trigpoint --server 127.0.0.1:{PORT} --ca /etc/trigpoint/tls/ca.pem"

    def ask(self, machine):
        return machine.run("sh", "-c", f"TRIGPOINT_TOKEN=reader {self.command()} providers")

    def installed(self, configuration=f"listen: 0.0.0.0:{PORT}\nmetrics_listen: ''\n"):
        """What docs/operations.md, "Install" and "Under systemd", put in their places."""
        self.certificates()
        files = self.scratch / "files"
        for directory in ("usr/bin", "usr/share/trigpoint/policies", "etc/trigpoint/tls", f"etc/systemd/system/{UNIT}.d"):
            (files / directory).mkdir(parents=True)
        for program in ("trigpoint", "trigpoint-node"):
            shutil.copy(BIN / program, files / "usr/bin")
        for policy in pathlib.Path(POLICIES).glob("*.yaml"):
            shutil.copy(policy, files / "usr/share/trigpoint/policies")
        shutil.copy(ROOT / "deploy/systemd" / UNIT, files / "etc/systemd/system")
        # Of the unit's own times only these are changed, so that the test need not wait them out.
        (files / f"etc/systemd/system/{UNIT}.d/soon.conf").write_text("[Service]\nWatchdogSec=3\nRestartSec=200ms\n", encoding="utf-8")
        (files / "etc/trigpoint/node.yaml").write_text(configuration, encoding="utf-8")
        principals(files / "etc/trigpoint/principals.yaml",
                   ("reader", "herefordshire-council", ["QUALITY_READER"], [], "C2"),
                   ("writer", "cqc", ["PARTNER"], ["cqc/directory"], "C2"))
        for name in ("node.pem", "node.key", "ca.pem"):
            shutil.copy(self.scratch / name, files / "etc/trigpoint/tls")
        (files / "etc/trigpoint/service.json").write_text(
            '{"source": "cqc/directory", "id": "1", "subject": "cqc-location/1-1", "occurredAt": "2026-01-01T00:00:00Z", '
            '"serviceRegistered": {"name": "House 1-1", "serviceType": "SERVICE_TYPE_CARE_HOME_NURSING", "beds": 30}}\n', encoding="utf-8")
        for path in files.rglob("*"):
            os.chown(path, 0, 0)
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        for path in ("principals.yaml", "tls/node.pem", "tls/node.key"):
            (files / "etc/trigpoint" / path).chmod(0o600)
        return files


if __name__ == "__main__":
    unittest.main(verbosity=2)
