"""Runs the unittest cases of one file and writes a JUnit report, so that each case is counted.

python3 tools/unittest_report.py FILE. The report goes to the file that KITH_REPORT names, if set.
"""

import importlib.util
import os
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path


class TimedResult(unittest.TextTestResult):
    """Collects a JUnit `testcase` for each test."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.suite = ElementTree.Element("testsuite")
        self._case = None
        self._started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        group, _, name = test.id().rpartition(".")
        self._case = ElementTree.SubElement(
            self.suite, "testcase", classname=group, name=name, status="run"
        )

    def stopTest(self, test):
        self._case.set("time", f"{time.monotonic() - self._started:.3f}")
        super().stopTest(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note("failure", self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        if self._case is None:  # in setUpClass or setUpModule, outside any test
            self._case = ElementTree.SubElement(
                self.suite, "testcase", name=str(test), status="run"
            )
        self._note("error", self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note("failure", f"{subtest}: {err[1]}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if self._case is None or self._case.get("time"):
            self._case = ElementTree.SubElement(
                self.suite, "testcase", name=str(test), status="notrun"
            )
        self._note("skipped", reason)

    def _note(self, kind: str, message: str):
        last_line = message.strip().splitlines()[-1] if message.strip() else kind
        ElementTree.SubElement(self._case, kind, message=last_line).text = message


def main() -> int:
    script = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(script.parent))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module
    spec.loader.exec_module(module)
    tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(resultclass=TimedResult, verbosity=2).run(tests)
    if report := os.environ.get("KITH_REPORT"):
        Path(report).parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(result.suite).write(report, encoding="unicode")
    if result.testsRun == 0:
        print(f"{script}: has no test cases", file=sys.stderr)
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
