"""Measures brokers with the same load in turn: called by ./dev bench and ./dev compare.

Each round starts every broker afresh for every scenario, one after the other, and the order turns
from round to round: what a noisy machine does to one, it does to the other. The load generator is
`kith bench`, for all of them.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import table
from brokers import BrokerError, Kith, Mosquitto

BENCH_S_MAX = 600


def main() -> int:
    options = parse_options()
    known = {"mosquitto": Mosquitto(options.mosquitto), "kith": Kith(options.kith)}
    brokers = [known[name] for name in options.brokers]
    scenarios = options.scenarios or scenario_names(options.kith)
    try:
        measured = measure(brokers, scenarios, options)
    except (BrokerError, BenchError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    lines = describe(brokers, options.rounds)
    lines += ["", *table.rows(measured, options.brokers)]
    print("\n".join(["", *lines]))
    if options.json:
        runs = {each.scenario: each.runs for each in measured}
        options.json.write_text(json.dumps(runs, indent=1) + "\n")
    if options.write:
        table.write_between_marks(options.write, ["", *lines, ""])
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/compare", description=__doc__.splitlines()[0])
    parser.add_argument("--brokers", type=broker_list, default=["mosquitto", "kith"])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, 3 by default")
    parser.add_argument("--kith", default="build/release/kith", help="the program to measure with")
    parser.add_argument("--mosquitto", default="mosquitto")
    parser.add_argument("--json", type=Path, help="write every run there, too")
    parser.add_argument("--write", type=Path, help="put the table between the marks of this file")
    parser.add_argument("scenarios", nargs="*", help="all by default; kith bench --list has them")
    return parser.parse_args()


def broker_list(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in ("mosquitto", "kith"):
            raise argparse.ArgumentTypeError(f"no broker '{name}'; there are mosquitto and kith")
    return names


class BenchError(Exception):
    """The load generator failed."""


def scenario_names(program: str) -> list[str]:
    """`kith bench --list --json` prints an object with a name for each scenario, one a line."""
    done = run_bench([program, "bench", "--list", "--json"])
    return [json.loads(line)["name"] for line in done.splitlines()]


def measure(brokers: list, scenarios: list[str], options) -> list[table.Measured]:
    measured = [table.Measured(name, {each.name: [] for each in brokers}) for name in scenarios]
    for number in range(options.rounds):
        turn = brokers if number % 2 == 0 else brokers[::-1]
        for scenario in measured:
            for broker in turn:
                with broker.running() as running:
                    run = bench(options.kith, scenario.scenario, running)
                scenario.runs[broker.name].append(run)
                turn_text = f"[{number + 1}/{options.rounds}] {scenario.scenario}, {broker.name}"
                print(f"{turn_text}: {table.in_words(run)}", flush=True)
    return measured


def bench(program: str, scenario: str, running) -> table.Run:
    command = [program, "bench", scenario, "--target", running.address]
    output = run_bench(command + ["--pid", str(running.pid), "--json"])
    try:
        return json.loads(output)
    except json.JSONDecodeError as error:
        raise BenchError(f"{scenario} against {running.name} printed no JSON: {error}") from error


def run_bench(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=False, timeout=BENCH_S_MAX
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def describe(brokers: list, rounds: int) -> list[str]:
    versions = ", ".join(f"{broker.name} {broker.version()}" for broker in brokers)
    how = f"medians of {rounds} interleaved rounds, half the spread in brackets"
    where = f"{os.cpu_count()} cores ({processor()}), {system()}, load on the same machine"
    return [f"{versions}; {how}; a fresh broker for each run; {where}."]


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def system() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()


if __name__ == "__main__":
    sys.exit(main())
