"""The alerts and the dashboard in packaging/monitoring ask only for metrics that a node has."""

import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
MONITORING = ROOT / "packaging" / "monitoring"
METRICS = ROOT / "docs" / "reference" / "metrics.md"
NAME = re.compile(r"\bkith_[a-z0-9_]+")
LABEL = re.compile(r"\b(kith_[a-z0-9_]+)\{[^}]*?\b(reason|limit|action)[!=]")


def known_metrics():
    """Name to labels; a histogram has its three series besides."""
    known = {}
    for name, kind, labels in re.findall(
        r"^\| `(kith_\w+)` \| (\w+) \| ([^|]*) \|", METRICS.read_text(), re.MULTILINE
    ):
        ends = ["", "_bucket", "_sum", "_count"] if kind == "histogram" else [""]
        for end in ends:
            known[name + end] = {label.strip() for label in labels.split(",")}
    return known


def expressions(alerts, dashboard):
    for line in alerts.splitlines():
        if line.strip().startswith("expr:"):
            yield line.split("expr:", 1)[1]
    for panel in json.loads(dashboard)["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


class Monitoring(unittest.TestCase):
    def setUp(self):
        self.expressions = list(
            expressions(
                (MONITORING / "kith-alerts.yml").read_text(),
                (MONITORING / "kith-dashboard.json").read_text(),
            )
        )

    def test_every_metric_exists(self):
        known = known_metrics()
        self.assertGreater(len(known), 60)
        self.assertGreater(len(self.expressions), 20)
        for expression in self.expressions:
            for name in NAME.findall(expression):
                self.assertIn(name, known, expression)

    def test_every_label_exists(self):
        known = known_metrics()
        for expression in self.expressions:
            for name, label in LABEL.findall(expression):
                self.assertIn(label, known[name], expression)

    def test_brackets_close(self):
        for expression in self.expressions:
            for begin, end in ("()", "{}", "[]"):
                self.assertEqual(expression.count(begin), expression.count(end), expression)

    def test_a_name_that_does_not_exist_is_seen(self):
        self.assertNotIn("kith_messages_lost_total", known_metrics())


if __name__ == "__main__":
    unittest.main()
