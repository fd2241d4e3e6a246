"""Kith beside mosquitto's bridges and NATS's leaf nodes, in network namespaces: ./dev compare mesh.

Every scenario runs for each system in turn, in namespaces of its own, and prints a table. README.md
tells what each does, and how each system is set up.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import calibrate
import costs
import deaths
import networks
import promises
import systems
import table


TUNED = ("kith", "mosquitto", "mosquitto-tuned", "nats", "nats-tuned")
COSTS = ("kith", "mosquitto", "mosquitto-tls", "nats", "nats-tls")


@dataclass
class Scenario:
    text: str
    shape: Callable
    play: Callable
    firewall: bool = False
    emulates: bool = False
    systems: tuple = TUNED
    wants_disk: bool = False


def pair():
    return systems.line("left", "right")


def line3():
    return systems.line("left", "middle", "right")


def line_of(count: int):
    return lambda: systems.line(*(f"n{number}" for number in range(1, count + 1)))


SCENARIOS = {
    "kill": Scenario("The relay in use is killed (SIGKILL); there is another way.",
                     systems.diamond, deaths.kill),
    "cut": Scenario("The wire to the relay in use carries nothing; nobody is told; another way.",
                    systems.diamond, deaths.cut, firewall=True),
    "freeze": Scenario("The relay in use is stopped (SIGSTOP); there is another way.",
                       systems.diamond, deaths.freeze),
    "oneway": Scenario("The relay in use hears nothing from the publisher's node, which hears it.",
                       systems.diamond, deaths.one_way, firewall=True),
    "alone": Scenario("The only relay is killed, and started again half a second later.",
                      line3, deaths.crash_alone),
    "loss": Scenario("Five hops, each of which loses 20 % of the packets in both directions; 1 ms.",
                     line_of(6), promises.lossy, emulates=True),
    "first": Scenario("A new subscriber; a message is published elsewhere once it has its SUBACK.",
                      line3, promises.first_publish),
    "partition": Scenario("Two nodes are parted while messages of QoS 1 are published at one.",
                          pair, promises.partition, firewall=True),
    "hops": Scenario("QoS 0 of 100 bytes at 2,000/s over a line of four nodes.",
                     line_of(4), costs.hops, systems=COSTS),
    "flood": Scenario("QoS 0 of 100 bytes as fast as it goes over a line of four nodes.",
                      line_of(4), costs.flood, systems=COSTS),
    "idle": Scenario("Nothing happens; a wire of a line of three nodes, all headers counted.",
                     line3, costs.idle),
    "alarm": Scenario("Nothing dies, but two processes hog processors, and the disk stalls.",
                      systems.diamond, costs.false_alarms, systems=("kith",), wants_disk=True),
}  # fmt: skip


def main() -> int:
    options = parse_options()
    why = networks.missing()
    if why:
        print(f"mesh compare: skipped: {why}", file=sys.stderr)
        return 77
    print(heading(options), flush=True)
    if options.calibrate:
        return calibrate.main(options, lambda what: show("calibrate", what, options))
    chosen = options.scenario or list(SCENARIOS)
    measured, failed = {}, False
    for name in chosen:
        scenario = SCENARIOS[name]
        why = missing(scenario, options)
        if why:
            print(f"\n{name}: skipped: {why}", flush=True)
            continue
        began = time.monotonic()
        columns = {}
        for system in systems_of(scenario, options):
            columns[system.name] = measure(scenario, system, options)
            failed = failed or "failed" in columns[system.name]
        measured[name] = columns
        took_s = time.monotonic() - began
        title = f"`{name}`: {scenario.text} Measured in {took_s:.0f} s."
        show(name, f"{title}\n\n{table.text(columns)}", options)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 1 if failed else 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev compare mesh", description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, metavar="NAME",
                        help=f"may be repeated; all by default: {', '.join(SCENARIOS)}")
    parser.add_argument("--systems", default="", metavar="NAME,...",
                        help=f"those of the scenario by default, of {', '.join(systems.SYSTEMS)}")
    parser.add_argument("--repetitions", type=int, default=10, help="of Kith, 10 by default")
    parser.add_argument("--peer-repetitions", type=int, default=5,
                        help="of others, 5 by default; 1 where nobody tells them, if not tuned")
    parser.add_argument("--patience", type=float, default=150, metavar="S",
                        help="how long to wait for what does not resume, 150 s by default")
    parser.add_argument("--qos", type=int, default=2, choices=[0, 1, 2],
                        help="where something dies; 2 by default. With NATS 1 and 2 are JetStream")
    parser.add_argument("--messages", type=int, default=300, help="of loss, 300 by default")
    parser.add_argument("--first-repetitions", type=int, default=100, help="of first, 100")
    parser.add_argument("--partition-messages", type=int, default=100_000, help="100,000")
    parser.add_argument("--partition-s", type=float, default=30, help="how long it lasts, 30 s")
    parser.add_argument("--seconds", type=float, default=5, help="of each of hops and flood, 5 s")
    parser.add_argument("--idle-s", type=float, default=30, help="of idle, 30 s")
    parser.add_argument("--hog-s", type=float, default=30, help="of alarm, 30 s")
    parser.add_argument("--seed", type=int, default=1, help="of what wires lose")
    parser.add_argument("--kith", default="build/release/kith", help="the program to measure")
    parser.add_argument("--calibrate", action="store_true",
                        help="instead, one mesh of six nodes simulated and live")
    parser.add_argument("--plot", type=Path, help="of --calibrate, draw it there, as SVG")
    parser.add_argument("--write", type=Path, metavar="FILE",
                        help="put each table between its marks in docs/benchmarks.md, too")
    parser.add_argument("--json", type=Path, help="write the tables there, too")
    options = parser.parse_args()
    options.linkemu = Path(options.kith).resolve().with_name("linkemu")
    options.systems = options.systems.split(",") if options.systems else []
    for name in options.systems:
        if name not in systems.SYSTEMS:
            parser.error(f"no system '{name}'; there are {', '.join(systems.SYSTEMS)}")
    return options  # fmt: skip


def heading(options) -> str:
    """When, with what, on what."""
    versions = [systems.run(options.kith, "version").split("\n")[0]]
    for program, asks in (("mosquitto", ["-h"]), ("nats-server", ["--version"])):
        found = shutil.which(program, path=networks.PROGRAM_PATH)
        if found:
            said = subprocess.run([found, *asks], capture_output=True, text=True, check=False)
            versions.append(said.stdout.split("\n")[0])
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}"
    load = f"load average {os.getloadavg()[0]:.1f} at the start"
    return f"{datetime.date.today()}: {', '.join(versions)}; {machine}; {load}."


def show(name: str, what: str, options) -> None:
    print(f"\n{what}", flush=True)
    if options.write:
        table.write(options.write, name, f"{heading(options)}\n\n{what}")


def missing(scenario: Scenario, options) -> str:
    if scenario.firewall and networks.missing_firewall():
        return networks.missing_firewall()
    return networks.missing_emulator(options.linkemu) if scenario.emulates else ""


def systems_of(scenario: Scenario, options) -> list:
    kinds = []
    for name in scenario.systems:
        if options.systems and name not in options.systems:
            continue
        if systems.program_of(systems.SYSTEMS[name], options):
            kinds.append(systems.SYSTEMS[name])
        else:
            print(f"{name}: not installed, not measured", flush=True)
    return kinds


def measure(scenario: Scenario, kind, options) -> dict:
    """What it showed; `failed` with a reason if it came to nothing."""
    shape = kind.extended(scenario.shape())
    with tempfile.TemporaryDirectory(prefix="kith-mesh-") as folder:
        emulator = options.linkemu if scenario.emulates else None
        network = networks.Network(shape.names, shape.wires, emulator, options.seed)
        disk = costs.Disk(Path(folder)) if scenario.wants_disk else None
        home = disk.path if disk else Path(folder)
        system = kind(systems.program_of(kind, options), home, shape, network)
        system.disk = disk
        try:
            system.start()
            system.wait_whole()
            return scenario.play(system, options)
        except (systems.Failed, OSError) as error:
            return {"failed": str(error)}
        finally:
            system.end()
            network.end()
            if disk:
                disk.end()


if __name__ == "__main__":
    sys.exit(main())
