"""Builds and runs every test of the project, then tells in one line how it went.

Called by `./dev test`. A run is a row of suites (lint, cpp, console, e2e); each yields cases with a
name, a state and a time, read from JUnit files. The counts at the end are of cases, not programs.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

import ninja_log
import report
import suites

PRESETS = {
    "asan-ubsan": "asan-ubsan",
    "dev": "dev",
    "clang": "clang",
    "tsan": "tsan",
    "release": "release-test",
}


def main() -> int:
    options = parse_options()
    run = suites.Run(preset=PRESETS[options.config], filter=options.filter)
    run.reports.mkdir(parents=True, exist_ok=True)
    chosen = options.only or list(suites.ALL)

    log = ninja_log.NinjaLog(run.build / ".ninja_log")
    started = time.monotonic()
    built = subprocess.run(["./dev", "build", run.preset], check=False).returncode == 0
    build_s = time.monotonic() - started
    report.print_slowest("translation units compiled", log.compiled_since())
    if not built:
        print(f"kith: the build failed after {build_s:.0f} s; no test was run")
        return 1

    started = time.monotonic()
    cases = []
    for name in chosen:
        print(f"test: {name} ...", flush=True)
        cases += suites.ALL[name](run)
    return report.conclude(cases, build_s, time.monotonic() - started)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev test", add_help=False)
    parser.add_argument("--config", choices=PRESETS, default="asan-ubsan")
    parser.add_argument("--filter", type=regular_expression, default="")
    parser.add_argument("--only", type=suite_list, default=[])
    return parser.parse_args()


def regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from error
    return text


def suite_list(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in suites.ALL:
            raise argparse.ArgumentTypeError(
                f"no suite '{name}'; there are {', '.join(suites.ALL)}"
            )
    return names


if __name__ == "__main__":
    sys.exit(main())
