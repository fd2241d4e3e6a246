"""What a flow says of messages that waited, did not come, or came twice."""

import math
import tempfile
import unittest
from pathlib import Path

import table
from flow import Flow, quantile


def flow_of(published: list, came: list) -> Flow:
    flow = Flow.__new__(Flow)
    flow.published, flow.came = published, came
    return flow


class FlowTest(unittest.TestCase):
    def resumed(self, flow: Flow, struck: float, until: float) -> float:
        return flow.resumed_after_s(struck, until, flow.first_arrivals())

    def test_waits_count_from_what_happened(self):
        flow = flow_of([10.0, 10.1, 10.2], [(0, 10.5), (1, 10.5), (2, 10.5)])
        self.assertAlmostEqual(self.resumed(flow, 10.15, 10.3), 0.35)

    def test_what_is_published_later_counts_from_there(self):
        flow = flow_of([10.0, 11.0], [(0, 10.01), (1, 11.2)])
        self.assertAlmostEqual(self.resumed(flow, 10.5, 11.5), 0.2)

    def test_what_came_before_does_not_count(self):
        flow = flow_of([10.0], [(0, 10.4)])
        self.assertEqual(self.resumed(flow, 10.5, 11), 0)

    def test_what_was_lost_waits_for_the_next_that_comes(self):
        flow = flow_of([10.0, 10.1, 10.2, 13.0], [(0, 10.01), (3, 13.01)])
        self.assertAlmostEqual(self.resumed(flow, 10.05, 12), 13.01 - 10.1)
        self.assertEqual(flow.lost(), 2)

    def test_nothing_came_any_more(self):
        flow = flow_of([10.0, 10.1], [(0, 10.01)])
        self.assertEqual(self.resumed(flow, 10.05, 12), math.inf)

    def test_what_comes_twice_counts_once(self):
        flow = flow_of([10.0, 10.1], [(0, 10.1), (0, 10.9), (1, 10.2)])
        self.assertEqual(flow.doubled(), 1)
        self.assertAlmostEqual(self.resumed(flow, 10.05, 12), 0.1)

    def test_quantiles(self):
        values = [float(each) for each in range(1, 101)]
        self.assertEqual(quantile(values, 0.5), 50)
        self.assertEqual(quantile(values, 0.99), 99)
        self.assertEqual(quantile(values, 1), 100)
        self.assertEqual(quantile([7.0], 0.99), 7)


class TableTest(unittest.TestCase):
    def test_a_column_for_each_system_and_a_row_for_each_measure(self):
        shown = table.text({"Kith": {"p50, ms": 8.25, "lost": 0}, "NATS": {"lost": 12345}})
        self.assertEqual(
            shown.splitlines(),
            ["| | Kith | NATS |", "| --- | ---: | ---: |", "| p50, ms | 8.25 | - |",
             "| lost | 0 | 12,345 |"],
        )  # fmt: skip


    def test_writes_between_the_marks_of_its_scenario_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.md"
            before, after = table.mark_of("kill"), table.END_MARK
            other = f"{table.mark_of('cut')}\nstays\n{after}\n"
            file.write_text(f"# Page\n{before}\nold\n{after}\n{other}")
            table.write(file, "kill", "new")
            self.assertEqual(
                file.read_text(), f"# Page\n{before}\n\nnew\n\n{after}\n{other}")  # fmt: skip
            with self.assertRaises(ValueError):
                table.write(file, "hops", "new")


if __name__ == "__main__":
    unittest.main()
