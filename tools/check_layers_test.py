import tempfile
import unittest
from pathlib import Path

from check_layers import Table, check_tree

TABLE = """
[libraries]
std = { headers = ["@std"] }
boost = { headers = ["boost/"] }
beast = { headers = ["boost/beast/"], heavy = true }
sqlite = { headers = ["sqlite3.h"], heavy = true }
test = { headers = ["gtest/"] }
[everywhere]
libraries = ["std", "boost"]
test_libraries = ["test"]
[modules.base]
path = "src/base"
[modules.runtime]
path = "src/runtime"
may = ["base"]
private = ["epoll"]
[modules.storage]
path = "src/storage"
may = ["base"]
private = ["rows"]
[modules."storage/sqlite"]
path = "src/storage/sqlite"
may = ["base", "storage"]
libraries = ["sqlite", "beast"]
[modules.broker]
path = "src/broker"
may = ["base", "runtime", "storage"]
tests = ["storage/sqlite"]
[modules.node]
path = "src/node"
may = ["*"]
"""

HEADERS = {
    "src/base/bytes.h": "",
    "src/base/detail/fold.h": "",
    "src/base/version.h.in": "",
    "src/runtime/shard.h": "",
    "src/runtime/epoll/loop.h": "",
    "src/storage/journal.h": "",
    "src/storage/rows/row.h": "",
    "src/storage/sqlite/store.h": "",
    "src/broker/broker.h": "",
}


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def violations(self, path, text):
        for name, content in (HEADERS | {path: text}).items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return check_tree(self.root, self.table(TABLE))

    def table(self, text):
        path = self.root / "layers.toml"
        path.write_text(text)
        return Table(path)

    def assert_allowed(self, path, text):
        self.assertEqual(self.violations(path, text), [])

    def assert_refused(self, path, text, reason):
        violations = self.violations(path, text)
        self.assertEqual(len(violations), 1, violations)
        self.assertTrue(violations[0].startswith(f"{path}:1: "), violations)
        self.assertIn(reason, violations[0])

    def test_what_the_table_names_is_allowed(self):
        self.assert_allowed(
            "src/broker/a.cpp",
            '#include "base/bytes.h"\n#include <vector>\n#include <boost/x.hpp>\n',
        )
        self.assert_allowed(
            "src/broker/b.cpp", '#include "storage/journal.h"\n#include "broker/broker.h"\n'
        )
        self.assert_allowed("src/node/main.cpp", '#include "storage/sqlite/store.h"\n')

    def test_upwards_is_refused(self):
        self.assert_refused(
            "src/base/a.cpp", '#include "broker/broker.h"\n', "base may not include broker"
        )

    def test_a_submodule_is_not_its_parent(self):
        self.assert_refused(
            "src/broker/a.cpp",
            '#include "storage/sqlite/store.h"\n',
            "may not include storage/sqlite",
        )

    def test_tests_may_include_what_is_named_for_them(self):
        self.assert_allowed(
            "src/broker/a_test.cpp", '#include "storage/sqlite/store.h"\n#include <gtest/gtest.h>\n'
        )
        self.assert_refused(
            "src/broker/a.cpp", "#include <gtest/gtest.h>\n", "broker may not use test"
        )

    def test_detail_is_private_to_its_module(self):
        self.assert_allowed("src/base/a.cpp", '#include "base/detail/fold.h"\n')
        self.assert_refused(
            "src/broker/a.cpp", '#include "base/detail/fold.h"\n', "private to base"
        )

    def test_private_folders_are_open_to_the_modules_inside(self):
        self.assert_allowed("src/storage/sqlite/a.cpp", '#include "storage/rows/row.h"\n')

    def test_private_folders_are_private_even_to_the_root(self):
        self.assert_refused(
            "src/node/main.cpp", '#include "runtime/epoll/loop.h"\n', "private to runtime"
        )

    def test_a_library_is_refused_where_it_is_not_named(self):
        self.assert_refused(
            "src/broker/a.cpp", "#include <sqlite3.h>\n", "broker may not use sqlite"
        )

    def test_the_longest_name_decides_which_library_it_is(self):
        self.assert_refused(
            "src/broker/a.cpp", "#include <boost/beast/x.hpp>\n", "broker may not use beast"
        )

    def test_a_heavy_library_is_not_for_public_headers(self):
        self.assert_allowed("src/storage/sqlite/a.cpp", "#include <sqlite3.h>\n")
        self.assert_allowed("src/storage/sqlite/detail/a.h", "#include <sqlite3.h>\n")
        self.assert_refused("src/storage/sqlite/a.h", "#include <sqlite3.h>\n", "heavy")

    def test_an_unknown_library_is_refused(self):
        self.assert_refused("src/base/a.cpp", "#include <mystery/x.h>\n", "of no library")

    def test_an_include_that_leads_nowhere_is_refused(self):
        self.assert_refused("src/base/a.cpp", '#include "bytes.h"\n', "no such file")

    def test_generated_headers_are_found_by_their_template(self):
        self.assert_allowed("src/broker/a.cpp", '#include "base/version.h"\n')

    def test_a_folder_without_a_module_is_refused(self):
        self.assert_refused("src/strange/a.cpp", "#include <vector>\n", "belongs to no module")

    def test_a_table_with_a_ring_is_refused(self):
        with self.assertRaisesRegex(ValueError, "by way of others"):
            self.table(TABLE.replace('path = "src/base"', 'path = "src/base"\nmay = ["storage"]'))

    def test_a_table_with_an_unknown_name_is_refused(self):
        with self.assertRaisesRegex(ValueError, "unknown module bose"):
            self.table(TABLE.replace('may = ["base"]', 'may = ["bose"]', 1))
        with self.assertRaisesRegex(ValueError, "unknown library lite"):
            self.table(TABLE.replace('["sqlite", "beast"]', '["lite"]'))


if __name__ == "__main__":
    unittest.main()
