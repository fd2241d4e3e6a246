"""Cases read from JUnit files, and what is said of them at the end of a run."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

SLOWEST_MAX = 10


@dataclass
class Case:
    """One test: `state` is passed, failed or skipped; `reason` says why it did not pass."""

    suite: str
    name: str
    state: str
    seconds: float
    reason: str = ""


def read_junit(path: Path, suite: str) -> list[Case]:
    """The cases of a JUnit file as GoogleTest, ctest, vitest and Playwright write them.

    Raises ElementTree.ParseError if the file is not whole, as after a crash.
    """
    return [to_case(node, suite) for node in ElementTree.parse(path).iter("testcase")]


def to_case(node: ElementTree.Element, suite: str) -> Case:
    group, name = node.get("classname", ""), node.get("name", "")
    full = name if not group or group == name else f"{group}.{name}"
    seconds = float(node.get("time") or 0)
    problem = next(
        (node.find(kind) for kind in ("failure", "error") if node.find(kind) is not None), None
    )
    if problem is not None or node.get("status") == "fail":
        text = "" if problem is None else problem.get("message") or problem.text or ""
        return Case(suite, full, "failed", seconds, first_lines(text))
    skipped = node.find("skipped")
    if skipped is not None or node.get("status") in ("notrun", "disabled"):
        text = "" if skipped is None else skipped.get("message") or skipped.text or ""
        return Case(suite, full, "skipped", seconds, skip_reason(text))
    return Case(suite, full, "passed", seconds)


def first_lines(text: str) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[:3])


def skip_reason(text: str) -> str:
    """GoogleTest puts the place on a line before the reason; the reason is what people read."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def print_slowest(what: str, timed: list[tuple[float, str]]) -> None:
    if not timed:
        return
    print(f"slowest of {len(timed)} {what}:")
    for seconds, name in sorted(timed, reverse=True)[:SLOWEST_MAX]:
        print(f"  {seconds:7.2f} s  {name}")


def conclude(cases: list[Case], build_s: float, tests_s: float) -> int:
    """Prints what was slow, skipped and failed, then the closing line. Returns the exit status."""
    print_slowest("tests", [(case.seconds, f"{case.suite}: {case.name}") for case in cases])
    for state in ("skipped", "failed"):
        chosen = [case for case in cases if case.state == state]
        if chosen:
            print(f"{state}:")
        for case in chosen:
            print(f"  {case.suite}: {case.name}: {case.reason}")
    count = {
        state: sum(case.state == state for case in cases)
        for state in ("passed", "skipped", "failed")
    }
    print(
        f"kith: {count['passed']} tests passed, {count['skipped']} skipped,"
        f" {count['failed']} failed (build {build_s:.0f} s, tests {tests_s:.0f} s)",
        flush=True,
    )
    return 0 if count["failed"] == 0 and count["passed"] > 0 else 1
