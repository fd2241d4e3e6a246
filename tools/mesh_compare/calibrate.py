"""The same six nodes simulated and live: how long messages wait when a relay dies.

A ring of six, wires of 1 ms, 20 messages of QoS 1 a second from one node to the one opposite. The
next hop in use falls silent, or is killed; each message counts from its publish or from the death.
In the simulator each repetition is a seed of its own; live, the wires are linkemu's.
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import networks
import systems
from flow import Flow, quantile

NODES = 6
RATE_PER_S = 20
DIFFERENCE_MAX = 0.2
SHARES = (0.1, 0.5, 0.9)


def ring() -> systems.Shape:
    names = [f"r{number}" for number in range(NODES)]
    wires = [*zip(names, names[1:]), (names[-1], names[0])]
    return systems.Shape(names, wires)


def simulated(options, scenario: str) -> list:
    """In milliseconds, one a seed."""
    waits = []
    for seed in range(options.seed, options.seed + options.repetitions):
        command = [options.kith, "sim", "--scenario", scenario, "--nodes", NODES, "--seeds", seed,
                   "--repetitions", 1, "--json"]  # fmt: skip
        figures = json.loads(systems.run(*command))["figures"]
        waits.append(next(each["value"] for each in figures if "half" in each["name"]))
    return waits


def live(options, strike, mend) -> list:
    shape = ring()
    with tempfile.TemporaryDirectory(prefix="kith-mesh-") as folder:
        network = networks.Network(shape.names, shape.wires, options.linkemu, options.seed)
        program = systems.program_of(systems.Kith, options)
        system = systems.Kith(program, Path(folder), shape, network)
        try:
            network.order("link * delay=1ms")
            system.start()
            system.wait_whole()
            return deaths_of(system, options, strike, mend)
        finally:
            system.end()
            network.end()


def deaths_of(system, options, strike, mend) -> list:
    source, target = system.shape.names[0], system.shape.names[NODES // 2]
    flow = Flow(system, source, target, 1, RATE_PER_S)
    draw, struck = random.Random(options.seed), []
    for _ in range(options.repetitions):
        system.wait_whole()
        time.sleep(1.5 + draw.random() / 2)
        victim = system.relay(source, target)
        at = time.monotonic()
        strike(system, victim)
        if not flow.wait_for_news(at + 0.5, 20):
            raise systems.Failed("nothing arrives by the other way")
        struck.append((at, time.monotonic()))
        mend(system, victim)
    flow.stop(20)
    if flow.lost():
        raise systems.Failed(f"{flow.lost()} messages were lost")
    arrivals = flow.first_arrivals()
    return [flow.resumed_after_s(at, until, arrivals) * 1000 for at, until in struck]


def wires_of(system, victim: str) -> list:
    return [f"{a}-{b}" for a, b in system.shape.wires if victim in (a, b)]


def cut(system, victim: str) -> None:
    for wire in wires_of(system, victim):
        system.network.order(f"link {wire} cut=yes")


def heal(system, victim: str) -> None:
    for wire in wires_of(system, victim):
        system.network.order(f"link {wire} cut=no")


def kill(system, victim: str) -> None:
    system.nodes[victim].signal(signal.SIGKILL)


def revive(system, victim: str) -> None:
    system.nodes[victim].process.wait()
    system.revive(victim)


CASES = {"silent-death": (cut, heal), "crash": (kill, revive)}


def main(options, show) -> int:
    why = networks.missing_emulator(options.linkemu)
    if why:
        print(f"mesh compare: skipped: {why}", file=sys.stderr)
        return 77
    measured = {}
    for case, (strike, mend) in CASES.items():
        try:
            measured[case] = (simulated(options, case), live(options, strike, mend))
        except (systems.Failed, OSError, subprocess.SubprocessError) as error:
            print(f"{case}: {error}", file=sys.stderr)
            return 1
    show(text(measured))
    if options.plot:
        options.plot.write_text(drawing(measured))
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0 if agrees(*measured["silent-death"]) else 1


def agrees(first: list, second: list) -> bool:
    return abs(quantile(second, 0.5) / quantile(first, 0.5) - 1) <= DIFFERENCE_MAX


def text(measured: dict) -> str:
    lines = ["| waited, ms | repetitions | p10 | p50 | p90 | most |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for case, waits in measured.items():
        for name, values in zip(("simulated", "live"), waits):
            cells = [f"{quantile(values, share):.1f}" for share in (*SHARES, 1)]
            lines.append(f"| {case}, {name} | {len(values)} | {' | '.join(cells)} |")
        difference = (quantile(waits[1], 0.5) / quantile(waits[0], 0.5) - 1) * 100
        lines.append(f"| {case}, live against simulated | | | {difference:+.0f} % | | |")
    return "\n".join(lines)


def drawing(measured: dict) -> str:
    """A plot for each case: which share of the deaths was over after which time."""
    width, height, left, top = 340, 220, 46, 34
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * (width + 70)} 300" '
             'font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="#fff"/>']  # fmt: skip
    for column, (case, waits) in enumerate(measured.items()):
        x0 = left + column * (width + 70)
        reach = max(map(max, waits)) * 1.1
        parts.append(f'<text x="{x0}" y="20" font-weight="bold">{case}</text>')
        parts.append(f'<rect x="{x0}" y="{top}" width="{width}" height="{height}" fill="none" '
                     'stroke="#999"/>')  # fmt: skip
        for step in range(5):
            x, y = x0 + width * step / 4, top + height * (1 - step / 4)
            parts.append(f'<text x="{x:.0f}" y="{top + height + 16}" text-anchor="middle">'
                         f"{reach * step / 4:.0f} ms</text>")  # fmt: skip
            parts.append(f'<text x="{x0 - 6}" y="{y + 4:.0f}" text-anchor="end">'
                         f"{step * 25} %</text>")  # fmt: skip
        for values, color, name, at in zip(waits, ("#1f6feb", "#d1570c"), ("simulated", "live"),
                                           (24, 42)):  # fmt: skip
            steps = []
            for rank, value in enumerate(sorted(values), 1):
                x = x0 + width * value / reach
                low, high = (top + height * (1 - r / len(values)) for r in (rank - 1, rank))
                steps += [f"{x:.1f},{low:.1f}", f"{x:.1f},{high:.1f}"]
            parts.append(f'<polyline points="{" ".join(steps)}" fill="none" stroke="{color}" '
                         'stroke-width="1.5"/>')  # fmt: skip
            parts.append(f'<text x="{x0 + 10}" y="{top + at - 6}" fill="{color}">{name}, '
                         f"{len(values)} deaths</text>")  # fmt: skip
    return "\n".join([*parts, "</svg>"]) + "\n"
