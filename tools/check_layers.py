#!/usr/bin/env python3
"""Holds the #include lines to the floors that CMake was given.

    tools/check_layers.py [LAYERS] [--root FOLDER]

LAYERS is the table that configuring writes to build/<preset>/layers.txt, one "name|folder|dependency,dependency" a
line; without it, the newest one is read. A file belongs to the floor with the longest folder that holds it. It may
include its own floor and every floor it reaches downwards; files of tests/<floor>/ may also include tests/support/ and
the test folders of these floors. The bodies of JSON and Boost stay in .cpp files. Prints each violation as file:line
and ends with 1.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PROGRAM = ("the program", "tools/helixsim", ["report", "replay", "runner"])  # an executable, so not in the table
SOURCES = {".hpp", ".h", ".cuh", ".cpp", ".cu"}
HEADERS = {".hpp", ".h", ".cuh"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
BODIES = re.compile(r"^(boost/(?!multiprecision/).*|nlohmann/json\.hpp)$")


@dataclass
class Floor:
    name: str
    folder: str
    helpers: list  # folders of test code that its files may include
    reach: set  # names of the floors its files may include, itself too


def inside(path, folder):
    return PurePosixPath(folder) in PurePosixPath(path).parents


def read_table(text):
    rows = [line.split("|") for line in text.splitlines() if line]
    table = [(name, folder, [dep for dep in deps.split(",") if dep]) for name, folder, deps in rows]
    names = {name for name, _, _ in table}
    if PROGRAM[2][0] in names:
        table.append(PROGRAM)
    unknown = {dep for _, _, deps in table for dep in deps} - names
    if unknown:
        sys.exit(f"check_layers: no such floor: {', '.join(sorted(unknown))}")
    return table


def reachable(name, depends, seen=None):
    seen = set() if seen is None else seen
    if name not in seen:
        seen.add(name)
        for below in depends[name]:
            reachable(below, depends, seen)
    return seen


def make_floors(table):
    depends = {name: deps for name, _, deps in table}
    floors, tests = [], []
    for name, folder, _ in table:
        reach = reachable(name, depends)
        floors.append(Floor(name, folder, [], reach))
        helpers = ["tests/support", *(f"tests/{below}" for below in reach)]
        tests.append(Floor(f"tests of {name}", f"tests/{name}", helpers, reach))
    return floors, tests


def floor_of(path, floors):
    owners = [floor for floor in floors if inside(path, floor.folder)]
    return max(owners, key=lambda floor: len(floor.folder), default=None)


def resolve(root, file, quote, written):
    """The included project file, relative to the root; None when there is none."""
    beside = root / file.parent / written
    for candidate in [beside] * (quote == '"') + [root / written]:
        if candidate.is_file() and candidate.resolve().is_relative_to(root):
            return candidate.resolve().relative_to(root)
    return None


def judge(root, file, quote, written, owner, floors):
    """What is wrong with one include, or None."""
    if BODIES.match(written):
        return f"{written} belongs in a .cpp file" if file.suffix in HEADERS else None
    target = resolve(root, file, quote, written)
    if target is None:
        return f"{written} is not a file of the project" if quote == '"' else None
    below = floor_of(target, floors)
    if owner is None or below is None and any(inside(target, folder) for folder in owner.helpers):
        return None
    if below is None:
        return f"{owner.name} must not include {target}: it is on no floor below it"
    if below.name not in owner.reach:
        return f"{owner.name} must not include {target}: {below.name} is not below it"
    return None


def project_files(root, floors):
    tops = {PurePosixPath(floor.folder).parts[0] for floor in floors} | {"tests"}
    found = (path for top in sorted(tops) for path in sorted((root / top).rglob("*")))
    for path in found:
        file = path.relative_to(root)
        if path.suffix in SOURCES and "node_modules" not in file.parts:
            yield file


def check(root, table):
    floors, tests = make_floors(table)
    violations, checked = [], 0
    for file in project_files(root, floors):
        owner = floor_of(file, floors) or floor_of(file, tests)
        if owner is None and not inside(file, "tests"):
            continue  # a tool of its own, such as tools/calibrate
        checked += 1
        for number, line in enumerate((root / file).read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            problem = match and judge(root, file, match[1], match[2], owner, floors)
            if problem:
                violations.append(f"{file}:{number}: {problem}")
    return violations, checked


def newest_table(root):
    tables = sorted(root.glob("build/*/layers.txt"), key=lambda path: path.stat().st_mtime)
    if not tables:
        sys.exit("check_layers: no build/*/layers.txt; configure first, with: cmake --preset release")
    return tables[-1]


def main():
    parser = argparse.ArgumentParser(description="Hold the #include lines to the floors that CMake was given.")
    parser.add_argument("layers", nargs="?", type=Path, help="the table; default: the newest build/*/layers.txt")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the project")
    options = parser.parse_args()
    root = options.root.resolve()
    table = options.layers or newest_table(root)
    violations, checked = check(root, read_table(table.read_text(encoding="utf-8")))
    print(*violations, f"{checked} files checked, {len(violations)} violations", sep="\n")
    if not checked:
        sys.exit("check_layers: nothing to check; is --root the project?")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
