#!/usr/bin/env python3
"""What nvcc makes of the kernels, held to what they were designed to be.

    machine_code.py --nvcc NVCC --root FOLDER --facts FACTS [--only SOURCE]

Compiles every source that FACTS names for each of its architectures. No kernel may spill or keep a stack, and no
wgmma may wait where its kernel does not say so. A row of FACTS speaks of the entries of a source whose names match
"entry", on all architectures or those of "on": at most "registers", and how often a pattern stands in their PTX at
least ("ptx", by regular expression). Prints each violation and ends with 1; sources without a row are one.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

RESOURCES = re.compile(
    r"Compiling entry function '(?P<entry>[^']+)'.*?(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, "
    r"(?P<loads>\d+) bytes spill loads.*?Used (?P<registers>\d+) registers", re.DOTALL)
# What ptxas says when it lets asynchronous products wait for each other.
WAITS = re.compile(r"\(C75\d\d\).*(?:serialized|warpgroup\.wait is injected).*")
ENTRY = re.compile(r"\.entry (\w+)")


def compile_to(kind, arguments, source, arch, out):
    command = [arguments.nvcc, "-std=c++20", "-O3", f"-I{arguments.root}", "-Werror", "all-warnings",
               f"-gencode=arch=compute_{arch},code={'compute' if kind == 'ptx' else 'sm'}_{arch}", f"-{kind}",
               str(source), "-o", str(out)]
    if kind == "cubin":
        command += ["-Xptxas", "-v"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{source.name}, sm_{arch}: does not compile:\n{done.stderr}")
    return done.stderr


def violations_of(source, arch, facts, arguments, folder):
    log = compile_to("cubin", arguments, source, arch, folder / "x.cubin")
    compile_to("ptx", arguments, source, arch, folder / "x.ptx")
    _, *parts = ENTRY.split((folder / "x.ptx").read_text())
    bodies = dict(zip(parts[::2], parts[1::2]))
    facts = [fact for fact in facts if arch in fact.get("on", [arch])]
    found = [f"{source.name}, sm_{arch}: {line}" for line in WAITS.findall(log)]
    seen = defaultdict(int)
    for use in RESOURCES.finditer(log):
        name = use["entry"]
        where = f"{source.name}, sm_{arch}, {name}"
        if int(use["stack"]) + int(use["stores"]) + int(use["loads"]) > 0:
            found.append(f"{where}: spills or keeps a stack ({use['stack']}, {use['stores']}, {use['loads']} bytes)")
        for number, fact in enumerate(facts):
            if not re.search(fact["entry"], name):
                continue
            seen[number] += 1
            if int(use["registers"]) > fact["registers"]:
                found.append(f"{where}: {use['registers']} registers, at most {fact['registers']} expected")
            for pattern, least in fact["ptx"].items():
                count = len(re.findall(pattern, bodies[name]))
                if count < least:
                    found.append(f"{where}: {pattern} stands {count} times in its PTX, at least {least} expected")
        if not any(re.search(fact["entry"], name) for fact in facts):
            found.append(f"{where}: no row speaks of it")
    found += [f"{source.name}, sm_{arch}: no entry matches {fact['entry']}"
              for number, fact in enumerate(facts) if seen[number] == 0]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("nvcc", "root", "facts"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    table = json.loads(Path(arguments.facts).read_text())
    sources = Path(arguments.root) / "tools/calibrate/kernels/cuda"
    found = []
    checked = 0
    for source in sorted(sources.glob("*.cu")):
        if arguments.only and source.name != arguments.only:
            continue
        facts = table["sources"].get(source.name)
        if facts is None:
            found.append(f"{source.name}: has no row")
            continue
        for arch in table["architectures"]:
            with tempfile.TemporaryDirectory() as folder:
                found += violations_of(source, arch, facts, arguments, Path(folder))
            checked += 1
    print("\n".join(found) if found else f"{checked} compilations as designed")
    sys.exit(1 if found or checked == 0 else 0)


if __name__ == "__main__":
    main()
