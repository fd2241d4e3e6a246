#!/usr/bin/env python3
"""Refuses an include that the layer table (tools/layers.toml) does not allow.

check_layers.py [--root DIR] [--table FILE]. Every violation is one line with file, line and reason;
exit 1 if there is one. The table is checked too: unknown names, and layers that form a ring.
"""

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
STANDARD = re.compile(r"^[a-z_0-9]+$")
C_HEADERS = {
    "errno.h",
    "signal.h",
    "time.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "stdint.h",
    "stddef.h",
    "math.h",
}
TEST_FILE = re.compile(r"_(test|fuzz|bench)\.cpp$|(^|/)testing/")
SOURCES = ("*.h", "*.cpp")


@dataclass
class Module:
    name: str
    path: str
    may: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    test_libraries: list[str] = field(default_factory=list)


class Table:
    """The parsed layer table. Raises ValueError if it contradicts itself."""

    def __init__(self, path: Path):
        data = tomllib.loads(path.read_text())
        self.libraries = data["libraries"]
        self.everywhere = data["everywhere"]
        self.modules = {name: Module(name=name, **entry) for name, entry in data["modules"].items()}
        self._check_names()
        self._check_rings()

    def module_of(self, path: str) -> Module | None:
        """The module with the longest folder that holds `path`, a path from the root."""
        holders = [m for m in self.modules.values() if path.startswith(m.path + "/")]
        return max(holders, key=lambda m: len(m.path), default=None)

    def library_of(self, header: str) -> str | None:
        """The library with the longest matching name for a header in angle brackets."""
        best = (0, None)
        for name, library in self.libraries.items():
            for known in library["headers"]:
                if matches(known, header):
                    best = max(best, (len(known), name), key=lambda pair: pair[0])
        return best[1]

    def _check_names(self) -> None:
        for module in self.modules.values():
            for name in module.may + module.tests:
                if name != "*" and name not in self.modules:
                    raise ValueError(f"module {module.name} names the unknown module {name}")
            for name in module.libraries + module.test_libraries:
                if name not in self.libraries:
                    raise ValueError(f"module {module.name} names the unknown library {name}")

    def _check_rings(self) -> None:
        """Layers have an above and a below. A folder and its own subfolders may know each other."""
        for start in self.modules:
            reached, todo = set(), self._below(start)
            while todo:
                name = todo.pop()
                if name == start:
                    raise ValueError(f"module {start} may include itself by way of others")
                if name not in reached:
                    reached.add(name)
                    todo += self._below(name)

    def _below(self, name: str) -> list[str]:
        return [
            other
            for other in self.modules[name].may
            if other != "*" and other.split("/")[0] != name.split("/")[0]
        ]


def matches(known: str, header: str) -> bool:
    if known == "@std":
        return bool(STANDARD.match(header)) or header in C_HEADERS
    if known.endswith("/"):
        return header.startswith(known)
    return header == known


def check_tree(root: Path, table: Table) -> list[str]:
    """The violations under `root`, one line each, in the order of the files."""
    violations = []
    for module_folder in sorted({m.path.split("/")[0] for m in table.modules.values()}):
        for pattern in SOURCES:
            for file in sorted((root / module_folder).rglob(pattern)):
                if "node_modules" not in file.parts:
                    violations += check_file(root, file.relative_to(root).as_posix(), table)
    return violations


def check_file(root: Path, path: str, table: Table) -> list[str]:
    module = table.module_of(path)
    if module is None:
        return [f"{path}:1: belongs to no module of tools/layers.toml"]
    violations = []
    for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), 1):
        if match := INCLUDE.match(line):
            quote, header = match.groups()
            if quote == "<":
                reason = judge_library(path, module, header, table)
            else:
                reason = judge_module(root, path, module, header, table)
            if reason:
                violations.append(f"{path}:{number}: {module.name} includes {header}: {reason}")
    return violations


def judge_library(path: str, module: Module, header: str, table: Table) -> str | None:
    """Why `path` may not include <header>, or None."""
    name = table.library_of(header)
    if name is None:
        return "of no library in tools/layers.toml"
    allowed = table.everywhere["libraries"] + module.libraries
    if TEST_FILE.search(path):
        allowed = allowed + table.everywhere["test_libraries"] + module.test_libraries
    if name not in allowed:
        return f"{module.name} may not use {name}"
    public_header = path.endswith(".h") and not is_private(path, module)
    if public_header and table.libraries[name].get("heavy"):
        return f"{name} is heavy and belongs into .cpp files"
    return None


def judge_module(root: Path, path: str, module: Module, header: str, table: Table) -> str | None:
    """Why `path` may not include "header", or None."""
    target_path = resolve(root, header)
    if target_path is None:
        return "no such file from src/ or the root; includes start there"
    target = table.module_of(target_path)
    if target is None:
        return "belongs to no module of tools/layers.toml"
    if target.name == module.name:
        return None
    allowed = module.may + (module.tests if TEST_FILE.search(path) else [])
    if target.name not in allowed and "*" not in allowed:
        return f"{module.name} may not include {target.name}"
    is_inside = module.path.startswith(target.path + "/")
    if is_private(target_path, target) and not is_inside:
        return f"private to {target.name}"
    return None


def is_private(path: str, module: Module) -> bool:
    inner_folders = path.removeprefix(module.path + "/").split("/")[:-1]
    return bool(set(inner_folders) & {"detail", *module.private})


def resolve(root: Path, header: str) -> str | None:
    """Where an include in quotes leads, as a path from the root; generated headers end in .in."""
    for candidate in (f"src/{header}", header):
        if (root / candidate).is_file() or (root / f"{candidate}.in").is_file():
            return candidate
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--table", type=Path, default=Path(__file__).parent / "layers.toml")
    options = parser.parse_args()
    try:
        table = Table(options.table)
    except (ValueError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        print(f"{options.table}: {error}")
        return 1
    violations = check_tree(options.root, table)
    print("\n".join(violations) if violations else "layers: every include is allowed")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
