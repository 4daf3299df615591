"""What deploy/ starts is what the programs take: the image's packages hold every library, and each configuration is right."""

import functools
import os
import re
import shutil
import subprocess
import sys
import unittest

from harness import BIN, POLICIES, ROOT, EndToEnd

sys.path.append(str(ROOT / "build/pip/deploy"))  # Where tools/install_packages puts it, unless this machine has one.
try:
    import yaml
except ImportError:
    yaml = None

PROGRAMS = ("trigpoint", "trigpoint-node")
NOT_LINKED = {"ca-certificates", "librdkafka1"}  # Authorities that webhooks trust; a node without Kafka drops the other.
CONTAINERFILE = ROOT / "deploy/container/Containerfile"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def last_stage():
    return CONTAINERFILE.read_text(encoding="utf-8").rsplit("\nFROM ", 1)[1]


def listed_packages():
    """What the stage `node` installs by name."""
    return set(re.search(r"--no-install-recommends \\\n(.*?) \\\n *&&", last_stage(), re.DOTALL).group(1).replace("\\", "").split())


@functools.lru_cache(maxsize=None)
def depends_on(package):
    """The installed packages that a package needs directly; of alternatives those that are installed."""
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Pre-Depends}, ${Depends}", package],
                           capture_output=True, text=True, check=False).stdout
    if not shown.startswith("installed "):
        return frozenset()
    return frozenset(re.findall(r"[a-z0-9][a-z0-9+.-]+", re.sub(r"\([^)]*\)|:any", "", shown.partition(" ")[2])))


def closure(packages):
    found, waiting = set(), set(packages)
    while waiting:
        package = waiting.pop()
        if package not in found:
            found.add(package)
            waiting |= depends_on(package)
    return found


def packages_of(libraries):
    """The package of each library. dpkg knows a library by the path that its package has it at, before /lib became a link."""
    paths = {}
    for library in libraries:
        real = os.path.realpath(library)
        for path in (library, real, library.removeprefix("/usr"), real.removeprefix("/usr")):
            paths[path] = library
    shown = subprocess.run(["dpkg-query", "-S", *paths], capture_output=True, text=True, check=False).stdout
    found = {paths[path]: package for package, path in re.findall(r"^([^:,\s]+)(?::\w+)?: (.*)$", shown, re.MULTILINE)}
    assert set(libraries) == set(found), f"no package has {set(libraries) - set(found)}"
    return found


class ContainerTest(EndToEnd):
    @unittest.skipUnless(shutil.which("dpkg-query") and shutil.which("objdump"), "needs dpkg-query and objdump")
    def test_the_image_has_every_library_that_the_programs_need(self):
        where, direct = {}, set()
        for program in PROGRAMS:
            where |= dict(re.findall(r"(\S+) => (/\S+)", output_of("ldd", str(BIN / program))))
            direct |= set(re.findall(r"NEEDED\s+(\S+)", output_of("objdump", "-p", str(BIN / program))))
        package = packages_of(set(where.values()))
        listed = listed_packages()
        self.assertEqual(set(), set(package.values()) - closure(listed), "not in the image")
        # Each is there for its own sake: nothing stays in the image that the programs have outgrown.
        linked = {package[where[name]] for name in direct if name in where}
        self.assertEqual(set(), listed - linked - NOT_LINKED, "nothing links them")

    @unittest.skipIf(yaml is None, "PyYAML is not there (tools/install_packages --tests fetches it to build/pip)")
    def test_every_configuration_is_one_that_the_node_takes(self):
        known = set(re.findall(r"^#? ?(\w+):", output_of(str(BIN / "trigpoint-node"), "--print-default-config"), re.MULTILINE))
        compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))
        environments = [(name, ROOT / "deploy/compose/node.yaml", service["environment"])
                        for name, service in compose["services"].items() if service.get("image", "").startswith("trigpoint:")]
        for file in ("keys", "projector", "front", "notify"):
            text = (ROOT / f"deploy/kubernetes/{file}.yaml").read_text(encoding="utf-8")
            pod = yaml.safe_load(text)["spec"]["template"]["spec"]
            environments += [(container["name"], ROOT / "deploy/kubernetes/node.yaml",
                              {one["name"]: one.get("value", "pod-0") for one in container["env"]})
                             for container in pod["containers"] if container["image"] == "trigpoint"]
        self.assertEqual(8 + 5, len(environments))
        if "roles" not in known:
            self.skipTest("this node knows no roles")
        members = set()
        for name, file, environment in environments:
            values = {key: value.replace("$(POD)", f"{name}-0") for key, value in environment.items()}
            clean = {key: value for key, value in os.environ.items() if not key.startswith("TRIGPOINT_")}
            checked = subprocess.run([str(BIN / "trigpoint-node"), "--config", str(file), "--policies", str(POLICIES),
                                      "--check-config"], env={**clean, **values}, capture_output=True, text=True, check=False)
            self.assertEqual((0, ""), (checked.returncode, checked.stderr), name)
            members.add((file, values["TRIGPOINT_NODE_MEMBER"]))
        self.assertEqual(len(environments), len(members), "a member name stands twice")

    @unittest.skipIf(yaml is None, "PyYAML is not there (tools/install_packages --tests fetches it to build/pip)")
    def test_a_node_runs_as_the_image_says(self):
        user = re.search(r"^USER (\d+):(\d+)$", last_stage(), re.MULTILINE)
        self.assertEqual(("10001", "10001"), user.groups())
        compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))
        for name, service in compose["services"].items():
            if service["image"].startswith("trigpoint"):
                self.assertTrue(service["read_only"] and service["cap_drop"] == ["ALL"], name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
