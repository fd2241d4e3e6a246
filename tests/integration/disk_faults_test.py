"""Disks that fail under a running node, seen by its clients and by who looks after it.

The node runs on the disk of tests/powercut, which does as its stdin says, and whose power is cut
with SIGKILL. Whatever the disk does: nobody gets an acknowledgement that does not hold, the node
says what is wrong, and goes on by itself when it is over.
"""

import json
import re
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import mqtt_packets as mqtt
from harness import BINARY, DEADLINE_S, Node, NodeCase, create_token
from mqtt_raw import RawClient

POWERCUT = BINARY.parent / "tests/powercut/kith_powercut"
DURABLE = {"clean_start": False, "properties": {"session_expiry_interval": 0xFFFFFFFF}}
COUNT = 20


def payloads_of(count: int, size_bytes: int) -> list[bytes]:
    return [f"{i} ".encode().ljust(size_bytes, b"x") for i in range(count)]


def publish_ahead(client: RawClient, payloads: list[bytes]) -> None:
    """With QoS 1, without waiting."""
    client.send(b"".join(
        mqtt.Publish("q", payload, 1, client.take_packet_id()).encode(client.version)
        for payload in payloads))


class DiskFaults(NodeCase):
    def setUp(self):
        super().setUp()
        data = self.folder / "data"
        self.token = create_token(data, "operator")["token"]  # before the node holds the files
        self.payloads = payloads_of(COUNT, 2000)

    def start(self, mode: str = "sync") -> Node:
        return self.start_node("--http", "127.0.0.1:0", stdin=subprocess.PIPE,
                               command=[POWERCUT, "seed=1", mode])

    def make(self, node: Node, order: str) -> None:
        """The disk does so when this returns."""
        line = node.output.line_count()
        node.tell(order)
        node.output.wait_for(f"^disk: {order}$", from_line=line)

    def get(self, node: Node, path: str) -> tuple[int, str]:
        host, port = node.addresses["http"]
        request = urllib.request.Request(f"http://{host}:{port}{path}",
                                         headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def storage(self, node: Node) -> dict:
        return json.loads(self.get(node, "/api/v1/storage")[1])

    def metric(self, node: Node, name: str) -> float:
        text = self.get(node, "/metrics")[1]
        return float(re.search(rf"^kith_{name} (\S+)$", text, re.MULTILINE).group(1))

    def store_events(self, node: Node) -> list[str]:
        """Their kinds, the oldest first."""
        events = json.loads(self.get(node, "/api/v1/events?limit=1000")[1])["items"]
        return [each["kind"] for each in reversed(events) if each["kind"].startswith("store_")]

    def wait_until(self, is_so, what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not is_so():
            self.assertLess(time.monotonic(), deadline, what)

    def wait_until_counted(self, node: Node, name: str) -> None:
        self.wait_until(lambda: self.metric(node, name) > 0, f"{name} stays 0")

    def wait_until_degraded(self, node: Node, reason: str) -> None:
        self.wait_until(lambda: self.get(node, "/readyz")[0] == 503, "ready all the time")
        self.assertIn(reason, self.get(node, "/readyz")[1])
        self.assertEqual(self.get(node, "/healthz")[0], 200, "a restart would not help")
        storage = self.storage(node)
        self.assertEqual(storage["state"], "degraded")
        self.assertIn(reason, storage["reason"])
        self.assertEqual(self.metric(node, "store_healthy"), 0)

    def wait_until_healthy(self, node: Node) -> None:
        self.wait_until(lambda: self.get(node, "/readyz")[0] == 200, "never ready again")
        self.assertEqual(self.storage(node)["state"], "ok")
        self.assertIsNone(self.storage(node)["reason"])
        self.wait_until(lambda: self.metric(node, "store_healthy") == 1, "the metric stays")

    def leave_a_session(self, node: Node) -> None:
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect("away", **DURABLE)
            subscriber.subscribe("q", 1)

    def take_back(self, node: Node, count: int) -> list[bytes]:
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect("away", **DURABLE)
            return [each.payload for each in subscriber.take_messages(count)]

    def check_a_disk_that_cannot_write(self, order: str, reason: str) -> None:
        node = self.start()
        self.leave_a_session(node)
        with RawClient(node.mqtt) as publisher:
            publisher.connect("publisher")
            self.make(node, order)
            publish_ahead(publisher, self.payloads)
            self.wait_until_degraded(node, reason)
            publisher.ping()  # its answer comes, and no acknowledgement before it
            self.wait_until_counted(node, "store_failures_total")
            self.assertGreater(self.storage(node)["pending_bytes"], 0)
            self.make(node, "well")
            for _ in self.payloads:
                self.assertEqual(publisher.expect("PUBACK").reason, 0)
            self.wait_until_healthy(node)
        node.kill()
        self.assertEqual(self.take_back(self.start(), COUNT), self.payloads)

    def test_a_full_disk(self):
        self.check_a_disk_that_cannot_write("full 1000", "no space left")

    def test_a_disk_that_does_not_write(self):
        self.check_a_disk_that_cannot_write("writes", "disk")

    def test_a_disk_that_does_not_sync(self):
        self.check_a_disk_that_cannot_write("syncs", "disk")

    def test_a_disk_that_hangs_holds_acknowledgements_only(self):
        node = self.start()
        self.leave_a_session(node)
        with RawClient(node.mqtt) as publisher, RawClient(node.mqtt) as watcher:
            publisher.connect("publisher")
            watcher.connect("watcher")
            watcher.subscribe("live", 0)
            self.make(node, "hold")
            publish_ahead(publisher, self.payloads)
            publisher.publish("live", b"now")
            self.assertEqual(watcher.take_message().payload, b"now")
            publisher.ping()  # and no acknowledgement before it
            self.wait_until_counted(node, "store_pending_batches")
            self.wait_until_degraded(node, "the disk has not answered since 2")
            publisher.ping()
            self.make(node, "well")
            for _ in self.payloads:
                publisher.expect("PUBACK")
            self.wait_until_healthy(node)
            self.assertEqual(self.metric(node, "store_failures_total"), 0)
            self.assertEqual(self.store_events(node), ["store_degraded", "store_healthy"])
        node.kill()
        self.assertEqual(self.take_back(self.start(), COUNT), self.payloads)

    def test_a_disk_that_does_not_read_back_a_long_queue(self):
        payloads = payloads_of(3000, 4000)  # more than the store's cache
        node = self.start()
        self.leave_a_session(node)
        with RawClient(node.mqtt) as publisher:
            publisher.connect("publisher")
            for first in range(0, len(payloads), 500):
                publish_ahead(publisher, payloads[first : first + 500])
                for _ in range(500):
                    publisher.expect("PUBACK")
        node.kill()
        node = self.start()  # with nothing of the queue in memory
        self.make(node, "reads")
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect("away", **DURABLE)
            in_memory = len(payloads) - self.storage(node)["spilled"]
            got = subscriber.take_messages(in_memory)
            self.wait_until_degraded(node, "disk")
            self.wait_until_counted(node, "store_read_failures_total")
            self.make(node, "well")
            got += subscriber.take_messages(len(payloads) - in_memory)
            self.assertEqual([each.payload for each in got], payloads)
            self.wait_until_healthy(node)

    def test_an_acknowledgement_before_the_commit_is_caught(self):
        """The mutant: it acknowledges what the disk never gets."""
        node = self.start("hasty")
        self.leave_a_session(node)
        with RawClient(node.mqtt) as publisher:
            publisher.connect("publisher")
            self.make(node, "writes")
            publish_ahead(publisher, self.payloads)
            for _ in self.payloads:
                publisher.expect("PUBACK")
        node.kill()
        node = self.start()
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect("away", **DURABLE)
            subscriber.ping()  # nothing came
            self.assertEqual(self.storage(node)["queued"], 0)


if __name__ == "__main__":
    unittest.main()
