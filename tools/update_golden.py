#!/usr/bin/env python3
"""Renews tests/golden, whole runs recorded to the byte, from the program; review the difference before it is committed.

    tools/update_golden.py build/release/helixsim           writes the files anew
    tools/update_golden.py --check build/release/helixsim   compares, and ends with status 1 when a run has changed
"""

import argparse
import difflib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"

# Sweeps: golden file, and the arguments of which pareto.csv is kept.
SWEEPS = {
    "smoke_deepseek-r1.csv": "configs/sweeps/smoke.json --model deepseek-r1 --fidelity paper",
    "smoke_llama-3.1-405b.csv": "configs/sweeps/smoke.json --model llama-3.1-405b --fidelity paper",
}

# Single steps, kept as JSON. One uses MLA, experts, pipeline stages and HOP-B; one GQA and a dense FFN.
STEPS = {
    "step_deepseek-r1_helix.json": "--model deepseek-r1 --strategy helix --kvp 16 --tpf 4 --ep 4 --pp 2 --batch 64 "
                                   "--context 1M --hop-b best --fidelity paper",
    "step_llama-3.1-405b_tp.json": "--model llama-3.1-405b --strategy tp --tpa 8 --batch 8 --context 128k "
                                  "--fidelity paper",
}


def run(program, *arguments):
    environment = dict(os.environ, HELIXSIM_DATA=str(ROOT))
    result = subprocess.run([program, *arguments], capture_output=True, env=environment, cwd=ROOT)
    if result.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with status {result.returncode}: {result.stderr.decode()}")
    return result.stdout


def fresh_runs(program):
    """The text of every golden file as the program writes it now."""
    texts = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in SWEEPS.items():
            out = Path(folder) / name
            run(program, "sweep", *arguments.split(), "--out", str(out))
            texts[name] = (out / "pareto.csv").read_bytes()
    for name, arguments in STEPS.items():
        texts[name] = run(program, "simulate", *arguments.split(), "--format", "json")
    return texts


def difference(name, recorded, fresh):
    lines = difflib.unified_diff(recorded.decode().splitlines(), fresh.decode().splitlines(),
                                 f"tests/golden/{name}", "this program", lineterm="", n=1)
    return "\n".join(list(lines)[:40])


def check(texts):
    changed = 0
    for name, fresh in texts.items():
        path = GOLDEN / name
        recorded = path.read_bytes() if path.exists() else b""
        if recorded != fresh:
            changed += 1
            print(difference(name, recorded, fresh))
    for path in GOLDEN.glob("*.*"):
        if path.name not in texts:
            changed += 1
            print(f"tests/golden/{path.name}: no run makes this file")
    if changed:
        print(f"{changed} golden files differ; renew them with tools/update_golden.py and review the difference")
    return 1 if changed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="path of helixsim")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    texts = fresh_runs(str(Path(options.program).resolve()))
    if options.check:
        return check(texts)
    GOLDEN.mkdir(exist_ok=True)
    for name, fresh in texts.items():
        (GOLDEN / name).write_bytes(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
