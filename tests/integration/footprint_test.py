"""How soon a node serves and how much memory it keeps: facts of the release build.

Builds with sanitizers skip what means nothing there; others without optimization have some room.
The best of several starts counts, because a busy machine only ever adds; the numbers are printed.
"""

import contextlib
import statistics
import subprocess
import time
import unittest

import mqtt_packets as mqtt
from harness import BINARY, SANITIZED, NodeCase
from mqtt_raw import RawClient

STARTS = 10
IS_RELEASE = BINARY.parent.name.startswith("release")
READY_MS_MAX = 200 if IS_RELEASE else 1000
IDLE_BYTES_MAX = (15 if IS_RELEASE else 20) * 1024 * 1024
WORKERS = (2, 10)
WORKER_BYTES_MAX = 160_000
FLOOD_MESSAGES = 2000
FLOOD_BYTES = 10_000
CONNECTIONS = 2000
CONNECTION_BYTES_MAX = 900
SUBSCRIBERS = 10
FILTERS_EACH = 10_000
FILTERS_A_PACKET = 500
SUBSCRIPTION_BYTES_MAX = 180  # with two workers, which both know of it


@unittest.skipIf(SANITIZED, "means nothing with sanitizers")
class Footprint(NodeCase):
    def test_a_node_is_ready_soon(self):
        taken_ms = []
        for i in range(STARTS):
            started = time.monotonic()
            process = subprocess.Popen(
                [BINARY, "run", "--data", self.folder / f"data-{i}", "--mqtt", "127.0.0.1:0",
                 "--mqtts", "127.0.0.1:0", "--http", "127.0.0.1:0"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            with process:
                for line in process.stdout:
                    if line.startswith(b"kith: ready "):
                        break
                taken_ms.append(1000 * (time.monotonic() - started))
                process.kill()
        median_ms = statistics.median(taken_ms)
        print(f"\nready after {median_ms:.0f} ms (median of {STARTS}, worst {max(taken_ms):.0f})")
        self.assertLess(min(taken_ms), READY_MS_MAX)

    def test_an_idle_node_is_small_and_stays_small(self):
        node = self.start_node("--mqtts", "127.0.0.1:0", "--http", "127.0.0.1:0")
        idle_bytes = node.resident_bytes()
        with RawClient(node.mqtt) as client:
            client.connect("flood")
            for _ in range(FLOOD_MESSAGES):
                client.publish("nobody/listens", bytes(FLOOD_BYTES))
            client.ping()
        after_bytes = node.resident_bytes()
        print(f"\nresident: {idle_bytes / 1e6:.1f} MB idle, {after_bytes / 1e6:.1f} MB after "
              f"{FLOOD_MESSAGES * FLOOD_BYTES / 1e6:.0f} MB of messages")
        self.assertLess(idle_bytes, IDLE_BYTES_MAX)
        self.assertLess(after_bytes - idle_bytes, IDLE_BYTES_MAX)

    def test_an_idle_worker_is_small(self):
        few, many = (
            self.start_node("--workers", str(count), data=self.folder / f"{count}").own_bytes()
            for count in WORKERS)
        each = (many - few) / (WORKERS[1] - WORKERS[0])
        print(f"\nresident: {each:.0f} bytes for an idle worker")
        self.assertLess(each, WORKER_BYTES_MAX)

    def test_an_idle_connection_is_small(self):
        node = self.start_node()
        with contextlib.ExitStack() as clients:
            def connect(group):
                for i in range(CONNECTIONS):
                    client = clients.enter_context(RawClient(node.mqtt))
                    client.connect(f"idle-{group}-{i}")
            connect("first")  # with all that is made once
            before_bytes = node.resident_bytes()
            connect("second")
            each = (node.resident_bytes() - before_bytes) / CONNECTIONS
        print(f"\nresident: {each:.0f} bytes for an idle connection")
        self.assertLess(each, CONNECTION_BYTES_MAX)

    def test_a_subscription_is_small(self):
        node = self.start_node("--workers", "2")
        with contextlib.ExitStack() as clients:
            def subscribe(group):
                for i in range(SUBSCRIBERS):
                    client = clients.enter_context(RawClient(node.mqtt))
                    client.connect(f"many-{group}-{i}")
                    for first in range(0, FILTERS_EACH, FILTERS_A_PACKET):
                        numbers = range(first, first + FILTERS_A_PACKET)
                        filters = [(f"{group}/{i}/+/{number}", 0) for number in numbers]
                        packet_id = client.take_packet_id()
                        client.send(mqtt.subscribe(packet_id, filters, client.version, {}))
                        self.assertEqual(client.expect("SUBACK").packet_id, packet_id)
                        client.ping()
            subscribe("first")
            before_bytes = node.resident_bytes()
            subscribe("second")
            each = (node.resident_bytes() - before_bytes) / (SUBSCRIBERS * FILTERS_EACH)
        print(f"\nresident: {each:.0f} bytes for a subscription")
        self.assertLess(each, SUBSCRIPTION_BYTES_MAX)


if __name__ == "__main__":
    unittest.main()
