"""The suites of a run. Each takes a Run and returns its cases."""

import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from report import Case, read_junit

# That every header compiles alone is part of the build.
LINT = ["layers", "tidy", "format"]


@dataclass
class Run:
    preset: str
    filter: str

    @property
    def build(self) -> Path:
        return Path("build") / self.preset

    @property
    def reports(self) -> Path:
        return self.build / "reports"


def lint(run: Run) -> list[Case]:
    """The checks that need no build; their output is what they have to say."""
    del run
    cases = []
    for name in LINT:
        started = time.monotonic()
        done = subprocess.run(["./dev", "lint", name], check=False)
        state = "passed" if done.returncode == 0 else "failed"
        cases.append(Case("lint", name, state, time.monotonic() - started, "see above"))
    return cases


def cpp(run: Run) -> list[Case]:
    """Everything that ctest knows. An entry that leaves reports/NAME.xml counts by its cases."""
    for old in run.reports.glob("*.xml"):
        old.unlink()
    junit = (run.reports / "ctest-entries").resolve()
    command = [
        "ctest",
        "--test-dir",
        str(run.build),
        "--parallel",
        job_count(),
        "--output-junit",
        str(junit),
        "--output-on-failure",
        "--no-tests=error",
    ]
    if run.filter:
        command += ["--tests-regex", run.filter]
    junit.unlink(missing_ok=True)
    done = subprocess.run(command, check=False, env=os.environ | sanitizer_options())
    if not junit.exists():
        return [
            Case(
                "cpp",
                "ctest",
                "failed",
                0,
                f"ctest ended with {done.returncode} and left no report",
            )
        ]
    return [case for entry in read_junit(junit, "cpp") for case in cases_of_entry(run, entry)]


def cases_of_entry(run: Run, entry: Case) -> list[Case]:
    if entry.state == "failed" and not entry.reason:
        entry.reason = "ended badly; its output is above"
    path = run.reports / f"{entry.name}.xml"
    if not path.exists():
        return [entry]
    try:
        cases = read_junit(path, entry.name)
    except ElementTree.ParseError:
        return [entry]
    if entry.state == "failed" and all(case.state != "failed" for case in cases):
        # Ended badly after or between its cases: a crash, a leak, a timeout.
        cases.append(Case("cpp", entry.name, "failed", 0, entry.reason))
    return cases


def sanitizer_options() -> dict[str, str]:
    return {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1"
        ":check_initialization_order=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    }


def console(run: Run) -> list[Case]:
    """The console's unit tests, with vitest."""
    return node_suite(
        run,
        "console",
        Path("console"),
        ["vitest", "run", "--reporter=default", "--reporter=junit"],
        "--testNamePattern",
    )


def e2e(run: Run) -> list[Case]:
    """The console against a real node, in Chromium, with Playwright."""
    return node_suite(
        run, "e2e", Path("tests/e2e"), ["playwright", "test", "--reporter=list,junit"], "--grep"
    )


def node_suite(
    run: Run, name: str, folder: Path, command: list[str], filter_option: str
) -> list[Case]:
    if not (folder / "package.json").exists():
        return []
    junit = (run.reports / f"{name}.junit").resolve()
    junit.unlink(missing_ok=True)
    if command[0] == "vitest":
        command = command + [f"--outputFile.junit={junit}"]
    if run.filter:
        command = command + [filter_option, run.filter]
    env = os.environ | {
        "PLAYWRIGHT_JUNIT_OUTPUT_NAME": str(junit),
        "KITH_BINARY": str((run.build / "kith").resolve()),
        "CI": "1",
    }
    if not os.isatty(1):
        env["NO_COLOR"] = "1"
    done = subprocess.run(["npx", "--no-install"] + command, cwd=folder, check=False, env=env)
    cases = read_junit(junit, name) if junit.exists() else []
    if (
        done.returncode != 0
        and all(case.state != "failed" for case in cases)
        and not (run.filter and not cases)
    ):
        cases.append(Case(name, command[0], "failed", 0, f"ended with {done.returncode}"))
    return cases


def job_count() -> str:
    return os.environ.get("KITH_JOBS") or str(os.cpu_count() or 1)


ALL = {"lint": lint, "cpp": cpp, "console": console, "e2e": e2e}
