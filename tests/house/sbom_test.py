"""tools/sbom names what a program links, with versions and licences, and writes the same bytes each time."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("sbom", str(ROOT / "tools" / "sbom"))
spec = importlib.util.spec_from_loader("sbom", loader)
sbom = importlib.util.module_from_spec(spec)
loader.exec_module(sbom)

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"


class Licences(unittest.TestCase):
    def test_the_licence_is_that_of_the_main_files(self):
        text = FORMAT + "Files: debian/*\nLicense: GPL-2+\n\nFiles: *\nCopyright: x\nLicense: Expat\n text of it\n"
        self.assertEqual(sbom.licence_of(text), "Expat")

    def test_without_main_files_it_is_the_first(self):
        self.assertEqual(sbom.licence_of(FORMAT + "Files: a b\nLicense: Zlib\n\nFiles: c\nLicense: ISC\n"), "Zlib")

    def test_a_file_in_prose_gives_none(self):
        self.assertIsNone(sbom.licence_of("This package was debianised by somebody.\nLicense: free\n"))

    def test_spdx_where_every_part_has_an_id_else_the_name(self):
        self.assertEqual(sbom.licences("Expat"), [{"license": {"id": "MIT"}}])
        self.assertEqual(sbom.licences("GPL-2 or Apache-2.0"), [{"expression": "GPL-2.0-only OR Apache-2.0"}])
        self.assertEqual(sbom.licences("Expat with an exception"), [{"license": {"name": "Expat with an exception"}}])


@unittest.skipUnless(shutil.which("dpkg-query") and shutil.which("ldd"), "needs dpkg-query and ldd")
class Bill(unittest.TestCase):
    def build(self, directory):
        (directory / "bin").mkdir()
        for name in sbom.PROGRAMS:
            shutil.copy("/bin/true", directory / "bin" / name)
        (directory / "CMakeCache.txt").write_text("CMAKE_PROJECT_VERSION:STATIC=1.2.3\n", encoding="utf-8")

    def run_on(self, directory, **environment):
        clean = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
        command = [sys.executable, str(ROOT / "tools" / "sbom"), str(directory)]
        return subprocess.run(command, capture_output=True, text=True, env={**clean, **environment}, check=False)

    def test_a_program_names_its_libraries_the_same_each_time(self):
        with tempfile.TemporaryDirectory() as scratch:
            self.build(pathlib.Path(scratch))
            first, second = self.run_on(scratch), self.run_on(scratch)
            dated = self.run_on(scratch, SOURCE_DATE_EPOCH="0")
        self.assertEqual((first.returncode, first.stdout), (0, second.stdout), first.stderr)
        bill = json.loads(first.stdout)
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        self.assertNotIn("timestamp", bill["metadata"])
        self.assertEqual(json.loads(dated.stdout)["metadata"]["timestamp"], "1970-01-01T00:00:00Z")
        components = {made["name"]: made for made in bill["components"]}
        self.assertEqual(components["trigpoint-node"]["version"], "1.2.3")
        libc = components["libc6"]
        self.assertTrue(libc["purl"].startswith("pkg:deb/debian/libc6@"))
        needed = next(entry for entry in bill["dependencies"] if entry["ref"] == "trigpoint")
        self.assertIn(libc["bom-ref"], needed["dependsOn"])

    def test_a_build_that_is_not_there_is_refused(self):
        with tempfile.TemporaryDirectory() as scratch:
            refused = self.run_on(scratch)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("build it first", refused.stderr)


if __name__ == "__main__":
    unittest.main()
