"""Checks the tables of normative statements against the tests, and writes the pages about them.

python3 tests/conformance/check.py            fails when a row or a test is missing, or a page old
python3 tests/conformance/check.py --write    writes docs/conformance/
"""

import argparse
import sys
import tomllib
from pathlib import Path

from table import FOLDER, STATUSES, WHO, Row, Table, all_tests, covered_ids, read_tables

ROOT = FOLDER.parents[1]
PAGES = ROOT / "docs/conformance"
TITLES = {"mqtt5": "MQTT 5.0", "mqtt311": "MQTT 3.1.1"}
STATUS_WORDS = {"client_only": "client only", "not_testable": "not testable"}
REASON_CODES = 43  # by value
# Sections whose numbers do not begin with 1, as printed.
FIRST_NUMBERS = {("mqtt5", "MQTT-2.2.1"): 2}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/conformance/")
    arguments = parser.parse_args()
    tables = read_tables()
    problems = attach_tests(tables)
    for table in tables:
        problems += check_table(table)
    problems += check_differences() + check_reason_codes()
    pages = {f"{table.name}.md": page(table) for table in tables}
    pages["README.md"] = overview(tables)
    pages["mosquitto.md"] = differences_page()
    pages["reason-codes.md"] = reason_codes_page()
    for name, text in pages.items():
        if arguments.write:
            (PAGES / name).write_text(text)
        elif not (PAGES / name).is_file() or (PAGES / name).read_text() != text:
            problems.append(f"docs/conformance/{name} is old; check.py --write writes it")
    for problem in problems:
        print(problem)
    print(f"conformance: {counts(tables)}; {len(problems)} problems")
    return 1 if problems else 0


def attach_tests(tables: list[Table]) -> list[str]:
    """Gives each row the names of its tests."""
    by_version = {table.version: table for table in tables}
    problems = []
    for test in all_tests():
        name = test.id()
        covered = covered_ids(test)
        if not covered:
            problems.append(f"{name} covers no statement of its version")
        for version, each in covered:
            row = by_version[version].rows.get(each)
            if row is None:
                problems.append(f"{name} covers {each}, which MQTT {version} has not")
            elif name not in row.tests:
                row.tests.append(name)
    return problems


def check_table(table: Table) -> list[str]:
    problems = [f"{table.name}: {text}" for row in table.rows.values() for text in check_row(row)]
    if len(table.rows) != table.statements:
        problems.append(f"{table.name}: {len(table.rows)} rows, not {table.statements}")
    next_numbers: dict[str, int] = {}
    for each in table.rows:
        section, _, number = each.rpartition("-")
        first = FIRST_NUMBERS.get((table.name, section), 1)
        expected = next_numbers.get(section, first)
        if int(number) != expected:
            problems.append(f"{table.name}: {each} where {section}-{expected} is due")
        next_numbers[section] = int(number) + 1
    return problems


def check_row(row: Row) -> list[str]:
    problems = []
    if row.who not in WHO or row.status not in STATUSES:
        problems.append(f"{row.id}: who or status is not one of those there are")
    if row.status == "test" and not row.tests:
        problems.append(f"{row.id}: no test covers it")
    if row.status != "test" and row.tests:
        problems.append(f"{row.id}: is {row.status}, but {row.tests[0]} covers it")
    if (row.status == "not_testable") != bool(row.why):
        problems.append(f"{row.id}: `why` goes with not_testable")
    if row.status == "client_only" and row.who != "client":
        problems.append(f"{row.id}: is client_only, but obliges {row.who}")
    return problems


def read_differences(path: Path = FOLDER / "differences/mosquitto.toml") -> dict:
    return tomllib.loads(path.read_text())


def check_differences() -> list[str]:
    names = {test.id() for test in all_tests()}
    listed = [name for each in read_differences()["difference"] for name in each["tests"]]
    return [f"differences/mosquitto.toml: there is no test {name}"
            for name in listed if name not in names]


def read_reason_codes() -> dict[str, dict[str, str]]:
    return tomllib.loads((FOLDER / "table/reason_codes.toml").read_text())["reason"]


