#!/usr/bin/env python3
"""The oracles find planted mistakes: a mesh that has one fails, the same seeds without do not.

KITH_BINARY names the kith program.
"""

import json
import os
import subprocess
import sys

KITH = os.environ["KITH_BINARY"]
RUN = ["sim", "--nodes", "8", "--minutes", "0.5", "--faults", "crash,cut,partition", "--json"]
# Each with seeds in which its mistake shows.
MUTANTS = {"forgets-custody": "3..4", "forgets-duplicates": "3..4"}


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
