"""Medians, spreads and ratios of measured runs, and the table that they make."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- ./dev compare writes from here ... -->"
END = "<!-- ... to here -->"

# Whom the others are compared with.
SUBJECT = "kith"

# What one run measured: the object that `kith bench --json` prints.
Run = dict[str, object]


@dataclass(frozen=True)
class Metric:
    key: str
    title: str
    text: Callable[[float], str]
    # Whether values are worth a row; what every run has is not, where it says nothing.
    says_something: Callable[[float], bool] = lambda value: True


def rate_text(value: float) -> str:
    """12345678 -> 12.3 M; three digits say as much as such a measurement can."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{significant(value / scale)} {unit}"
    return significant(value)


def bytes_text(value: float) -> str:
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= scale:
            return f"{significant(value / scale)} {unit}"
    return f"{value:.0f} B"


def significant(value: float) -> str:
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{decimals}f}"


def percent_text(value: float) -> str:
    return f"{100 * value:.1f} %"


METRICS = [
    Metric("ready_ms", "ready, ms", significant),
    Metric("rate", "messages/s", rate_text),
    Metric("connects_per_s", "connects/s", rate_text),
    Metric("exact_subscriptions_per_s", "exact subscriptions/s", rate_text),
    Metric("wildcard_subscriptions_per_s", "wildcard subscriptions/s", rate_text),
    Metric("stored_per_s", "stored/s", rate_text),
    Metric("undelivered", "undelivered", percent_text, lambda share: share > 0),
    Metric("p50_us", "p50, us", significant),
    Metric("p99_us", "p99, us", significant),
    Metric("p999_us", "p99.9, us", significant),
    Metric("cpu_us_per_message", "CPU per message, us", significant),
    Metric("rss_bytes", "resident", bytes_text),
    Metric("rss_bytes_per_connection", "resident per connection", bytes_text),
    Metric("rss_bytes_per_exact_subscription", "resident per exact one", bytes_text),
    Metric("rss_bytes_per_wildcard_subscription", "resident per wildcard", bytes_text),
    Metric("rss_bytes_per_retained", "resident per message", bytes_text),
    Metric("send_lag_p99_us", "sent late, p99, us", significant),
    # Near one core it measured itself.
    Metric("generator_cpu_share", "generator, of a core", percent_text, lambda share: share > 0.8),
]


def in_words(run: Run) -> str:
    """What one run measured, as a line of progress."""
    known = [
        metric
        for metric in METRICS
        if any(metric.says_something(value) for value in values_of([run], metric))
    ]
    return ", ".join(f"{metric.title} {metric.text(run[metric.key])}" for metric in known)


@dataclass
class Measured:
    """The runs of one scenario, by broker, in the order in which they were made."""

    scenario: str
    runs: dict[str, list[Run]]


def values_of(runs: list[Run], metric: Metric) -> list[float]:
    values = [run.get(metric.key) for run in runs]
    return [value for value in values if isinstance(value, (int, float))]


def cell(values: list[float], metric: Metric) -> str:
    """The median, and how far the runs lie apart as a part of it."""
    if not values:
        return "-"
    middle = statistics.median(values)
    if len(values) == 1 or middle == 0:
        return metric.text(middle)
    spread_percent = 100 * (max(values) - min(values)) / middle
    return f"{metric.text(middle)} (±{spread_percent / 2:.0f} %)"


def ratio(of: list[float], to: list[float]) -> str:
    if not of or not to or statistics.median(to) == 0:
        return "-"
    return f"{significant(statistics.median(of) / statistics.median(to))}"


def rows(measured: list[Measured], brokers: list[str]) -> list[str]:
    """A Markdown table; last stand the ratios of Kith, or else the last broker, to each other."""
    subject = SUBJECT if SUBJECT in brokers else brokers[-1]
    others = [broker for broker in brokers if broker != subject]
    titles = ["scenario", "measure", *brokers, *(f"{subject} / {other}" for other in others)]
    lines = [line_of(titles), line_of(["---", "---"] + ["---:"] * (len(titles) - 2))]
    for scenario in measured:
        name = scenario.scenario
        for metric in METRICS:
            values = {broker: values_of(scenario.runs[broker], metric) for broker in brokers}
            if not any(metric.says_something(value) for each in values.values() for value in each):
                continue
            cells = [cell(each, metric) for each in values.values()]
            cells += [ratio(values[subject], values[other]) for other in others]
            lines.append(line_of([name, metric.title, *cells]))
            name = "..."
    return lines


def line_of(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write_between_marks(path: Path, lines: list[str]) -> None:
    """Replaces what stands between the two marks of the file. Raises ValueError without them."""
    text = path.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} lacks the lines `{BEGIN}` and `{END}`")
    path.write_text("\n".join([before + BEGIN, *lines, END + after]))
