"""Tables of Markdown: a column for each system, a row for each measure."""

import math
from pathlib import Path

from flow import quantile


END_MARK = "<!-- ... to here -->"


def mark_of(scenario: str) -> str:
    return f"<!-- ./dev compare mesh, {scenario}, writes from here ... -->"


def write(file: Path, scenario: str, what: str) -> None:
    """Between the marks of this scenario; ValueError without them."""
    page = file.read_text()
    begin = page.find(mark_of(scenario))
    end = page.find(END_MARK, begin)
    if begin < 0 or end < 0:
        raise ValueError(f"{file} has no place for {scenario}")
    head = page[: begin + len(mark_of(scenario))]
    file.write_text(f"{head}\n\n{what}\n\n{page[end:]}")


def of_times(values: list, unit_s: float = 0.001, unit: str = "ms") -> dict:
    """Rows for how long something took: half of them, 99 of 100, the longest."""
    shown = {}
    for name, share in (("p50", 0.5), ("p99", 0.99), ("most", 1.0)):
        shown[f"{name}, {unit}"] = number(quantile(values, share) / unit_s) if values else "-"
    return shown


def number(value: float) -> str:
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "never"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def text(columns: dict) -> str:
    """`columns`: what each system showed, by its name: rows by their name."""
    rows = []
    for shown in columns.values():
        rows += [row for row in shown if row not in rows]
    lines = [f"| | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for row in rows:
        cells = [number(shown.get(row, "-")) for shown in columns.values()]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)
