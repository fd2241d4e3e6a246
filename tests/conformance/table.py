"""The tables of normative statements, and the tests that say they cover them.

table/mqtt5.toml and table/mqtt311.toml have a row for each statement:

    "MQTT-3.1.2-7" = { who = "server", status = "test", says = "..." }

`who` is obliged: server, client or both. `status` is
    test           tests name the statement; for what obliges clients they ask what a server does
                   with a client that breaks it, if the standard has a server notice;
    client_only    nothing that a server could notice;
    not_testable   `why` says why no test over a connection can tell.
"""

import sys
import tomllib
import unittest
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WHO = ("server", "client", "both")
STATUSES = ("test", "client_only", "not_testable")


@dataclass
class Row:
    id: str
    who: str
    status: str
    says: str
    why: str = ""
    tests: list[str] = field(default_factory=list)


@dataclass
class Table:
    """All statements of one version, in the order of the standard."""

    name: str
    version: int
    standard: str
    statements: int  # how many it must have
    rows: dict[str, Row]


def read_table(name: str) -> Table:
    read = tomllib.loads((FOLDER / "table" / f"{name}.toml").read_text())
    rows = {key: Row(key, **fields) for key, fields in read["statement"].items()}
    return Table(name, read["version"], read["standard"], read["statements"], rows)


def read_tables() -> list[Table]:
    return [read_table("mqtt5"), read_table("mqtt311")]


def all_tests() -> list[unittest.TestCase]:
    """Each test of the suite, by module, class and name."""
    sys.path.insert(0, str(FOLDER))
    from suite import Case  # reads the environment

    loader = unittest.defaultTestLoader
    tests: list[unittest.TestCase] = []
    for path in sorted(FOLDER.glob("*_test.py")):
        waiting = [loader.loadTestsFromName(path.stem)]
        while waiting:
            each = waiting.pop(0)
            if isinstance(each, unittest.TestSuite):
                waiting[:0] = list(each)
            elif isinstance(each, Case):
                tests.append(each)
    return tests


def covered_ids(test: unittest.TestCase) -> list[tuple[int, str]]:
    """What the test covers in the version in which it runs."""
    marked = getattr(getattr(test, test.id().rpartition(".")[2]), "covers", ())
    return [(version, each) for version, each in marked if version == test.VERSION]
