#!/usr/bin/env python3
"""Plants faults in the kernels, one at a time, and sees whether their tests notice.

    mutants.py [--only TEXT] [--list]

Each row of mutants.json names a header of tools/calibrate/, a piece of it that stands there once, what to put in its
place, and the tests that must fail: by a wrong result, an error of the emulator, or a launch that never ends. Prints
each mutant that lives and ends with 1. Takes some minutes: it is for whoever changes kernels or their tests, and not
part of ctest.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["-std=c++20", "-O2", "-ffp-contract=off", f"-DHELIXSIM_SOURCE_DIR=\"{ROOT}\""]
BASE = ["tools/calibrate/emulator/emulator.cpp", "tests/kernels/attention_case.cpp", "tests/support/catch_main.cpp"]
SECONDS = 120


def compile_object(source, out, include):
    command = ["g++", *FLAGS, *[f"-I{folder}" for folder in include], "-c", str(ROOT / source), "-o", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def caught(mutant, base, folder):
    """How the tests notice, or nothing."""
    source = ROOT / "tools/calibrate" / mutant["file"]
    text = source.read_text()
    if text.count(mutant["from"]) != 1:
        sys.exit(f"{mutant['name']}: its piece stands {text.count(mutant['from'])} times in {mutant['file']}")
    changed = folder / "tools/calibrate" / mutant["file"]
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(text.replace(mutant["from"], mutant["to"]))
    objects = []
    for test in mutant["tests"]:
        out = folder / f"{Path(test).name}.o"
        source = f"tests/{test}.cpp" if "/" in test else f"tests/kernels/{test}.cpp"
        done = compile_object(source, out, [folder, ROOT])
        if done.returncode != 0:
            sys.exit(f"{mutant['name']}: does not compile:\n{done.stderr[:2000]}")
        objects.append(str(out))
    program = folder / "test"
    subprocess.run(["g++", *objects, *base, "-o", str(program), "-lboost_context", "-lfmt"], check=True)
    try:
        run = subprocess.run([str(program), "--abort"], capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "never ends"
    return None if run.returncode == 0 else "fails"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    mutants = [one for one in json.loads((ROOT / "tests/kernels/mutants.json").read_text())
               if arguments.only in one["name"]]
    if arguments.list:
        print("\n".join(one["name"] for one in mutants))
        return
    with tempfile.TemporaryDirectory() as kept:
        base = []
        for source in BASE:
            base.append(str(Path(kept) / (Path(source).stem + ".o")))
            compile_object(source, base[-1], [ROOT]).check_returncode()
        alive = []
        for mutant in mutants:
            with tempfile.TemporaryDirectory() as folder:
                how = caught(mutant, base, Path(folder))
            print(f"{how or 'LIVES':<10} {mutant['name']}", flush=True)
            if how is None:
                alive.append(mutant["name"])
    print(f"{len(mutants) - len(alive)} of {len(mutants)} caught")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
