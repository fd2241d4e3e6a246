"""Measures brokers with the same load in turn: called by ./dev bench and ./dev compare.

Each round starts every broker afresh for every scenario, one after the other, and the order turns
from round to round: what a noisy machine does to one, it does to the other. The load generator is
`kith bench`, for all of them.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import table
from brokers import (
    Broker,
    BrokerError,
    Ceiling,
    FlashMq,
    FlashMqOneThread,
    Kith,
    KithOneWorker,
    Mosquitto,
)
from cases import START, Case, cases_of, provide_descriptors, within

BENCH_S_MAX = 600
SETTLE_S = 1
LOAD_MAX = 1.0
SYNCS = 200

BROKERS = {"mosquitto": Mosquitto, "kith": Kith, "kith-1": KithOneWorker, "ceiling": Ceiling}
# By the name that --peer gives: the shapes in which it is measured.
PEERS = {"flashmq": (FlashMq, FlashMqOneThread)}


def main() -> int:
    options = parse_options()
    brokers = brokers_of(options)
    if not brokers:
        return 1  # why was said
    lines = describe(brokers, options.rounds, os.getloadavg()[0])
    try:
        scenarios = options.scenarios or [START, *scenario_names(options.kith)]
        cases = within(cases_of(scenarios), provide_descriptors())
        cases = [case for case in cases if any(broker.can(case) for broker in brokers)]
        measured = measure(brokers, cases, options)
    except (BrokerError, BenchError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    lines += ["", *table.rows(measured, [broker.name for broker in brokers])]
    print("\n".join(["", *lines]))
    if options.json:
        runs = [{"case": each.scenario, "runs": each.runs} for each in measured]
        options.json.write_text(json.dumps(runs, indent=1) + "\n")
    if options.write:
        table.write_between_marks(options.write, ["", *lines, ""])
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/compare", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--brokers",
        type=broker_list,
        default=["mosquitto", "kith", "ceiling"],
        metavar="NAME,...",
        help="mosquitto,kith,ceiling by default; kith-1 is Kith with one worker",
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, 3 by default")
    parser.add_argument("--seconds", type=float, help="measured interval of each run")
    parser.add_argument("--kith", default="build/release/kith", help="the program to measure with")
    parser.add_argument("--mosquitto", default="mosquitto")
    parser.add_argument("--ceiling", help="kith_ceiling beside --kith by default")
    parser.add_argument(
        "--peer",
        type=peer,
        action="append",
        default=[],
        metavar="flashmq=PATH",
        help="measure this program, too: as it comes, and with one thread without delay",
    )
    parser.add_argument("--json", type=Path, help="write every run there, too")
    parser.add_argument("--write", type=Path, help="put the table between the marks of this file")
    parser.add_argument("scenarios", nargs="*", help="all by default; kith bench --list has them")
    return parser.parse_args()


def broker_list(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in BROKERS:
            there = ", ".join(BROKERS)
            raise argparse.ArgumentTypeError(f"no broker '{name}'; there are {there}")
    return names


def peer(text: str) -> list[Broker]:
    name, _, program = text.partition("=")
    if name not in PEERS or not program:
        raise argparse.ArgumentTypeError(f"'{text}' is not one of {', '.join(PEERS)}, = and a path")
    return [kind(program) for kind in PEERS[name]]


def brokers_of(options: argparse.Namespace) -> list[Broker]:
    """Those asked for, less the ceiling and peers that are not there, each with a line."""
    programs = {
        "mosquitto": options.mosquitto,
        "kith": options.kith,
        "kith-1": options.kith,
        "ceiling": options.ceiling or str(Path(options.kith).with_name("kith_ceiling")),
    }
    brokers = [BROKERS[name](programs[name]) for name in options.brokers]
    optional = [broker for broker in brokers if broker.name == "ceiling"]
    optional += [broker for each in options.peer for broker in each]
    missing = [broker for broker in optional if not broker.is_there()]
    for broker in missing:
        print(f"compare: {broker.name} is left out: there is no such program", file=sys.stderr)
    brokers += [broker for broker in optional if broker not in brokers]
    return [broker for broker in brokers if broker not in missing]


class BenchError(Exception):
    """The load generator failed."""


def scenario_names(program: str) -> list[str]:
    """`kith bench --list --json` prints an object for each scenario, one a line."""
    done = run_bench([program, "bench", "--list", "--json"])
    return [json.loads(line)["scenario"] for line in done.splitlines()]


def measure(brokers: list, cases: list[Case], options) -> list[table.Measured]:
    measured = [table.Measured(case.title, {each.name: [] for each in brokers}) for case in cases]
    for number in range(options.rounds):
        turn = brokers if number % 2 == 0 else brokers[::-1]
        for case, result in zip(cases, measured, strict=True):
            for broker in turn:
                if not broker.can(case):
                    continue
                with broker.running(case.setup) as running:
                    run = measure_once(case, running, options)
                result.runs[broker.name].append(run)
                turn_text = f"[{number + 1}/{options.rounds}] {case.title}, {broker.name}"
                print(f"{turn_text}: {table.in_words(run)}", flush=True)
    return measured


def measure_once(case: Case, running, options) -> table.Run:
    if case.scenario == START:
        time.sleep(SETTLE_S)
        return {"ready_ms": running.ready_ms, "rss_bytes": resident_bytes(running.pid)}
    command = [options.kith, "bench", *case.arguments(options.seconds)]
    command += ["--target", running.address, "--pid", str(running.pid), "--json"]
    if running.token:
        command += ["--token", running.token]
    output = run_bench(command)
    try:
        return json.loads(output)
    except json.JSONDecodeError as error:
        raise BenchError(f"{case.title}, {running.name}: no JSON was printed: {error}") from error


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    raise BrokerError(f"process {pid} has no memory")


def run_bench(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=BENCH_S_MAX
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["without a word"]
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {reason[0]}")
    return done.stdout


def describe(brokers: list, rounds: int, load: float) -> list[str]:
    """Who was measured, when, where and how; a line for each. A busy machine is told of."""
    if load > LOAD_MAX:
        print(f"compare: the machine is busy (load {load:.1f}): do not trust this", file=sys.stderr)
    versions = ", ".join(f"{broker.name} {broker.version()}".strip() for broker in brokers)
    cores = len(os.sched_getaffinity(0))
    where = f"{cores} cores ({processor()}), {system()}, load on the same machine"
    return [
        f"{datetime.date.today()}: {versions}; {where}; load average {load:.1f} at the start.",
        f"The disk syncs {syncs_per_s():.0f} appends of 4 KiB a second, one after the other.",
        f"Medians of {rounds} rounds in turn, half the spread in brackets; always a fresh broker.",
        "A ratio above 1 is good for what is counted per second, and bad for all else.",
    ]


def syncs_per_s() -> float:
    """What the disk of the data directories does for a writer that waits each time."""
    with tempfile.TemporaryFile() as file:
        began = time.monotonic()
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
        return SYNCS / (time.monotonic() - began)


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
