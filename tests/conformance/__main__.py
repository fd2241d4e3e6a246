"""Runs the conformance tests: of a node of its own, or of any broker that is there.

python3 tests/conformance [--target HOST:PORT] [--websocket HOST:PORT] [-k PATTERN]
                          [--differences FILE]

With a file of differences, the tests that it names must fail (or may, "sometimes") and all others
pass.
"""

import argparse
import fnmatch
import os
import sys
import tomllib
import unittest
from pathlib import Path

FOREIGN_DEADLINE_S = "2"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", metavar="HOST:PORT", help="a broker that is there")
    parser.add_argument("--websocket", metavar="HOST:PORT", help="its WebSockets")
    parser.add_argument("--differences", metavar="FILE", type=Path, help="what must fail")
    parser.add_argument("-k", metavar="PATTERN", default="*", help="tests to run, as *name*")
    arguments = parser.parse_args()
    if arguments.target:
        os.environ["KITH_CONFORMANCE_TARGET"] = arguments.target
        os.environ.setdefault("KITH_DEADLINE_S", FOREIGN_DEADLINE_S)
    if arguments.websocket:
        os.environ["KITH_CONFORMANCE_WEBSOCKET"] = arguments.websocket

    from table import all_tests  # reads the environment

    tests = [each for each in all_tests() if fnmatch.fnmatch(each.id(), f"*{arguments.k}*")]
    result = unittest.TextTestRunner(verbosity=1).run(unittest.TestSuite(tests))
    failed = {name_of(test) for test, _ in result.failures + result.errors}
    if arguments.differences is None:
        return 1 if failed else 0
    return compare(failed, {each.id() for each in tests}, arguments.differences)


def name_of(test) -> str:
    """Of the test itself, if it is one of its subtests that failed."""
    return getattr(test, "test_case", test).id()


def compare(failed: set[str], ran: set[str], path: Path) -> int:
    read = tomllib.loads(path.read_text())["difference"]
    listed = {name for each in read for name in each["tests"]} & ran
    always = {name for each in read if not each.get("sometimes") for name in each["tests"]} & ran
    for name in sorted(failed - listed):
        print(f"differs, and nothing says why: {name}")
    for name in sorted(always - failed):
        print(f"is said to differ, and does not: {name}")
    print(f"{len(failed & listed)} tests differ as written down")
    return 1 if failed - listed or always - failed else 0


if __name__ == "__main__":
    sys.exit(main())
