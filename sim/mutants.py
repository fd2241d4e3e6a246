#!/usr/bin/env python3
"""The oracles find planted mistakes: a mesh that has one fails, the same seeds without do not.

KITH_BINARY names the kith program.
"""

import json
import os
import subprocess
import sys

KITH = os.environ["KITH_BINARY"]
FAULTS = "crash,power,cut,partition"
RUN = ["sim", "--nodes", "12", "--minutes", "1", "--faults", FAULTS, "--json"]
# Each with seeds in which its mistake shows.
MUTANTS = {"forgets-custody": "1..3", "forgets-duplicates": "1..5", "repairs-nothing": "1..5"}


def failed_seeds(seeds, *options):
    done = subprocess.run(
        [KITH, *RUN, "--seeds", seeds, *options], capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)["failed"]


def main():
    wrong = []
    for name, seeds in MUTANTS.items():
        if failed_seeds(seeds):
            wrong.append(f"seeds {seeds} fail without a mistake")
        if not failed_seeds(seeds, "--mutant", name):
            wrong.append(f"{name} was not found in seeds {seeds}")
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
