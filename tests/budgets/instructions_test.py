"""instructions.py with a program and a valgrind that are scripts."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name("instructions.py")

PROGRAM = """
if len(sys.argv) < 2:
    print("parse 10")
    print("route 20")
"""
# Parsing costs 1000 / 10, routing 4000 / 20.
VALGRIND = """
assert "--toggle-collect=budgeted_operation" in sys.argv
collected = {"parse": 1000, "route": 4000}[sys.argv[-1]]
print(f"==1== Collected : {collected}", file=sys.stderr)
"""


class Instructions(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.write("program", PROGRAM)
        self.write("valgrind", VALGRIND)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\nimport sys\n{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_with(self, budgets, *arguments):
        table = self.folder / "budgets.txt"
        table.write_text(budgets)
        command = [sys.executable, SCRIPT, self.folder / "program", "--budgets", table, *arguments]
        environment = {**os.environ, "PATH": str(self.folder)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def test_what_stays_in_its_budget_passes(self):
        done = self.run_with("# a comment\n\nparse 100 91\nroute 220 200\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("parse: 100 instructions a message, budget 100: ok", done.stdout)

    def test_one_instruction_too_many_fails(self):
        done = self.run_with("parse 99\nroute 200\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("parse: 100 instructions a message, budget 99: too many", done.stdout)
        self.assertIn("route: 200 instructions a message, budget 200: ok", done.stdout)

    def test_the_table_names_what_the_program_does(self):
        for budgets in ("parse 100\n", "parse 100\nroute 300\nencode 1\n"):
            done = self.run_with(budgets)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the program parse, route", done.stdout)

    def test_measure_prints_the_table(self):
        done = self.run_with("", "--measure")
        self.assertEqual(
            [line.split() for line in done.stdout.splitlines()],
            [["parse", "111", "100"], ["route", "221", "200"]],
        )

    def test_a_build_that_is_not_a_release_is_skipped(self):
        self.write("program", "print('not a release build')\nsys.exit(77)\n")
        done = self.run_with("")
        self.assertEqual(done.returncode, 77)
        self.assertIn("skipped: not a release build", done.stdout)

    def test_without_valgrind_it_is_skipped(self):
        (self.folder / "valgrind").unlink()
        done = self.run_with("")
        self.assertEqual(done.returncode, 77)
        self.assertIn("skipped: valgrind is not installed", done.stdout)

    def test_nothing_counted_is_a_failure(self):
        for text in ("print('==1== Collected : 0', file=sys.stderr)\n", "sys.exit(3)\n"):
            self.write("valgrind", text)
            done = self.run_with("parse 1\nroute 1\n")
            self.assertEqual(done.returncode, 1)
            self.assertIn("parse ended with", done.stderr)


if __name__ == "__main__":
    unittest.main()
