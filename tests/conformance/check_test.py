"""The check of the tables finds what is wrong with them."""

import unittest

import check
from table import Row, Table, all_tests, covered_ids, read_tables
from suite import V311, Case, mqtt5, mqtt311


def row(**fields) -> Row:
    good = {"id": "MQTT-1.0.0-1", "who": "server", "status": "test", "says": "x", "tests": ["t"]}
    return Row(**(good | fields))


def table(*ids: str, statements: int) -> Table:
    return Table("mqtt311", V311, "a standard", statements, {each: row(id=each) for each in ids})


class Rows(unittest.TestCase):
    def test_a_good_row_is_fine(self):
        self.assertEqual(check.check_row(row()), [])

    def test_a_row_without_its_test_is_found(self):
        self.assertIn("no test covers it", check.check_row(row(tests=[]))[0])

    def test_a_test_of_what_is_said_not_to_have_one_is_found(self):
        self.assertEqual(len(check.check_row(row(who="client", status="client_only"))), 1)
        self.assertEqual(len(check.check_row(row(status="not_testable", why="x"))), 1)

    def test_unknown_words_and_missing_reasons_are_found(self):
        self.assertEqual(len(check.check_row(row(who="nobody"))), 1)
        self.assertEqual(len(check.check_row(row(status="done", tests=[]))), 1)
        self.assertEqual(len(check.check_row(row(status="not_testable", tests=[]))), 1)
        self.assertEqual(len(check.check_row(row(why="of a test"))), 1)
        self.assertEqual(len(check.check_row(row(status="client_only", tests=[]))), 1)

    def test_a_missing_row_is_found(self):
        good = table("MQTT-1.0.0-1", "MQTT-1.0.0-2", "MQTT-2.0.0-1", statements=3)
        self.assertEqual(check.check_table(good), [])
        gap = table("MQTT-1.0.0-1", "MQTT-1.0.0-3", statements=2)
        self.assertIn("MQTT-1.0.0-2 is due", check.check_table(gap)[0])
        short = table("MQTT-1.0.0-1", statements=2)
        self.assertIn("1 rows, not 2", check.check_table(short)[0])


class Tests(unittest.TestCase):
    def test_an_unknown_id_is_found(self):
        tables = read_tables()
        for each in tables:
            each.rows.pop("MQTT-3.12.4-1")
        problems = check.attach_tests(tables)
        self.assertTrue(problems)
        self.assertEqual({"MQTT-3.12.4-1"}, {each.split(" covers ")[1].split(",")[0]
                                             for each in problems})

    def test_only_the_version_in_which_a_test_runs_counts(self):
        class Both(Case):
            VERSION = V311

            @mqtt5("MQTT-1.5.4-1")
            @mqtt311("MQTT-1.5.3-1")
            def test_x(self):
                pass

        self.assertEqual(covered_ids(Both("test_x")), [(V311, "MQTT-1.5.3-1")])

    def test_all_files_are_read(self):
        modules = {each.id().split(".")[0] for each in all_tests()}
        self.assertIn("will_test", modules)
        self.assertNotIn("check_test", modules)


if __name__ == "__main__":
    unittest.main()
