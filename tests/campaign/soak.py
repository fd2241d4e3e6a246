"""A node with thousands of clients that come, talk and die: its memory and descriptors stay flat.

They are sampled once a second; over the second half of the time a line is fitted by least squares.
The campaign fails if it rises by more than the bounds below, if the node dies, or if clients saw
what they should not.
"""

import math
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness import Node
from swarm import Pace, Swarm

SAMPLE_S = 1.0
REPORT_S = 15.0
SLOPE_BYTES_PER_MINUTE_MAX = 512 * 1024
SLOPE_DESCRIPTORS_PER_MINUTE_MAX = 5.0
DRAIN_S = 20.0
LEFT_DESCRIPTORS_MAX = 5  # more than before the first client, when all have gone


@dataclass
class Line:
    """A fitted line: what it rises in a minute, and half the width of its 95 % interval."""

    slope: float
    uncertainty: float
    mean: float

    @property
    def sure_slope(self) -> float:
        """What it rises at least: a slope that noise may have made is none."""
        return self.slope - self.uncertainty

    def facts(self) -> dict:
        return {name: round(value, 2) for name, value in vars(self).items()}


def fit(samples: list[tuple[float, float]]) -> Line:
    """Least squares over (seconds, value). Residuals of neighbouring samples are taken for
    correlated: the interval is widened by their lag-1 correlation."""
    count = len(samples)
    mean_x = sum(x for x, _ in samples) / count
    mean_y = sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread
    rest = [y - mean_y - slope * (x - mean_x) for x, y in samples]
    variance = sum(r * r for r in rest) / (count - 2)
    correlation = 0.0
    if variance > 0:
        correlation = sum(a * b for a, b in zip(rest, rest[1:])) / sum(r * r for r in rest)
    correlation = min(max(correlation, 0.0), 0.99)
    widening = (1 + correlation) / (1 - correlation)
    error = math.sqrt(variance / spread * widening)
    return Line(slope * 60, 1.96 * error * 60, mean_y)


@dataclass
class Soak:
    minutes: float
    clients: int
    seed: int
    say: object
    pace: Pace
    slope_bytes_per_minute_max: float = SLOPE_BYTES_PER_MINUTE_MAX

    def run(self) -> dict:
        folder = Path(tempfile.mkdtemp(prefix="kith-soak-"))
        node = Node(folder / "data", "--log", "warn").wait_until_ready()
        try:
            return self._run(node)
        finally:
            node.kill()
            shutil.rmtree(folder)

    def _run(self, node: Node) -> dict:
        before = descriptor_count(node)
        swarm = Swarm(node.mqtt, self.clients, self.seed, self.pace)
        memory, descriptors, open_counts = [], [], []
        started = time.monotonic()
        next_report_s = REPORT_S
        found = []
        while (elapsed_s := time.monotonic() - started) < self.minutes * 60:
            swarm.run_until(started + elapsed_s + SAMPLE_S)
            if not node.is_running():
                found.append(f"the node ended after {elapsed_s:.0f} s: {node.report()[-2000:]}")
                break
            at_s = time.monotonic() - started
            memory.append((at_s, node.resident_bytes()))
            # Connections come and go: what counts is what there is beside those that it has let in.
            descriptors.append((at_s, descriptor_count(node) - swarm.known_count))
            open_counts.append(swarm.known_count)
            if at_s >= next_report_s:
                next_report_s += REPORT_S
                self.say(
                    f"{at_s:.0f} s: {swarm.known_count} connected, {swarm.counts['lives']} lives, "
                    f"{swarm.counts['published']} published, {memory[-1][1] / 2**20:.1f} MiB, "
                    f"{descriptors[-1][1]} descriptors beside"
                )
        swarm.close()
        report = self._judge(memory, descriptors, swarm, found)
        report["connected_mean"] = round(sum(open_counts) / max(1, len(open_counts)))
        if node.is_running():
            self._check_left(node, before, found)
        report["found"] = [{"seed": self.seed, "what": what} for what in found]
        return report

    def _judge(self, memory: list, descriptors: list, swarm: Swarm, found: list[str]) -> dict:
        found += swarm.errors
        report = {"minutes": self.minutes, "clients": self.clients, "counts": dict(swarm.counts)}
        if len(memory) >= 8:
            resident = fit(memory[len(memory) // 2 :])
            beside = fit(descriptors[len(descriptors) // 2 :])
            report["resident_bytes"] = resident.facts()
            report["descriptors_beside_connections"] = beside.facts()
            report["samples"] = len(memory) - len(memory) // 2
            if resident.sure_slope > self.slope_bytes_per_minute_max:
                found.append(f"memory grows by {resident.slope:.0f} bytes a minute")
            if beside.sure_slope > SLOPE_DESCRIPTORS_PER_MINUTE_MAX:
                found.append(f"descriptors grow by {beside.slope:.1f} a minute")
        if swarm.counts["refused"]:
            found.append(f"{swarm.counts['refused']} connections were refused")
        return report

    def _check_left(self, node: Node, before: int, found: list[str]) -> None:
        """All clients have gone; so must their descriptors, those of half-open ones, too."""
        deadline = time.monotonic() + DRAIN_S
        while (left := descriptor_count(node) - before) > LEFT_DESCRIPTORS_MAX:
            if time.monotonic() > deadline:
                found.append(f"{left} descriptors are left without a client")
                return
            time.sleep(0.1)
        node.stop()


def descriptor_count(node: Node) -> int:
    return len(list(Path(f"/proc/{node.pid}/fd").iterdir()))
