"""Counts instructions with callgrind and holds them to the budgets in instructions.txt.

    instructions.py PROGRAM [--measure] [--budgets FILE]

PROGRAM is kith_budget_operations. --measure prints lines for the table instead of comparing. Exit 1
if an operation costs more than its budget; 77, with a line, where there is nothing to count with.
"""

import argparse
import math
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUDGETS = Path(__file__).with_name("instructions.txt")
SKIPPED = 77
MARGIN = 1.10
SECONDS_MAX = 120


class CountError(Exception):
    """Nothing was counted."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--measure", action="store_true", help="print the table anew")
    parser.add_argument("--budgets", type=Path, default=BUDGETS)
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is not installed")
        return SKIPPED
    listed = subprocess.run([options.program], capture_output=True, text=True, check=False)
    if listed.returncode == SKIPPED:
        print(f"skipped: {listed.stdout.strip()}; --config release counts")
        return SKIPPED
    try:
        costs = {
            name: count(options.program, name) / int(messages)
            for name, messages in (line.split() for line in listed.stdout.splitlines())
        }
        if options.measure:
            print("\n".join(row(name, cost) for name, cost in costs.items()))
            return 0
        return compare(costs, read_budgets(options.budgets))
    except CountError as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 1


def count(program: str, operation: str) -> int:
    """Instructions inside budgeted_operation(), over all of its calls."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        command += ["--toggle-collect=budgeted_operation", program, operation]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None or int(collected.group(1)) == 0:
        raise CountError(f"{operation} ended with {done.returncode}: {done.stderr[-500:]}")
    return int(collected.group(1))


def row(operation: str, cost: float) -> str:
    return f"{operation:<11} {math.ceil(cost * MARGIN):>8} {cost:>10.0f}"


def read_budgets(path: Path) -> dict[str, int]:
    lines = [line.split() for line in path.read_text().splitlines()]
    return {line[0]: int(line[1]) for line in lines if line and not line[0].startswith("#")}


def compare(costs: dict[str, float], budgets: dict[str, int]) -> int:
    """Every operation has a budget and every budget an operation."""
    if costs.keys() != budgets.keys():
        print(f"instructions: the table has {', '.join(budgets)}, the program {', '.join(costs)}")
        return 1
    dear = [name for name, cost in costs.items() if cost > budgets[name]]
    for name, cost in costs.items():
        verdict = "too many" if name in dear else "ok"
        print(f"{name}: {cost:.0f} instructions a message, budget {budgets[name]}: {verdict}")
    return 1 if dear else 0


if __name__ == "__main__":
    sys.exit(main())
