"""Scenarios that measure what a mesh costs: time, processor, bytes, memory.

The publisher is a process of its own, so that it and the subscriber do not wait for one another.
"""

import ctypes
import multiprocessing
import subprocess
import threading
import time
from pathlib import Path

import networks
import systems
import table
from clients import payload, sent_ns
from flow import Flow

RATE_PER_S = 2000
BYTES = 100
WINDOW = 10_000  # messages under way, in a flood
BLOCK = 100  # messages written at once
PR_SET_TIMERSLACK = 29


def hops(system, options) -> dict:
    """The delay from one end of a line to each node, and what it costs those between."""
    names = system.shape.names
    medians, shown = [], {}
    for number, name in enumerate(names):
        relays = names[1:number]
        before = {relay: cpu_s(system, relay) for relay in relays}
        took = delays(system, names[0], name, options.seconds)
        if not took:
            raise systems.Failed(f"nothing arrives at {name}")
        for row, value in table.of_times(took, 1, "us").items():
            shown[f"{number} hops, {row}"] = value
        medians.append(sorted(took)[len(took) // 2])
        if relays:
            spent = sum(cpu_s(system, relay) - before[relay] for relay in relays)
            shown["CPU of a relay, us a message"] = spent / len(relays) / len(took) * 1e6
    shown["a hop adds, p50, us"] = (medians[-1] - medians[0]) / (len(names) - 1)
    return shown


def delays(system, source: str, target: str, seconds: float) -> list:
    """Of messages of QoS 0, in microseconds."""
    count, took = int(seconds * RATE_PER_S), []
    all_in = threading.Event()

    def note(content):
        took.append((time.monotonic_ns() - sent_ns(content)) / 1000)
        if len(took) == count:
            all_in.set()

    subscriber = system.subscribe(target, 0, note)
    time.sleep(0.5)  # until the other end has heard of it
    sender = fork(send_steadily, system, source, count)
    all_in.wait(seconds + 5)
    sender.join()
    subscriber.close()
    return took


def fork(what, *arguments):
    process = multiprocessing.get_context("fork").Process(target=what, args=arguments, daemon=True)
    process.start()
    return process


def send_steadily(system, source: str, count: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)  # sleeps as long as it says
    publisher = system.publisher(source, 0)
    due = time.monotonic()
    for number in range(count):
        time.sleep(max(0, due - time.monotonic()))
        publisher.publish(number, payload(number, BYTES))
        due += 1 / RATE_PER_S


def cpu_s(system, name: str) -> float:
    """Of all threads, to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{system.nodes[name].pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def flood(system, options) -> dict:
    """QoS 0 as fast as it goes with so many under way, within the first node and to the last."""
    names = system.shape.names
    shown = {}
    for target in (names[0], names[1], names[-1]):
        relays = names[1 : names.index(target)]
        before = {relay: cpu_s(system, relay) for relay in relays}
        count, took_s = flooded(system, names[0], target, options.seconds)
        shown[f"{names.index(target)} hops, messages/s"] = count / took_s
        if relays and count:
            spent = sum(cpu_s(system, relay) - before[relay] for relay in relays)
            shown["CPU of a relay, us a message"] = spent / len(relays) / count * 1e6
    return shown


def flooded(system, source: str, target: str, seconds: float) -> tuple[int, float]:
    """How many came, and in what time."""
    came = multiprocessing.Value("Q", 0, lock=False)
    stream, size = system.raw_subscriber(target, BYTES)
    time.sleep(0.5)
    sender = fork(send_blocks, system, source, came, seconds)
    stream.settimeout(1)
    total, began, ended = 0, time.monotonic(), time.monotonic()
    try:
        while piece := len(stream.recv(1 << 20)):
            total += piece
            came.value = total // size
            ended = time.monotonic()
    except TimeoutError:
        pass
    sender.join()
    stream.close()
    return came.value, max(ended - began, 0.001)


def send_blocks(system, source: str, came, seconds: float) -> None:
    """At most WINDOW more than have come; what has not come after a while is given up."""
    stream, message = system.raw_publisher(source, payload(0, BYTES))
    block = message * BLOCK
    sent, seen, changed = 0, 0, time.monotonic()
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if came.value != seen:
            seen, changed = came.value, time.monotonic()
        if sent - seen < WINDOW:
            stream.sendall(block)
            sent += BLOCK
        elif time.monotonic() - changed > 0.5:
            sent = seen
        else:
            time.sleep(0.0001)
    stream.close()


def idle(system, options) -> dict:
    """Nothing happens: what goes over each direction of a wire, and what nodes hold in memory."""
    time.sleep(5)
    middle = system.network["middle"]
    device = system.network.device("left")
    before, began = middle.link_bytes(device), time.monotonic()
    time.sleep(options.idle_s)
    after, took_s = middle.link_bytes(device), time.monotonic() - began
    received, sent = ((b - a) / took_s for a, b in zip(before, after))
    resident = [system.resident_bytes(name) / 2**20 for name in system.nodes]
    return {"to it, bytes/s": received, "from it, bytes/s": sent, "for, s": took_s,
            "resident, MiB, the largest": max(resident)}  # fmt: skip


class Disk:
    """A file system of its own on a file, whose writes can be stopped."""

    def __init__(self, folder: Path):
        self.path = folder / "disk"
        self.path.mkdir()
        networks.leave_mounts()
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(256 << 20)
        systems.run("mkfs.ext4", "-q", image)
        systems.run("mount", "-o", "loop", image, self.path)

    def stall(self, seconds: float) -> None:
        systems.run("fsfreeze", "-f", self.path)
        time.sleep(seconds)
        systems.run("fsfreeze", "-u", self.path)

    def end(self) -> None:
        systems.run("umount", "-l", self.path)


def false_alarms(system, options) -> dict:
    """Nobody dies, but two processes take all they can get, and the disk stalls for 500 ms."""
    flow = Flow(system, "left", "right", options.qos)
    flow.wait_for_news(0, systems.START_S_MAX)
    before = {change: count_changes(system, change) for change in ("suspect", "down")}
    events = {name: system.metric(name, "kith_mesh_link_events_total") for name in system.nodes}
    began = time.monotonic()
    hogs = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2)]
    stalls = 0
    try:
        while time.monotonic() - began < options.hog_s:
            time.sleep(1)
            system.disk.stall(0.5)
            stalls += 1
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    ended = time.monotonic()
    flow.stop(10)
    arrivals = flow.first_arrivals()
    waits = [(when - flow.published[number]) * 1000 for number, when in arrivals.items()
             if flow.published[number] > began]  # fmt: skip
    shown = {"for, s": ended - began, "stalls of the disk": stalls}
    for change, count in before.items():
        shown[f"neighbours held for {change}"] = count_changes(system, change) - count
    shown["links made anew or ended"] = sum(
        system.metric(name, "kith_mesh_link_events_total") - events[name] for name in system.nodes)
    shown |= {f"a message took {row}": value for row, value in table.of_times(waits, 1).items()}
    return shown | {"lost": flow.lost(), "twice": flow.doubled()}


def count_changes(system, change: str) -> int:
    """In the logs of all nodes."""
    logs = (system.folder / f"{name}.log" for name in system.nodes)
    return sum(log.read_text(errors="replace").count(f"change={change}") for log in logs)