def check_reason_codes() -> list[str]:
    names = {test.id() for test in all_tests()}
    codes = read_reason_codes()
    problems = [f"reason_codes.toml: {code} has neither a test that there is nor a reason"
                for code, row in codes.items() if row.get("test") not in names and "why" not in row]
    if len(codes) != REASON_CODES:
        problems.append(f"reason_codes.toml: {len(codes)} reason codes, not {REASON_CODES}")
    return problems


# --- Pages. ---


def counts(tables: list[Table]) -> str:
    return ", ".join(
        f"{TITLES[table.name]} {tally(table, 'test')} tested of {len(table.rows)}"
        for table in tables
    )


def tally(table: Table, status: str) -> int:
    return sum(row.status == status for row in table.rows.values())


def page(table: Table) -> str:
    lines = [
        f"# {TITLES[table.name]}, statement by statement",
        "",
        f"{table.standard}. Each normative statement, in our words; the standard holds.",
        "Made by `tests/conformance/check.py` from its table and tests; a test keeps it so.",
        "",
        "| statement | obliges | says | tests |",
        "| --- | --- | --- | --- |",
    ]
    for row in table.rows.values():
        says = row.says.replace("|", "\\|")
        lines.append(f"| {row.id} | {row.who} | {says} | {status_of(row)} |")
    return "\n".join(lines) + "\n"


def status_of(row: Row) -> str:
    if row.status != "test":
        words = STATUS_WORDS[row.status]
        return f"{words}: {row.why}" if row.why else words
    return "<br>".join(dict.fromkeys(in_words(test) for test in row.tests))


def in_words(test: str) -> str:
    module, _, method = test.split(".")
    return f"{module.removesuffix('_test')}: {method.removeprefix('test_')}".replace("_", " ")


def overview(tables: list[Table]) -> str:
    lines = [
        "# Conformance",
        "",
        "What the MQTT standards ask for, statement by statement, and the tests that ask a node",
        "for it over TCP and WebSockets. Made by `tests/conformance/check.py`; a test keeps it so.",
        "",
        "| standard | statements | tested | client only | not testable |",
        "| --- | --- | --- | --- | --- |",
    ]
    for table in tables:
        cells = [tally(table, status) for status in STATUSES]
        lines.append(
            f"| [{TITLES[table.name]}]({table.name}.md) | {len(table.rows)} | {cells[0]} "
            f"| {cells[1]} | {cells[2]} |"
        )
    lines += [
        "",
        "*Tested* includes what obliges clients, where a server must notice who breaks it.",
        "*Client only* is what no server could notice.",
        "",
        "[Each reason code](reason-codes.md), and the test in which it is said.",
        "",
        "Enhanced authentication is tested with SCRAM-SHA-256, by a client of the tests' own; any",
        "other method is refused with 0x8C (MQTT-4.12.0-1).",
        "",
        "The same tests run against any broker: `python3 tests/conformance --target HOST:PORT`",
        "(`--websocket HOST:PORT`). [Where mosquitto differs](mosquitto.md), and why.",
    ]
    return "\n".join(lines) + "\n"


def differences_page() -> str:
    read = read_differences()
    lines = [
        "# Where mosquitto differs",
        "",
        f"The conformance tests against {read['broker']}, started with:",
        "",
        "```",
        *read["configuration"].strip().splitlines(),
        "```",
        "",
        "Run it so: `python3 tests/conformance --target HOST:PORT --websocket HOST:PORT",
        "--differences tests/conformance/differences/mosquitto.toml`. A test that differs and is",
        "not listed fails the run, and so does one that is listed and passes. Made by",
        "`tests/conformance/check.py`; a test keeps it so.",
        "",
        "| what differs | why | tests |",
        "| --- | --- | --- |",
    ]
    for each in read["difference"]:
        tests = "<br>".join(f"`{name}`" for name in each["tests"])
        lines.append(f"| {each['what']} | {each['why']} | {tests} |")
    return "\n".join(lines) + "\n"


def reason_codes_page() -> str:
    lines = [
        "# Reason codes of MQTT 5.0",
        "",
        "Each of section 2.4: the test in which a node says or hears it, or why there is none.",
        "Made by `tests/conformance/check.py`; a test keeps it so.",
        "",
        "| code | name | test |",
        "| --- | --- | --- |",
    ]
    for code, row in read_reason_codes().items():
        test = in_words(row["test"]) if "test" in row else f"none: {row['why']}"
        lines.append(f"| {code} | {row['name']} | {test} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
