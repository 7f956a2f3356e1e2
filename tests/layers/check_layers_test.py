"""Plants wrong includes and expects tools/check_layers.py to name them. Run with the path of a layers.txt."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None

SMALL = "low|a/low|\nmid|a/mid|low\nside|a/mid/side|low\nhigh|b|mid\n"
FILES = ["a/low/x.hpp", "a/mid/x.hpp", "a/mid/side/x.hpp", "b/x.hpp", "other/x.hpp"]
FILES += ["tests/support/x.hpp", "tests/low/x.hpp", "tests/mid/x.hpp"]


def run_check(root, table):
    command = [sys.executable, ROOT / "tools/check_layers.py", table, "--root", root]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Planted(unittest.TestCase):
    def setUp(self):
        self.start_afresh()

    def start_afresh(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def check_small(self, path, include):
        for file in FILES:
            self.write(file, "#pragma once\n")
        self.write("layers.txt", SMALL)
        self.write(path, f"#pragma once\n\n#include {include}\n")
        return run_check(self.root, self.root / "layers.txt")

    def expect_fine(self, path, include):
        result = self.check_small(path, include)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertIn("files checked, 0 violations", result.stdout)

    def expect_violation(self, path, include, words):
        result = self.check_small(path, include)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(f"{path}:3: ", result.stdout)
        self.assertIn(words, result.stdout)

    def test_down_and_own_floor_are_fine(self):
        for path, include in [
            ("a/mid/y.cpp", '"a/low/x.hpp"'),
            ("a/mid/y.cpp", '"a/mid/x.hpp"'),
            ("a/mid/y.cpp", '"x.hpp"'),
            ("b/y.cpp", '"a/low/x.hpp"'),  # through mid
            ("a/low/y.cpp", "<vector>"),
            ("a/low/y.cpp", "<nlohmann/json.hpp>"),
            ("a/low/y.hpp", "<nlohmann/json_fwd.hpp>"),
            ("tests/mid/y.cpp", '"a/low/x.hpp"'),
            ("tests/mid/y.cpp", '"tests/support/x.hpp"'),
            ("tests/mid/y.cpp", '"tests/mid/x.hpp"'),
            ("tests/mid/y.cpp", '"tests/low/x.hpp"'),
            ("tests/cli/y.cpp", '"b/x.hpp"'),  # not the tests of one floor
        ]:
            with self.subTest(path=path, include=include):
                self.start_afresh()
                self.expect_fine(path, include)

    def test_wrong_includes_are_named(self):
        for path, include, words in [
            ("a/low/y.cpp", '"a/mid/x.hpp"', "mid is not below it"),
            ("a/low/y.cpp", "<a/mid/x.hpp>", "mid is not below it"),
            ("a/low/y.cpp", '"../mid/x.hpp"', "mid is not below it"),
            ("a/mid/y.cpp", '"a/mid/side/x.hpp"', "side is not below it"),  # the longest folder decides
            ("a/mid/side/y.cpp", '"a/mid/x.hpp"', "mid is not below it"),
            ("a/low/y.cpp", '"other/x.hpp"', "on no floor below it"),
            ("a/low/y.cpp", '"tests/support/x.hpp"', "on no floor below it"),
            ("a/low/y.cpp", '"nowhere.hpp"', "is not a file of the project"),
            ("a/low/y.hpp", "<nlohmann/json.hpp>", "belongs in a .cpp file"),
            ("a/low/y.hpp", "<boost/graph/adjacency_list.hpp>", "belongs in a .cpp file"),
            ("tests/low/y.cpp", '"tests/mid/x.hpp"', "on no floor below it"),
            ("tests/mid/y.cpp", '"b/x.hpp"', "high is not below it"),
        ]:
            with self.subTest(path=path, include=include):
                self.start_afresh()
                self.expect_violation(path, include, words)

    def test_a_table_with_an_unknown_floor_is_refused(self):
        self.write("layers.txt", "low|a/low|cellar\n")
        result = run_check(self.root, self.root / "layers.txt")
        self.assertEqual((result.returncode, result.stderr), (1, "check_layers: no such floor: cellar\n"))

    @unittest.skipUnless(LAYERS, "no layers.txt given")
    def test_an_upward_include_in_a_copy_of_this_project(self):
        for folder in ["sim", "hw_models", "tools/calibrate", "tools/helixsim", "tests"]:
            shutil.copytree(ROOT / folder, self.root / folder)
        self.assertEqual(run_check(self.root, LAYERS).returncode, 0)
        victim = self.root / "sim/units/format.cpp"
        lines = victim.read_text(encoding="utf-8").splitlines()
        self.write("sim/units/format.cpp", "\n".join([*lines, '#include "sim/engine/time.hpp"', ""]))
        result = run_check(self.root, LAYERS)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"sim/units/format.cpp:{len(lines) + 1}: units must not include", result.stdout)


if __name__ == "__main__":
    unittest.main()
