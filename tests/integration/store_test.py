"""Queues on disk and disks that fill up, seen by clients of a real node."""

import json
import resource
import time
import unittest
import urllib.error
import urllib.request

import mqtt_packets as mqtt
from harness import BINARY, DEADLINE_S, NodeCase, create_token
from mqtt_raw import RawClient

NEVER = 0xFFFFFFFF
MESSAGES = 3000
BATCH = 500


def publish_all(client: RawClient, topic: str, payloads: list[bytes]) -> None:
    """With QoS 1; returns when all are acknowledged."""
    for first in range(0, len(payloads), BATCH):
        batch = payloads[first : first + BATCH]
        client.send(b"".join(
            mqtt.Publish(topic, payload, 1, client.take_packet_id()).encode(client.version)
            for payload in batch))
        for _ in batch:
            client.expect("PUBACK")


class LongQueues(NodeCase):
    def test_a_queue_on_disk_survives_sigkill_and_comes_back_in_order(self):
        node = self.start_node("--http", "127.0.0.1:0")
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect("away", properties={"session_expiry_interval": NEVER})
            subscriber.subscribe("q", 1)
        payloads = [str(i).encode() for i in range(MESSAGES)]
        with RawClient(node.mqtt) as publisher:
            publisher.connect("publisher")
            publish_all(publisher, "q", payloads[: MESSAGES // 2])
            node.kill()
        node = self.start_node("--http", "127.0.0.1:0")
        with RawClient(node.mqtt) as publisher:
            publisher.connect("publisher")
            publish_all(publisher, "q", payloads[MESSAGES // 2 :])
        storage = self.storage(node)
        self.assertEqual(storage["queued"], MESSAGES)
        self.assertGreater(storage["spilled"], MESSAGES // 2)
        self.assertEqual(storage["messages"], MESSAGES)
        with RawClient(node.mqtt) as subscriber:
            answer = subscriber.connect(
                "away", clean_start=False, properties={"session_expiry_interval": NEVER})
            self.assertTrue(answer.session_present)
            got = [each.payload for each in subscriber.take_messages(MESSAGES)]
            self.assertEqual(got, payloads)
            subscriber.ping()  # nothing more comes

    def storage(self, node) -> dict:
        token = create_token(node.data, "operator")["token"]
        host, port = node.addresses["http"]
        request = urllib.request.Request(f"http://{host}:{port}/api/v1/storage",
                                         headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.load(answer)


class FullDisk(NodeCase):
    def test_publishers_wait_while_the_disk_is_full_and_nothing_acknowledged_is_lost(self):
        # Files of the node may not grow beyond a limit, as on a disk that is full.
        node = self.start_node(
            "--http", "127.0.0.1:0", command=["env", "--ignore-signal=XFSZ", BINARY, "run"])
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect("away", properties={"session_expiry_interval": NEVER})
            subscriber.subscribe("q", 1)
        publisher = RawClient(node.mqtt)
        publisher.connect("publisher")
        publish_all(publisher, "q", [b"before"])
        _, hard = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (200_000, hard))
        payloads = [bytes([65 + i]) * 50_000 for i in range(20)]
        publisher.send(b"".join(
            mqtt.Publish("q", payload, 1, publisher.take_packet_id()).encode(publisher.version)
            for payload in payloads))
        self.wait_for_readiness(node, 503)
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (hard, hard))
        for _ in payloads:
            publisher.expect("PUBACK")
        self.wait_for_readiness(node, 200)
        publisher.close()
        node.kill()
        node = self.start_node()
        with RawClient(node.mqtt) as subscriber:
            subscriber.connect(
                "away", clean_start=False, properties={"session_expiry_interval": NEVER})
            got = [each.payload for each in subscriber.take_messages(1 + len(payloads))]
            self.assertEqual(got, [b"before", *payloads])

    def wait_for_readiness(self, node, status: int) -> None:
        host, port = node.addresses["http"]
        deadline = time.monotonic() + DEADLINE_S
        seen = 0
        while seen != status:
            self.assertLess(time.monotonic(), deadline, f"readyz says {seen}")
            try:
                with urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=5) as answer:
                    seen = answer.status
            except urllib.error.HTTPError as error:
                seen = error.code


if __name__ == "__main__":
    unittest.main()
