#!/usr/bin/env python3
"""The oracles find planted mistakes: a mesh that has one fails, the same seeds without do not.

KITH_BINARY names the kith program.
"""

import json
import os
import subprocess
import sys

KITH = os.environ["KITH_BINARY"]
USUAL = "crash,power,cut,partition"
RUN = ["sim", "--nodes", "12", "--json"]
# Each with seeds, minutes and faults in which its mistake shows.
MUTANTS = {
    "forgets-custody": ("1..3", "1", USUAL),
    "forgets-duplicates": ("1..5", "1", USUAL),
    "repairs-nothing": ("1..5", "1", USUAL),
    "reassigns-nothing": ("1..20", "2", "wipe,partition"),
}


def failed_seeds(seeds, minutes, faults, *options):
    world = ["--seeds", seeds, "--minutes", minutes, "--faults", faults]
    done = subprocess.run(
        [KITH, *RUN, *world, *options], capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)["failed"]


def main():
    wrong = []
    for name, world in MUTANTS.items():
        if failed_seeds(*world):
            wrong.append(f"seeds {world[0]} fail without a mistake")
        if not failed_seeds(*world, "--mutant", name):
            wrong.append(f"{name} was not found in seeds {world[0]}")
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
