"""Runs tools/setup, tools/run, tools/check and tools/bench in a made-up project where every command they call is a stand-in."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ["libboost-graph-dev", "libboost-context-dev", "libfmt-dev", "nlohmann-json3-dev", "catch2", "libcli11-dev",
             "libprotozero-dev", "libceres-dev"]
REAL = "awk bash cat cp date dirname env grep head ls mkdir mktemp readlink realpath rm sed sort tee touch true".split()

# Each stand-in notes how it was called and then does this; $project is the made-up project.
STAND_INS = {
    "id": "echo ${STUB_UID:-0}",
    "g++": "",
    "ninja": "",
    "python3": "",
    "node": "echo ${STUB_NODE:-v18.20.4}",
    "chromium": "",
    "dpkg-query": "sed 's/^/installed /' $project/installed",
    "apt-get": """
        [[ -z ${STUB_APT_FAILS:-} ]] || exit 100
        [[ $1 == update ]] || printf '%s\\n' "$@" >>$project/installed""",
    "npm": """
        [[ -z ${STUB_NPM_FAILS:-} ]] || exit 1
        mkdir -p node_modules/echarts/dist node_modules/playwright-core
        touch node_modules/echarts/dist/echarts.min.js node_modules/playwright-core/package.json
        touch node_modules/.package-lock.json""",
    "cmake": """
        if [[ $1 == --build ]]; then [[ -z ${STUB_BUILD_FAILS:-} ]]; exit; fi
        build=$project/build/${*: -1}
        mkdir -p $build
        echo "CMAKE_HOME_DIRECTORY:INTERNAL=$project" >$build/CMakeCache.txt
        touch $build/build.ninja""",
    "ctest": """
        echo "browser required: ${HELIXSIM_REQUIRE_BROWSER:-no}"
        cat $project/ctest_output
        [[ -z ${STUB_TESTS_FAIL:-} ]]""",
    "helixsim": """
        [[ -n ${STUB_NO_REPORT:-} ]] || { mkdir -p "$4"; touch "$4/report.html"; }
        exit ${STUB_STUDY:-0}""",
}


class Scripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = Path(folder.name).resolve() / "project"
        self.bin = self.project.parent / "bin"
        self.calls = self.project.parent / "calls"
        for path in [self.bin, self.project / "tools/web", self.project / "build/release"]:
            path.mkdir(parents=True)
        for script in ["setup", "run", "check", "bench"]:
            shutil.copy(ROOT / "tools" / script, self.project / "tools" / script)
        for file in ["CMakePresets.json", "tools/web/package-lock.json"]:
            (self.project / file).write_text("{}")
        (self.project / "installed").write_text("\n".join(LIBRARIES) + "\n")
        (self.project / "ctest_output").write_text("100% tests passed, 0 tests failed out of 7\n")
        for name in REAL:
            (self.bin / name).symlink_to(shutil.which(name))
        for name in STAND_INS:
            self.add_stand_in(name)
        shutil.move(self.bin / "helixsim", self.project / "build/release/helixsim")

    def add_stand_in(self, name, body=None, folder=None):
        text = STAND_INS[name] if body is None else body
        head = f'#!/usr/bin/env bash\nproject={self.project}\necho "{name} $*" >>{self.calls}\n'
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text + "\n")
        path.chmod(0o755)

    def call(self, script, *arguments, **settings):
        """Runs the script from a folder of its own; gives its status, its output and what it called."""
        self.calls.write_text("")
        environment = {"PATH": str(self.bin), "CHROMIUM": str(self.bin / "chromium")}
        result = subprocess.run(
            [self.project / "tools" / script, *arguments],
            cwd=self.project.parent,
            env=environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        asked = ("id ", "node ", "dpkg-query ")
        calls = [line for line in self.calls.read_text().splitlines() if not line.startswith(asked)]
        return result.returncode, result.stdout, calls

    def test_a_second_call_only_builds(self):
        status, output, calls = self.call("setup")
        self.assertEqual(status, 0, output)
        self.assertEqual([line.split()[0] for line in calls], ["npm", "cmake", "cmake"])
        status, output, calls = self.call("setup")
        self.assertEqual((status, calls), (0, ["cmake --build --preset release"]), output)

    def test_root_installs_exactly_what_is_missing(self):
        (self.project / "installed").write_text("\n".join(set(LIBRARIES) - {"catch2"}) + "\n")
        (self.bin / "ninja").unlink()
        self.add_stand_in("apt-get", STAND_INS["apt-get"] + f"\ncp {self.bin}/g++ {self.bin}/ninja")
        status, output, calls = self.call("setup")
        self.assertEqual(status, 0, output)
        self.assertIn("apt-get will install: ninja-build catch2\n", output)
        self.assertEqual(calls[0], "apt-get update -q")
        self.assertEqual(calls[1], "apt-get install -q --yes --no-install-recommends ninja-build catch2")

    def test_others_use_sudo_and_say_so_first(self):
        (self.project / "installed").write_text("")
        self.add_stand_in("sudo", '"$@"')
        status, output, calls = self.call("setup", STUB_UID="1000")
        self.assertEqual(status, 0, output)
        self.assertIn(f"sudo will install: {' '.join(LIBRARIES)}\n", output)
        self.assertTrue(calls[0].startswith("sudo "), calls)

    def test_without_root_and_sudo_the_line_to_run_is_printed(self):
        (self.project / "installed").write_text("")
        status, output, calls = self.call("setup", STUB_UID="1000")
        self.assertEqual((status, calls), (2, []))
        self.assertIn(f"As root, run: apt-get install --yes --no-install-recommends {' '.join(LIBRARIES)}", output)

    def test_failures_of_installing_are_told(self):
        (self.project / "installed").write_text("")
        status, output, _ = self.call("setup", STUB_APT_FAILS="1")
        self.assertEqual(status, 1)
        self.assertIn("failed: apt-get could not install libboost-graph-dev", output)
        status, output, _ = self.call("setup", STUB_NODE="v16.20.0")
        self.assertEqual(status, 1)
        self.assertIn("still not found, or too old (node must be 18 or newer): nodejs", output)

    def test_only_the_browser_option_asks_for_a_browser(self):
        self.assertEqual(self.call("setup")[0], 0)
        status, output, _ = self.call("setup", "--browser", CHROMIUM="/nowhere/chromium")
        self.assertEqual(status, 2)
        self.assertIn("CHROMIUM is set to /nowhere/chromium, which is not a program", output)

    def test_a_failing_npm_is_a_warning(self):
        status, output, calls = self.call("setup", STUB_NPM_FAILS="1")
        self.assertEqual(status, 0, output)
        self.assertIn("warning: npm ci failed", output)
        self.assertEqual(calls[-1], "cmake --build --preset release")

    def test_a_moved_project_is_configured_afresh(self):
        self.call("setup")
        (self.project / "build/release/CMakeCache.txt").write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\n")
        self.assertIn("cmake --fresh --preset release", self.call("setup")[2])

    def test_an_nvcc_that_came_later_is_found(self):
        self.call("setup")
        cache = self.project / "build/release/CMakeCache.txt"
        home = cache.read_text()
        cache.write_text(home + "CMAKE_CUDA_COMPILER:FILEPATH=NOTFOUND\n")
        self.assertNotIn("cmake --preset release", self.call("setup")[2])
        self.add_stand_in("nvcc", "")
        self.assertIn("cmake --preset release", self.call("setup")[2])
        cache.write_text(home + "CMAKE_CUDA_COMPILER:FILEPATH=NOTFOUND\nHELIXSIM_CUDA:STRING=OFF\n")
        self.assertNotIn("cmake --preset release", self.call("setup")[2])

    def test_a_failing_build_stops_everything(self):
        for script in ["run", "check"]:
            status, output, calls = self.call(script, STUB_BUILD_FAILS="1")
            self.assertEqual(status, 1)
            self.assertTrue(output.endswith("the compiler's messages are above)\n"), output)
            self.assertTrue(calls[-1].startswith("cmake --build"), calls)

    def test_run_says_where_the_report_is(self):
        status, output, calls = self.call("run", "--", "--threads", "1")
        self.assertEqual(status, 0, output)
        study = "helixsim reproduce scenarios/helix_paper.json --out results/helix_paper --overwrite --threads 1"
        self.assertEqual(calls[-1], study)
        self.assertIn(f"report: {self.project}/results/helix_paper/report.html\n", output)
        status, output, _ = self.call("run", "--out", "my results")
        self.assertEqual(status, 0, output)
        self.assertIn(f"file://{self.project.parent}/my%20results/report.html\n", output)

    def test_a_claim_that_fails_still_has_a_report(self):
        status, output, _ = self.call("run", STUB_STUDY="1")
        self.assertEqual(status, 1)
        self.assertIn("report: ", output)
        self.assertIn("a claim of the paper does not hold", output)

    def test_run_passes_other_statuses_on(self):
        status, output, _ = self.call("run", STUB_STUDY="2")
        self.assertEqual(status, 2)
        self.assertNotIn("report: ", output)
        self.assertIn("failed: helixsim reproduce ended with status 2", output)

    def test_run_without_the_chart_library_says_what_is_missing(self):
        status, output, _ = self.call("run", STUB_NO_REPORT="1")
        self.assertEqual(status, 0)
        self.assertIn("the interactive report was not written", output)

    def test_check_ends_with_the_counts(self):
        status, output, calls = self.call("check", "--", "-R", "engine")
        self.assertEqual(status, 0, output)
        self.assertEqual(calls[-1], "ctest --preset release -R engine")
        self.assertIn("browser required: 1\n", output)
        self.assertIn("\n7 passed, 0 failed (preset release", output)

    def test_check_tells_failed_and_skipped_tests_apart(self):
        lines = ["1/9 Test #1: a ...***Skipped   0.01 sec", "78% tests passed, 2 tests failed out of 9", ""]
        (self.project / "ctest_output").write_text("\n".join(lines))
        status, output, calls = self.call("check", "--dev", "--asan", STUB_TESTS_FAIL="1")
        self.assertEqual(status, 1)
        self.assertIn("\n6 passed, 2 failed, 1 skipped (preset dev", output)
        self.assertIn("ctest --preset asan", calls)
        self.assertTrue(output.endswith("failed: tests with preset dev asan (listed above)\n"), output)

    def test_bench_prints_what_was_built_and_measured(self):
        build = self.project / "build/bench"
        values = "build_L10 127\\nbuild_L61 128\\nstatic_share_L10 102"
        self.add_stand_in("bench_engine", f'printf "{values}\\n" >"${{@: -1}}"', build / "tests/bench")
        self.add_stand_in("bench_sweep", "echo 'some-model off 7 8 2.10 M/s'", build / "tests/bench")
        self.add_stand_in("helixsim", "", build)
        status, output, calls = self.call("bench", "--quick")
        self.assertEqual(status, 0, output)
        self.assertIn(f"bench_engine --quick --values {build}/values.txt", calls)
        self.assertIn("| graph building, sealing included, M tasks/s | 20 | 60 | 127 / 128 / - |\n", output)
        self.assertIn("| static pass, share of the bare pass | 50 % | 95 % | 102 / - / - % |\n", output)
        self.assertIn("sweep_some-model 2.10\n", (build / "values.txt").read_text())

    def test_bench_tells_which_benchmark_failed(self):
        build = self.project / "build/bench"
        self.add_stand_in("bench_engine", "exit 1", build / "tests/bench")
        status, output, _ = self.call("bench")
        self.assertEqual(status, 1)
        self.assertTrue(output.endswith("failed: bench_engine\n"), output)
        self.add_stand_in("bench_engine", "", build / "tests/bench")
        self.add_stand_in("helixsim", "echo out of memory >&2; exit 1", build)
        status, output, _ = self.call("bench")
        self.assertEqual(status, 1)
        self.assertIn("failed: helixsim reproduce: out of memory\n", output)

    def test_wrong_options_are_refused(self):
        for script in ["setup", "run", "check", "bench"]:
            self.assertEqual(self.call(script, "--help")[::2], (0, []))
            status, output, calls = self.call(script, "--tpyo")
            self.assertEqual((status, calls), (2, []))
            self.assertIn("unknown option --tpyo", output)


if __name__ == "__main__":
    unittest.main()
