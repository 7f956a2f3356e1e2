"""sweep, reproduce, pareto, list and check from outside: exit statuses, messages and files."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ""  # set from the command line
SWEEP_FILES = ["pareto.csv", "pareto.svg", "report.json", "summary.txt"]


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="helixsim_test_"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_program(self, *arguments):
        environment = dict(os.environ, HELIXSIM_DATA=str(ROOT))
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=environment,
                              cwd=self.folder, timeout=60)

    def done(self, *arguments, status=0):
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, status, f"{arguments}: {result.stderr}")
        return result.stdout

    def refused(self, message, *arguments, status=2):
        """One line on stderr that begins with helixsim: and holds the message, nothing on stdout."""
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("helixsim: "), lines[0])
        self.assertIn(message, lines[0])
        self.assertEqual(result.stdout, "")

    def smoke(self, out, *more, model="llama-3.1-405b"):
        self.done("sweep", "configs/sweeps/smoke.json", "--model", model, "--out", self.folder / out, *more)
        return self.folder / out

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def space(self, name="space.json", **changes):
        space = {"format": "helixsim/search_space/1", "contexts": [1000], "gpus": [8], "strategies": {"tp": {}},
                 "batch": [1]}
        space.update(changes)
        return self.file(name, space)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


class SweepTest(CliTest):
    def test_the_working_folder_is_not_replaced(self):
        for out in (".", "./", self.folder):
            self.refused("is the working folder", "sweep", "smoke", "--model", "llama-3.1-405b", "--out", out)
        self.assertEqual(self.names(), [])

    def test_what_a_killed_run_left_is_not_taken_over(self):
        # The working folder is named after the process: sh keeps its number when it becomes the program.
        line = 'mkdir out.part-$$ && echo junk > out.part-$$/points.csv && touch out.part-$$/other.txt && exec "$@"'
        subprocess.run(["sh", "-c", line, "sh", PROGRAM, "sweep", "smoke", "--model", "llama-3.1-405b", "--out", "out",
                        "--points", "csv"], cwd=self.folder, check=True, capture_output=True, timeout=60,
                       env=dict(os.environ, HELIXSIM_DATA=str(ROOT)))
        self.assertFalse((self.folder / "out" / "other.txt").exists())
        self.assertTrue((self.folder / "out" / "points.csv").read_text().startswith("model,"))

    def test_writes_its_files_and_says_what_it_counted(self):
        out = self.folder / "results"
        text = self.done("sweep", "smoke", "--model", "llama-3.1-405b", "--out", out, "--points", "jsonl")
        self.assertEqual([name for name in SWEEP_FILES + ["points.jsonl"] if not (out / name).exists()], [])
        counts = json.loads((out / "report.json").read_text())["counts"]
        points = [json.loads(line) for line in (out / "points.jsonl").read_text().splitlines()]
        self.assertEqual(sum(p["status"] == "ok" for p in points), counts["simulated"])
        self.assertEqual(sum(p["status"] == "infeasible" for p in points), counts["infeasible"])
        self.assertIn(f"{counts['simulated']:,} points simulated, {counts['infeasible']:,} infeasible", text)
        self.assertEqual(self.names(), ["results"])

    def test_formats_give_the_same_counts(self):
        as_json = json.loads(self.done("sweep", "smoke", "--model", "deepseek-r1", "--out", self.folder / "a", "--format",
                                       "json"))["counts"]
        as_csv = list(csv.DictReader(io.StringIO(self.done("sweep", "smoke", "--model", "deepseek-r1", "--out",
                                                           self.folder / "b", "--format", "csv"))))[0]
        for key in ("simulated", "infeasible", "invalid"):
            self.assertEqual(int(as_csv[key]), as_json[key])

    def test_options_of_the_schedule_reach_a_sweep_and_its_report(self):
        space = self.space(contexts=[100000], gpus=[16], batch=[2, 16],
                           strategies={"tp": {}, "dcp": {"dp": [1, 2]}, "helix": {"dp": [2]}})
        arguments = ["sweep", space, "--model", "deepseek-r1", "--points", "csv", "--out"]
        plain, changed = self.folder / "plain", self.folder / "changed"
        self.done(*arguments, plain)
        self.done(*arguments, changed, "--moe-exchange", "dispatch_combine", "--query", "replicate",
                  "--routing", "power_law:1", "--precision", "deepseek-r1-fp4")
        rows = {name: list(csv.DictReader(io.StringIO((self.folder / name / "points.csv").read_text())))
                for name in ("plain", "changed")}
        self.assertEqual({row["dp"] for row in rows["plain"] if row["strategy"] == "helix"}, {"2"})
        self.assertEqual({row["dp"] for row in rows["plain"] if row["strategy"] == "dcp"}, {"1", "2"})
        self.assertNotEqual([row["ttl_s"] for row in rows["plain"]], [row["ttl_s"] for row in rows["changed"]])
        assumptions = json.loads((changed / "report.json").read_text())["assumptions"]
        for line in ("moe_exchange: dispatch_combine", "query: replicate", "routing: power_law:1"):
            self.assertIn(line, assumptions)
        self.assertEqual(json.loads((plain / "report.json").read_text())["assumptions"], [])
        self.refused("--exchange: no strategy of the search space takes it; expected dcp", "sweep",
                     self.space(gpus=[8], strategies={"tp": {}, "helix": {}}), "--model", "deepseek-r1", "--out",
                     self.folder / "none", "--exchange", "a2a")

    def test_a_pruned_sweep_has_the_same_frontiers_and_says_what_it_left_out(self):
        space = self.space(contexts=["128k", "1M"], gpus=[8, 64], strategies={"tp": {}, "helix": {}},
                           batch=[1, 2, 3, "..", 64], hop_b=["off", "best"])
        whole, pruned, again = (self.folder / name for name in ("whole", "pruned", "again"))
        arguments = ["sweep", space, "--model", "deepseek-r1", "--out"]
        counts = json.loads(self.done(*arguments, whole, "--format", "json"))["counts"]
        fewer = json.loads(self.done(*arguments, pruned, "--prune", "--format", "json"))["counts"]
        self.assertNotIn("pruned", counts)
        self.assertGreater(fewer["pruned"], 0)
        self.assertEqual(fewer["simulated"] + fewer["pruned"], counts["simulated"])
        for key in ("infeasible", "infeasible_by_reason", "invalid"):
            self.assertEqual(fewer[key], counts[key])
        self.assertEqual((pruned / "pareto.csv").read_bytes(), (whole / "pareto.csv").read_bytes())

        def drawn(folder):
            views = json.loads((folder / "report.json").read_text())["views"]
            return [{name: [(view["points"]["ttl_us"][i], view["points"]["batch"][i]) for i in indices]
                     for name, indices in view["frontier"].items()} for view in views]
        self.assertEqual(drawn(pruned), drawn(whole))
        told = f"{fewer['simulated']:,} points simulated, {fewer['pruned']:,} pruned, "
        self.assertIn(told, (pruned / "summary.txt").read_text())
        table = self.done(*arguments, again, "--prune", "--threads", "1")
        self.assertIn(told, table)
        as_csv = list(csv.DictReader(io.StringIO(
            self.done(*arguments, again, "--prune", "--overwrite", "--format", "csv"))))
        self.assertEqual(int(as_csv[0]["pruned"]), fewer["pruned"])
        for name in SWEEP_FILES:
            self.assertEqual((again / name).read_bytes(), (pruned / name).read_bytes(), name)
        self.assertIn(told, self.done("pareto", pruned))
        self.done("check", pruned / "report.json")

    def test_output_does_not_depend_on_threads(self):
        one = self.smoke("one", "--threads", "1", "--points", "csv", model="deepseek-r1")
        two = self.smoke("two", "--threads", "2", "--points", "csv", model="deepseek-r1")
        names = sorted(path.name for path in one.iterdir())
        self.assertTrue(set(SWEEP_FILES + ["points.csv"]) <= set(names))
        self.assertEqual(names, sorted(path.name for path in two.iterdir()))
        for name in names:
            self.assertEqual((one / name).read_bytes(), (two / name).read_bytes(), name)

    def test_points_files_of_both_formats_hold_the_same_rows(self):
        rows = rows_of(self.smoke("c", "--points", "csv") / "points.csv")
        lines = [json.loads(line) for line in (self.smoke("j", "--points", "jsonl") / "points.jsonl").read_text().splitlines()]
        self.assertEqual(len(rows), len(lines))
        for row, line in zip(rows, lines):
            for key, cell in row.items():
                value = line.get(key)
                if value is None:
                    self.assertEqual(cell, "", key)
                elif isinstance(value, str):
                    self.assertEqual(cell, value, key)
                else:
                    self.assertEqual(float(cell), value, key)

    def test_a_scenario_writes_the_points_of_all_its_studies_under_one_head(self):
        out = self.folder / "results"
        scenario = self.file("s.json", {"format": "helixsim/scenario/1", "name": "n", "title": "t", "studies": [
            {"model": "deepseek-r1", "search_space": "smoke"}, {"model": "llama-3.1-405b", "search_space": "smoke"}]})
        self.done("sweep", scenario, "--out", out, "--points", "csv")
        rows = rows_of(out / "points.csv")
        self.assertEqual({row["model"] for row in rows}, {"deepseek-r1", "llama-3.1-405b"})
        self.assertEqual({row["status"] for row in rows}, {"ok", "infeasible"})

    def test_refuses_a_place_that_cannot_be_written(self):
        self.file("plain", "text")
        self.refused("plain/results cannot be written", "sweep", "smoke", "--model", "deepseek-r1", "--out",
                     self.folder / "plain" / "results")
        self.refused("plain is a file, expected a folder", "sweep", "smoke", "--model", "deepseek-r1", "--out",
                     self.folder / "plain", "--overwrite")
        self.assertEqual(self.names(), ["plain"])

    def test_refuses_an_existing_folder_unless_told_to_overwrite(self):
        out = self.smoke("results")
        before = (out / "pareto.csv").read_bytes()
        self.refused(f"--out: {out} exists; --overwrite replaces it", "sweep", "smoke", "--model", "deepseek-r1", "--out",
                     out)
        self.assertEqual((out / "pareto.csv").read_bytes(), before)
        self.smoke("results", "--overwrite", model="deepseek-r1")
        self.assertNotEqual((out / "pareto.csv").read_bytes(), before)
        self.assertEqual(self.names(), ["results"])

    def test_never_replaces_a_folder_that_holds_no_results(self):
        (self.folder / "thesis").mkdir()
        (self.folder / "thesis" / "chapter.txt").write_text("one")
        self.refused("does not hold results of this program", "sweep", "smoke", "--model", "deepseek-r1", "--out",
                     self.folder / "thesis", "--overwrite")
        self.assertEqual(os.listdir(self.folder / "thesis"), ["chapter.txt"])
        self.assertEqual((self.folder / "thesis" / "chapter.txt").read_text(), "one")
        self.assertEqual(self.names(), ["thesis"])

    def test_refuses_wrong_input_with_one_line_and_leaves_nothing(self):
        out = self.folder / "out"
        unknown = self.space("unknown.json", gpu=[8])
        empty = self.space("empty.json", gpus=[7])
        before = self.names()
        for message, arguments in [
                ("unknown.json: /gpu: unknown key; did you mean \"gpus\"?", [unknown, "--model", "deepseek-r1"]),
                ("the search space is empty: no combination", [empty, "--model", "deepseek-r1"]),
                ("--points: unknown format \"json\"; did you mean \"jsonl\"?",
                 ["smoke", "--model", "deepseek-r1", "--points", "json"]),
                ("--prune: leaves points out, so it does not go with --points",
                 ["smoke", "--model", "deepseek-r1", "--points", "csv", "--prune"]),
                ("no \"smok\" in configs/sweeps; did you mean \"smoke\"?", ["smok", "--model", "deepseek-r1"]),
                ("no \"deepsek-r1\" in configs/models; did you mean \"deepseek-r1\"?", ["smoke", "--model", "deepsek-r1"]),
                ("expected a model", ["smoke"]),
                ("no such file", [self.folder / "none.json", "--model", "deepseek-r1"]),
                ("--format: unknown format", ["smoke", "--model", "deepseek-r1", "--format", "xml"]),
                ("--threads", ["smoke", "--model", "deepseek-r1", "--threads", "0"]),
                ("a scenario names its own", ["scenarios/helix_paper.json", "--model", "deepseek-r1"])]:
            with self.subTest(message):
                self.refused(message, "sweep", *arguments, "--out", out)
                self.assertFalse(out.exists())
        self.assertEqual(self.names(), before)

    def test_refuses_a_truncated_file(self):
        path = self.file("cut.json", (ROOT / "configs/sweeps/smoke.json").read_text()[:-40])
        self.refused("cut.json: parse error at line", "sweep", path, "--model", "deepseek-r1", "--out", self.folder / "out")
        self.refused("empty.json: the file is empty", "sweep", self.file("empty.json", ""), "--model", "deepseek-r1",
                     "--out", self.folder / "out")

    def test_set_changes_the_file_and_the_system(self):
        out = self.folder / "out"
        self.done("sweep", "smoke", "--model", "deepseek-r1", "--out", out, "--set", "contexts.0=64000", "--set",
                  "system.gpu.memory.capacity.value=10 TB")
        report = json.loads((out / "report.json").read_text())
        self.assertEqual([view["context_tokens"] for view in report["views"]], [64000, 1000000])
        self.assertEqual(report["counts"]["infeasible"], 0)

    def test_nothing_feasible_ends_with_status_3_and_still_reports(self):
        out = self.folder / "out"
        result = self.run_program("sweep", self.space(gpus=[1], contexts=["4M"]), "--model", "deepseek-r1", "--out", out)
        self.assertEqual(result.returncode, 3, result.stderr)
        messages = [line for line in result.stderr.splitlines() if line.startswith("helixsim: ")]
        self.assertEqual(messages, ["helixsim: no point of the search space is feasible"])
        self.assertIn("0 points simulated, 1 infeasible, 0 invalid\n(infeasible: 0 KV cache, 1 weights)\n", result.stdout)
        ElementTree.parse(out / "pareto.svg")
        self.done("pareto", out)

    def test_an_interrupted_sweep_ends_with_status_130_and_leaves_nothing(self):
        space = self.file("large.json", {
            "format": "helixsim/search_space/1", "contexts": ["64k", "128k", "256k", "512k"], "gpus": [8, 16, 32, 64],
            "strategies": {"tp": {}, "dp": {}, "helix": {}}, "batch": [1, 2, "..", 16384], "hop_b": ["off", "best"]})
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = subprocess.Popen(
                    [PROGRAM, "sweep", space, "--model", "deepseek-r1", "--out", self.folder / "out", "--points", "csv",
                     "--threads", "2"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, HELIXSIM_DATA=str(ROOT)))
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline and not list(self.folder.glob("out.part-*/points.csv")):
                    time.sleep(0.01)
                process.send_signal(number)
                stdout, stderr = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 130, stderr)
                self.assertEqual(stdout, "")
                self.assertIn("helixsim: interrupted; nothing was written\n", stderr)
                self.assertEqual(self.names(), ["large.json"])

    def test_widths_that_cannot_multiply_to_a_gpu_count_cost_no_time(self):
        wide = [1, 2, "..", 1024]
        path = self.space(gpus=[8], strategies={"helix": {key: wide for key in ("tpa", "kvp", "tpf", "ep", "pp")}})
        self.done("sweep", path, "--model", "deepseek-r1", "--out", self.folder / "out")


class ReproduceTest(CliTest):
    def test_the_claims_of_the_paper_hold_over_more_than_100000_points_a_model(self):
        out = self.folder / "out"
        begin = time.monotonic()
        self.done("reproduce", "helix_paper", "--out", out)
        print(f"reproduce helix_paper: {time.monotonic() - begin:.2f} s", file=sys.stderr)
        report = json.loads((out / "report.json").read_text())
        simulated = {}
        for view in report["views"]:
            simulated[view["model"]] = simulated.get(view["model"], 0) + view["counts"]["simulated"]
        self.assertEqual(set(simulated), {"deepseek-r1", "llama-3.1-405b"})
        self.assertGreaterEqual(min(simulated.values()), 100_000, simulated)
        verdicts = {claim["name"]: claim["verdict"] for claim in report["claims"]}
        self.assertEqual({name for name, verdict in verdicts.items() if verdict == "fail"}, set())
        scenario = json.loads((ROOT / "scenarios/helix_paper.json").read_text())
        banded = {claim["name"] for claim in scenario["claims"] if "band" in claim}
        self.assertEqual({name for name, verdict in verdicts.items() if verdict == "pass"}, banded)
        self.assertEqual(list(verdicts), [claim["name"] for claim in scenario["claims"]])

    def small(self, **claim):
        return self.file("small.json", {
            "format": "helixsim/scenario/1", "name": "small", "title": "small",
            "studies": [{"model": "deepseek-r1", "search_space": "smoke", "baseline": ["tp"]}],
            "claims": [{"name": "c", "kind": "interactivity_ratio", "model": "deepseek-r1", **claim}]})

    def test_a_claim_outside_its_band_ends_with_status_1_and_the_report_is_written(self):
        out = self.folder / "out"
        result = self.run_program("reproduce", self.small(band=[1000, 1001], context=1000000), "--out", out)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertTrue(result.stderr.endswith("helixsim: a claim is outside its band\n"), result.stderr)
        self.assertTrue(result.stdout.splitlines()[2].startswith("fail "), result.stdout)
        self.assertEqual(json.loads((out / "report.json").read_text())["claims"][0]["verdict"], "fail")
        self.assertEqual([name for name in SWEEP_FILES if not (out / name).exists()], [])

    def test_formats_hold_the_same_claims(self):
        path = self.small(context=1000000)
        as_json = json.loads(self.done("reproduce", path, "--format", "json"))["claims"]
        as_csv = list(csv.DictReader(io.StringIO(self.done("reproduce", path, "--format", "csv"))))
        self.assertEqual(len(as_csv), 1)
        for key, cell in as_csv[0].items():
            value = as_json[0][key]
            if key == "context_tokens":
                self.assertEqual(float(cell), value)
            else:
                self.assertEqual(cell, "" if value is None else value, key)
        self.assertIn(as_json[0]["ours"], self.done("reproduce", path))

    def test_refuses_wrong_scenarios_with_one_line(self):
        self.refused("small.json: /claims/0/bnad: unknown key; did you mean \"band\"?", "reproduce",
                     self.small(bnad=[1, 2]))
        self.refused("the scenario has no claims; use sweep to run it", "reproduce", self.small(), "--set", "claims=[]")
        self.refused("no \"helix_papr\" in scenarios; did you mean \"helix_paper\"?", "reproduce", "helix_papr")
        self.refused("--points: needs --out DIR", "reproduce", self.small(), "--points", "csv")

    def published(self, name="steps.json", soundness="sound", **value):
        return self.file(name, {
            "format": "helixsim/validation/1", "name": name, "title": "steps", "source": "a talk",
            "soundness": soundness, "not_modelled": ["host time"],
            "conditions": {"model": "deepseek-r1", "fidelity": "paper", "kv": "fp8", "strategy": "tp", "tpa": 8,
                           "batch": 1},
            "measured": [{"name": "v", "quantity": "ttl", "value": 9, "unit": "ms", "at": {"context": "64k"},
                          **value}]})

    def test_published_steps_are_printed_beside_ours_and_only_a_sound_miss_ends_with_status_1(self):
        result = self.run_program("reproduce", "scenarios/validation", "--format", "json")
        files = json.loads(result.stdout)["validations"]
        self.assertEqual([file["name"] for file in files],
                         sorted(path.stem for path in (ROOT / "scenarios/validation").glob("*.json")))
        for file in files:
            for value in file["measured"]:
                self.assertTrue((value["predicted"] is None) == bool(value["reason"]), value)
                if value["predicted"]:
                    error = 100 * (value["predicted"] / value["measured"] - 1)
                    self.assertAlmostEqual(value["error_percent"], error, places=9)
        missed = any(value["verdict"] == "miss" for file in files if file["soundness"] == "sound"
                     for value in file["measured"])
        self.assertEqual(result.returncode, 1 if missed else 0, result.stderr)
        rows = list(csv.DictReader(io.StringIO(
            self.run_program("reproduce", "scenarios/validation", "--format", "csv").stdout)))
        self.assertEqual([row["name"] for row in rows],
                         [value["name"] for file in files for value in file["measured"]])
        text = self.run_program("reproduce", "scenarios/validation").stdout
        for file in files:
            self.assertIn(" ".join(file["title"].split()), " ".join(text.split()))

    def test_a_miss_is_an_error_only_for_a_sound_number(self):
        result = self.run_program("reproduce", self.published(band=[1000, 1001]))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stderr, "helixsim: a sound number is outside its band\n")
        self.assertIn("v: most of the step: ", result.stdout)
        self.assertIn("not modelled: host time", result.stdout)
        self.assertIn("sound 0 of 1", result.stdout)
        self.done("reproduce", self.published(band=[0, 1001]))
        for soundness in ("peer, not a truth", "with reserve: a guess"):
            self.assertIn("miss", self.done("reproduce", self.published(soundness=soundness, band=[1000, 1001])))

    def test_refuses_wrong_published_steps_with_one_line(self):
        path = self.published()
        self.assertEqual(self.done("check", path), f"{path}: right (published steps)\n")
        self.refused("steps.json: /measured/0/bnad: unknown key; did you mean \"band\"?", "reproduce",
                     self.published(bnad=[1, 2]))
        self.refused("steps.json: /soundness: expected \"sound\"", "check", self.published(soundness="true"))
        self.refused("--out: published steps leave no folder of results", "reproduce", path, "--out", "x")
        self.refused("--seed: nothing is drawn for published steps", "reproduce", path, "--seed", "2")
        (self.folder / "empty").mkdir()
        self.refused("empty: no .json file is in the folder", "reproduce", "empty")
        (self.folder / "mixed").mkdir()
        shutil.copy(self.small(), self.folder / "mixed" / "small.json")
        self.refused("small.json: /format: expected \"helixsim/validation/1\"", "reproduce", "mixed")


class ParetoTest(CliTest):
    def test_stored_results_give_the_same_figure_and_frontiers(self):
        out = self.smoke("results")
        self.done("pareto", out, "--out", self.folder / "again")
        for name in ("pareto.svg", "report.json", "summary.txt"):
            self.assertEqual((self.folder / "again" / name).read_bytes(), (out / name).read_bytes(), name)
        if (out / "report.html").exists():
            self.assertEqual((self.folder / "again" / "report.html").read_bytes(), (out / "report.html").read_bytes())
        stored = rows_of(out / "pareto.csv")
        printed = list(csv.DictReader(io.StringIO(self.done("pareto", out, "--format", "csv"))))
        self.assertEqual(len(stored), len(printed))
        for a, b in zip(stored, printed):
            for key in ("frontier", "model", "strategy", "tpa", "kvp", "dp", "tpf", "ep", "pp", "gpus", "batch",
                        "requests_in_flight"):
                self.assertEqual(a[key], b[key], key)
            for key in ("ttl_s", "tokens_per_second_per_user", "tokens_per_second_per_gpu"):
                self.assertLess(abs(float(a[key]) / float(b[key]) - 1), 1e-8, key)  # nine digits are printed
        self.assertEqual(self.done("pareto", out, "--format", "json"), (out / "report.json").read_text())

    def test_several_runs_are_overlaid_by_name(self):
        a = self.smoke("a", model="deepseek-r1")
        b = self.smoke("b")
        self.done("pareto", a, str(b) + "/", "--out", self.folder / "both")
        report = json.loads((self.folder / "both" / "report.json").read_text())
        self.assertEqual([view["run"] for view in report["views"]], ["a", "a", "b", "b"])
        self.assertEqual(len(ElementTree.parse(self.folder / "both" / "pareto.svg").findall(".//{*}polyline")), 2 * 3)

    def test_csv_output_quotes_names_of_runs(self):
        out = self.smoke("one, two")
        self.smoke("b")
        rows = list(csv.DictReader(io.StringIO(self.done("pareto", out, self.folder / "b", "--format", "csv"))))
        self.assertEqual({row["run"] for row in rows}, {"one, two", "b"})

    def test_the_figure_is_well_formed_xml_whatever_the_texts(self):
        out = self.smoke("results")
        report = json.loads((out / "report.json").read_text())
        for text in ("<b> & \"quotes\" ]]>", "\ufffe\uffff", "</text></svg>", "a&lt;b"):
            for view in report["views"]:
                view["model_title"] = text
                view["run"] = text
            (out / "report.json").write_text(json.dumps(report))
            self.done("pareto", out, "--out", self.folder / "again", "--overwrite")
            tree = ElementTree.parse(self.folder / "again" / "pareto.svg")
            self.assertEqual(len(tree.findall(".//{*}polyline")), 3, text)

    def test_the_context_of_the_figure_can_be_chosen(self):
        out = self.smoke("results")
        self.done("pareto", out, "--out", self.folder / "short", "--context", "128k")
        self.assertIn("128k tokens", (self.folder / "short" / "pareto.svg").read_text())
        self.refused("--context: 5M is not in these results", "pareto", out, "--context", "5M")
        self.refused("--context: expected a count of tokens", "pareto", out, "--context", "much")

    def test_refuses_folders_that_hold_no_right_report(self):
        self.refused("report.json: no such file", "pareto", self.folder)
        out = self.smoke("results")
        report = json.loads((out / "report.json").read_text())
        report["views"][0]["frontier"]["tp"][0] = 10**6
        (out / "report.json").write_text(json.dumps(report))
        self.refused("/views/0/frontier/tp/0: 1000000 is outside", "pareto", out)


class ListAndCheckTest(CliTest):
    def test_every_list_has_the_same_items_in_three_formats(self):
        lists = [item["name"] for item in json.loads(self.done("list", "--format", "json"))]
        self.assertGreater(len(lists), 8)
        for what in lists:
            with self.subTest(what):
                items = json.loads(self.done("list", what, "--format", "json"))
                rows = list(csv.DictReader(io.StringIO(self.done("list", what, "--format", "csv"))))
                self.assertEqual(items, rows)
                self.assertTrue(items)
                table = self.done("list", what)
                for item in items:
                    self.assertIn(item["name"], table)
        self.assertIn("helix", [item["name"] for item in json.loads(self.done("list", "strategies", "--format", "json"))])
        self.refused("no list \"modls\"; did you mean \"models\"?", "list", "modls")

    def test_every_file_of_the_project_is_right(self):
        files = [*ROOT.glob("configs/*/*.json"), *ROOT.glob("scenarios/*.json"), *ROOT.glob("hw_models/systems/*.json")]
        self.assertGreaterEqual(len(files), 6)
        lines = self.done("check", *files).splitlines()
        self.assertEqual([line.split(": right (")[0] for line in lines], [str(path) for path in files])

    def test_a_report_and_a_point_are_checked_too(self):
        out = self.smoke("results")
        point = self.file("p.json", {"format": "helixsim/point/1", "model": "deepseek-r1", "strategy": "helix", "kvp": 8})
        self.assertEqual(self.done("check", out / "report.json", point),
                         f"{out / 'report.json'}: right (report)\n{point}: right (point)\n")

    def test_wrong_files_are_named_one_line_each_and_right_ones_still_checked(self):
        right = ROOT / "configs/sweeps/smoke.json"
        wrong = self.space(strategies={"helx": {}})
        unknown = self.file("unknown.json", {"format": "helixsim/search_spice/1"})
        none = self.folder / "none.json"
        result = self.run_program("check", wrong, right, unknown, none)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout, f"{right}: right (search space)\n")
        lines = result.stderr.splitlines()
        self.assertEqual(lines[0], f"helixsim: {wrong}: /strategies/helx: unknown key; did you mean \"helix\"?")
        self.assertIn("did you mean \"helixsim/search_space/1\"?", lines[1])
        self.assertEqual(lines[2], f"helixsim: {none}: no such file")
        self.assertEqual(len(lines), 3)


class SetTest(CliTest):
    def test_set_reaches_the_files_of_check_and_pareto(self):
        self.done("check", "scenarios/helix_paper.json", "--set", "title=another")
        self.refused('/titel: unknown key; did you mean "title"?', "check", "scenarios/helix_paper.json", "--set",
                     "titel=another")
        out = self.smoke("results")
        self.done("pareto", out, "--set", "title=Renamed", "--out", "renamed")
        self.assertIn("Renamed", (self.folder / "renamed" / "report.json").read_text())


class WidthTest(CliTest):
    def test_tables_fit_a_terminal_of_80_columns(self):
        out = self.folder / "out"
        for arguments in (["sweep", "smoke", "--model", "llama-3.1-405b", "--out", out],
                          ["sweep", "smoke", "--model", "deepseek-r1", "--out", out, "--overwrite"], ["pareto", out],
                          ["sweep", "scenarios/helix_paper.json", "--out", out, "--overwrite"], ["pareto", out],
                          ["reproduce", "helix_paper"], *(["list", what] for what in json_names(self.done("list", "--format", "json")))):
            with self.subTest(arguments):
                wide = [line for line in self.done(*arguments).splitlines() if len(line) > 80 and str(out) not in line]
                self.assertEqual(wide[:3], [])


def rows_of(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def json_names(text):
    return [item["name"] for item in json.loads(text)]


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
