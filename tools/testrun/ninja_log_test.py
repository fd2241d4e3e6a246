import tempfile
import unittest
from pathlib import Path

from ninja_log import NinjaLog

HEADER = "# ninja log v5\n"
TIME = "0\t1500\t7\tsrc/base/CMakeFiles/kith_base.dir/time.cpp.o\tabc\n"
TIME_AGAIN = "10\t260\t8\tsrc/base/CMakeFiles/kith_base.dir/time.cpp.o\tabc\n"
LIBRARY = "1500\t1600\t7\tsrc/base/libkith_base.a\tdef\n"


class CompiledSince(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / ".ninja_log"

    def test_a_first_build_counts_whole_and_libraries_do_not(self):
        log = NinjaLog(self.path)
        self.path.write_text(HEADER + TIME + LIBRARY)
        self.assertEqual(log.compiled_since(), [(1.5, "src/base/time.cpp")])

    def test_what_was_there_before_does_not_count(self):
        self.path.write_text(HEADER + TIME)
        log = NinjaLog(self.path)
        self.assertEqual(log.compiled_since(), [])
        self.path.write_text(HEADER + TIME + TIME_AGAIN)
        self.assertEqual(log.compiled_since(), [(0.25, "src/base/time.cpp")])


if __name__ == "__main__":
    unittest.main()
