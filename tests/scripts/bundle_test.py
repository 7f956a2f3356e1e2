"""Packs the built program with tools/bundle and runs it elsewhere. usage: bundle_test.py PROGRAM"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(sys.argv.pop(1)).resolve())
OF_THE_C_LIBRARY = ("linux-vdso", "libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux")


class Bundle(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def bundle(self, *arguments):
        return subprocess.run([ROOT / "tools/bundle", *arguments], cwd=self.folder, capture_output=True, text=True)

    def unpacked(self):
        packed = self.bundle("--program", PROGRAM, "program.tar")
        self.assertEqual(packed.returncode, 0, packed.stderr)
        self.assertIn("packed program.tar", packed.stdout)
        subprocess.run(["tar", "xf", "program.tar"], cwd=self.folder, check=True)
        (self.folder / "program.tar").unlink()
        return self.folder / "helixsim"

    def run_there(self, *arguments):
        return subprocess.run([self.folder / "helixsim/helixsim", *arguments], cwd=self.folder, capture_output=True,
                              text=True, env={"PATH": "/usr/bin:/bin"})

    def test_the_program_finds_its_data_and_calibrates_as_the_built_one_does(self):
        self.unpacked()
        systems = self.run_there("list", "systems")
        self.assertEqual(systems.returncode, 0, systems.stderr)
        self.assertIn("gb200_nvl72", systems.stdout)
        here = subprocess.run([PROGRAM, "calibrate", "run", "--out", "a.jsonl", "--budget", "1"], cwd=self.folder,
                              capture_output=True, text=True)
        (self.folder / "a.jsonl").unlink(missing_ok=True)
        there = self.run_there("calibrate", "run", "--out", "a.jsonl", "--budget", "1")
        self.assertEqual(there.returncode, here.returncode)
        if here.returncode == 3:
            self.assertEqual(there.stderr, here.stderr)

    def test_every_library_but_the_c_library_is_in_the_archive(self):
        folder = self.unpacked()
        environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib")}
        linked = subprocess.run(["ldd", folder / "libexec/helixsim"], capture_output=True, text=True, check=True,
                                env=environment).stdout
        others = [line for line in linked.splitlines() if not line.strip().removeprefix("/lib64/").startswith(OF_THE_C_LIBRARY)]
        self.assertTrue(others)
        for line in others:
            self.assertIn(f" => {folder}/lib/", line)

    def test_mistakes_are_told_and_leave_nothing(self):
        for arguments, text in [(("--program", "nowhere", "x.tar"), "no program at nowhere"),
                                (("--program", PROGRAM, "x.zip"), "expected a name that ends in .tar"),
                                (("--program", PROGRAM, "a.tar", "b.tar"), "one archive at a time"),
                                (("--fast",), "unknown option --fast"), (("--program",), "--program needs a name")]:
            with self.subTest(arguments):
                told = self.bundle(*arguments)
                self.assertEqual(told.returncode, 2)
                self.assertIn(text, told.stderr)
                self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(self.bundle("--program", PROGRAM, "no/such/x.tar").returncode, 1)


if __name__ == "__main__":
    unittest.main()
