import contextlib
import io
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import report

GTEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4"><testsuite name="Utf8">
<testcase name="Good" status="run" result="completed" time="0.5" classname="Utf8" />
<testcase name="Bad" status="run" result="completed" time="0.25" classname="Utf8">
  <failure message="utf8_test.cpp:7&#x0A;Expected: 1" type=""><![CDATA[x]]></failure></testcase>
<testcase name="Later" status="run" result="skipped" time="0" classname="Utf8">
  <skipped message="utf8_test.cpp:9&#x0A;no shared data here&#x0A;"><![CDATA[x]]></skipped>
</testcase>
<testcase name="DISABLED_Old" status="notrun" result="suppressed" time="0" classname="Utf8" />
</testsuite></testsuites>"""

CTEST = """<testsuite>
<testcase name="kith_base_test" classname="kith_base_test" time="1.5" status="run">
  <system-out>x</system-out></testcase>
<testcase name="tools_x" classname="tools_x" time="0.1" status="fail">
  <failure message="Failed"/></testcase>
<testcase name="quiet" classname="quiet" time="0.1" status="notrun">
  <skipped message="SKIP_RETURN_CODE=77"/></testcase>
</testsuite>"""


class ReadJunit(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.xml"
            path.write_text(text)
            return report.read_junit(path, "suite")

    def test_googletest_states_and_reasons(self):
        good, bad, later, disabled = self.read(GTEST)
        self.assertEqual((good.name, good.state, good.seconds), ("Utf8.Good", "passed", 0.5))
        self.assertEqual((bad.state, bad.reason), ("failed", "utf8_test.cpp:7 | Expected: 1"))
        self.assertEqual((later.state, later.reason), ("skipped", "no shared data here"))
        self.assertEqual(disabled.state, "skipped")

    def test_ctest_entries_keep_their_plain_names(self):
        states = {case.name: case.state for case in self.read(CTEST)}
        self.assertEqual(
            states, {"kith_base_test": "passed", "tools_x": "failed", "quiet": "skipped"}
        )

    def test_a_torn_file_is_an_error(self):
        with self.assertRaises(ElementTree.ParseError):
            self.read(GTEST[:200])


class Conclude(unittest.TestCase):
    def conclude(self, cases):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = report.conclude(cases, 12.4, 3.6)
        return status, out.getvalue().splitlines()

    def test_closes_with_one_line_that_counts(self):
        status, lines = self.conclude(
            [
                report.Case("a", "one", "passed", 1),
                report.Case("a", "two", "skipped", 0, "no network"),
            ]
        )
        self.assertEqual(status, 0)
        self.assertEqual(
            lines[-1], "kith: 1 tests passed, 1 skipped, 0 failed (build 12 s, tests 4 s)"
        )
        self.assertIn("  a: two: no network", lines)

    def test_one_failure_fails_the_run(self):
        status, lines = self.conclude(
            [report.Case("a", "one", "passed", 1), report.Case("b", "two", "failed", 0, "because")]
        )
        self.assertEqual(status, 1)
        self.assertIn("  b: two: because", lines)

    def test_a_run_without_a_passed_test_is_no_success(self):
        self.assertEqual(self.conclude([])[0], 1)


if __name__ == "__main__":
    unittest.main()
