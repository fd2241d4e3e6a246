#!/usr/bin/env python3
"""Makes the pages of docs/reference/ that come from the binary itself.

    tools/make_reference.py KITH            writes commands.md, configuration.md, metrics.md and the
                                            table of http.md
    tools/make_reference.py KITH --check    fails if a page is not what the binary says

Starts a node on free ports of this computer, in a directory of its own, for the metrics.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
OPENAPI = ROOT / "src" / "api" / "openapi.json"
PATHS_BEGIN = "<!-- paths: begin -->"
PATHS_END = "<!-- paths: end -->"
MADE = "Made by `tools/make_reference.py` from {}; a test keeps it so.\n\n"
EXIT_CODES = """\
Every command exits with 0 for success, 1 for failure (the reason is on standard error), 2 for wrong
usage. `--json` prints one object, or one object a line.
"""
METRICS_INTRODUCTION = """\
`GET /metrics`, Prometheus' text format. Counters end in `_total` and count from the start of the
node.

"""


def output_of(kith, *arguments):
    return subprocess.run([kith, *arguments], check=True, capture_output=True, text=True).stdout


def commands_in(help_text):
    """The names under "Subcommands:" of a help page."""
    _, found, rest = help_text.partition("Subcommands:\n")
    return re.findall(r"^  (\S+)", rest, re.MULTILINE) if found else []


def commands_page(kith):
    page = ["# Commands\n\n", MADE.format("`--help`")]
    page.append(EXIT_CODES)
    pending = [[name] for name in commands_in(output_of(kith, "--help"))]
    while pending:
        words = pending.pop(0)
        text = output_of(kith, *words, "--help").rstrip()
        page.append(f"\n## kith {' '.join(words)}\n\n")
        page.extend(f"    {line}".rstrip() + "\n" for line in text.split("\n"))
        pending[:0] = [words + [name] for name in commands_in(text)]
    return "".join(page)


def metrics_page(kith):
    page = ["# Metrics\n\n", MADE.format("`/metrics` of a node")]
    page.append(METRICS_INTRODUCTION)
    page.append("| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n")
    text = metrics_of(kith)
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    for name, meaning in re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE):
        samples = re.findall(rf"^{name}(?:_bucket)?{{(.*)}} ", text, re.MULTILINE)
        labels = sorted({label for line in samples for label in re.findall(r"(\w+)=", line)})
        page.append(f"| `{name}` | {types[name]} | {', '.join(labels)} | {meaning} |\n")
    return "".join(page)


def http_page():
    """The page as it stands, with the table of paths between its marks made anew."""
    page = (REFERENCE / "http.md").read_text()
    before, _, rest = page.partition(PATHS_BEGIN)
    _, _, after = rest.partition(PATHS_END)
    rows = ["\n| request | role | what | parameters |\n| --- | --- | --- | --- |\n"]
    for path, operations in json.loads(OPENAPI.read_text())["paths"].items():
        for method, operation in operations.items():
            parameters = "; ".join(
                f"`{each['name']}`: {each['description']}"
                for each in operation.get("parameters", [])
                if each["in"] == "query"
            )
            role = operation["x-role"].replace("none", "")
            summary = operation["summary"]
            rows.append(f"| `{method.upper()} {path}` | {role} | {summary} | {parameters} |\n")
    return before + PATHS_BEGIN + "".join(rows) + PATHS_END + after


def metrics_of(kith):
    with tempfile.TemporaryDirectory() as directory:
        command = [kith, "run", "--data", f"{directory}/data", "--log", "error",
                   "--mqtt", "off", "--mqtts", "off", "--http", "127.0.0.1:0"]
        node = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            for line in node.stdout:
                if line.startswith("kith: ready"):
                    address = re.search(r"http=(\S+)", line).group(1)
                    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
                        return answer.read().decode()
            raise SystemExit("the node did not start")
        finally:
            node.terminate()
            node.wait()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kith", help="the binary")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a page differs"
    )
    options = parser.parse_args()
    pages = {
        "commands.md": commands_page(options.kith),
        "http.md": http_page(),
        "configuration.md": output_of(options.kith, "config", "reference", "--markdown"),
        "metrics.md": metrics_page(options.kith),
    }
    wrong = []
    for name, page in pages.items():
        path = REFERENCE / name
        if options.check:
            if not path.exists() or path.read_text() != page:
                wrong.append(name)
        else:
            path.write_text(page)
    for name in wrong:
        print(f"docs/reference/{name} differs from the binary; run tools/make_reference.py KITH")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
