"""A thousand publishers flood one subscriber that has stopped reading, and one that is away.

The node's memory stays bounded, publishers feel it, a pair that has nothing to do with it goes on,
and when the subscribers come back nothing that was acknowledged is missing.
"""

import re
import selectors
import statistics
import threading
import time
import unittest
import urllib.request

import mqtt_packets as mqtt
from harness import DEADLINE_S, SANITIZED, NodeCase
from mqtt_packets import Publish
from mqtt_raw import RawClient

PUBLISHERS = 200 if SANITIZED else 1000
KEPT_EACH = 5  # messages of QoS 1 and 2 of each publisher that sends such
FLOOD_BYTES = (50 if SANITIZED else 300) * 1024 * 1024  # of QoS 0, in all
PAYLOAD_BYTES = 10_000
QUEUED_BYTES_MAX = 32 * 1024 * 1024
GROWTH_BYTES_MAX = 256 * 1024 * 1024
ROUND_TRIP_S_MAX = 1.0


class Publisher:
    """One connection of the flood: QoS 0 without end, or a few messages of QoS 1 or 2."""

    def __init__(self, address, number: int):
        self.client = RawClient(address)
        self.client.connect(f"flood-{number}")
        self.qos = number % 3
        self.acknowledged: set[bytes] = set()
        self.flooded_bytes = 0
        self._ids: dict[int, bytes] = {}
        self._output = bytearray()
        for i in range(KEPT_EACH if self.qos else 0):
            payload = b"%d-%d" % (number, i)
            packet_id = self.client.take_packet_id()
            self._ids[packet_id] = payload
            self._output += Publish("flood/kept", payload, self.qos, packet_id).encode(mqtt.V5)
        self._flood = Publish("flood/lost", bytes(PAYLOAD_BYTES)).encode(mqtt.V5)
        self.client.stream.setblocking(False)

    def is_done(self) -> bool:
        return not self._ids if self.qos else False

    def write(self, may_flood: bool) -> None:
        if not self._output and self.qos == 0 and may_flood:
            self._output += self._flood * 4
        try:
            sent = self.client.stream.send(self._output) if self._output else 0
        except BlockingIOError:
            sent = 0
        del self._output[:sent]
        self.flooded_bytes += sent if self.qos == 0 else 0

    def wants_to_write(self, may_flood: bool) -> bool:
        return bool(self._output) or (self.qos == 0 and may_flood)

    def read(self) -> None:
        try:
            self.client._input += self.client.stream.recv(65536)
        except BlockingIOError:
            return
        while (end := self.client._packet_end()) is not None:
            got = self.client.receive()
            if got.kind in ("PUBACK", "PUBCOMP"):
                self.acknowledged.add(self._ids.pop(got.packet_id))
            elif got.kind == "PUBREC":
                self._output += mqtt.acknowledgement("PUBREL", got.packet_id)
            self.client.stream.setblocking(False)


class RoundTrips(threading.Thread):
    """A pair of clients whose topic nobody else uses."""

    def __init__(self, address):
        super().__init__()
        self.seconds: list[float] = []
        self._address = address
        self._is_over = threading.Event()

    def run(self) -> None:
        with RawClient(self._address) as sender, RawClient(self._address) as receiver:
            sender.connect("pair-sender")
            receiver.connect("pair-receiver")
            receiver.subscribe("pair", 1)
            while not self._is_over.is_set():
                began = time.monotonic()
                sender.publish("pair", b"x", 1)
                receiver.take_message()
                self.seconds.append(time.monotonic() - began)

    def finish(self) -> None:
        self._is_over.set()
        self.join(DEADLINE_S)


class Flood(NodeCase):
    def test_a_flood_to_clients_that_take_nothing_harms_nobody_else(self):
        node = self.start_node("--http", "127.0.0.1:0", "--set",
                               f"mqtt.queued_bytes_max={QUEUED_BYTES_MAX}")
        away = RawClient(node.mqtt)
        away.connect("away", clean_start=False, properties={"session_expiry_interval": 3600})
        away.subscribe("flood/kept", 2)
        away.disconnect()
        stopped = RawClient(node.mqtt)
        stopped.connect("stopped")
        stopped.subscribe("flood/#", 2)
        publishers = [Publisher(node.mqtt, i) for i in range(PUBLISHERS)]
        before_bytes = node.resident_bytes()
        pair = RoundTrips(node.mqtt)
        pair.start()
        self.addCleanup(pair.finish)
        most_bytes = self.flood(node, publishers)
        pair.finish()

        acknowledged = set().union(*(each.acknowledged for each in publishers))
        self.assertEqual(len(acknowledged), KEPT_EACH * sum(each.qos > 0 for each in publishers))
        # Metrics are sampled: those of now are there when these messages are.
        dropped = self.wait_for_drops(node)
        held_bytes = self.metric(node, "kith_held_bytes")
        held = self.metric(node, "kith_publishers_held_total")
        print(f"\nresident: {before_bytes / 1e6:.0f} MB before, {most_bytes / 1e6:.0f} MB at most; "
              f"held {held_bytes / 1e6:.1f} MB; publishers held {held:.0f} times; "
              f"{len(pair.seconds)} round trips, median {statistics.median(pair.seconds):.4f} s, "
              f"worst {max(pair.seconds):.3f} s")
        self.assertLess(held_bytes, QUEUED_BYTES_MAX * 1.25)
        if not SANITIZED:
            self.assertLess(most_bytes - before_bytes, GROWTH_BYTES_MAX)
        self.assertGreater(held, 0)
        self.assertLess(statistics.median(pair.seconds), ROUND_TRIP_S_MAX)
        self.assertGreater(dropped, 0)

        self.assertEqual(self.drain(stopped, len(acknowledged)), acknowledged)
        away = RawClient(node.mqtt)
        away.connect("away", clean_start=False, properties={"session_expiry_interval": 3600})
        self.assertEqual(self.drain(away, len(acknowledged)), acknowledged)
        for each in [stopped, away, *(each.client for each in publishers)]:
            each.close()

    def flood(self, node, publishers: list[Publisher]) -> int:
        """Until the flood is over and all else acknowledged; the most memory that the node had."""
        most_bytes = 0
        deadline = time.monotonic() + 3 * DEADLINE_S
        selector = selectors.DefaultSelector()
        for each in publishers:
            wanted = selectors.EVENT_READ | selectors.EVENT_WRITE
            selector.register(each.client.stream, wanted, each)
        with selector:
            while True:
                self.assertLess(time.monotonic(), deadline, "the flood does not end")
                may_flood = sum(each.flooded_bytes for each in publishers) < FLOOD_BYTES
                if not may_flood and all(each.is_done() for each in publishers if each.qos):
                    return most_bytes
                for key, events in selector.select(0.05):
                    publisher = key.data
                    if events & selectors.EVENT_READ:
                        publisher.read()
                    if events & selectors.EVENT_WRITE:
                        publisher.write(may_flood)
                for each in publishers:
                    wanted = selectors.EVENT_READ
                    wanted |= selectors.EVENT_WRITE if each.wants_to_write(may_flood) else 0
                    selector.modify(each.client.stream, wanted, each)
                most_bytes = max(most_bytes, node.resident_bytes())

    def wait_for_drops(self, node) -> float:
        """Messages of QoS 0 that were dropped: none of the others is."""
        deadline = time.monotonic() + DEADLINE_S
        dropped = 0.0
        while dropped == 0 and time.monotonic() < deadline:
            for reason in ("slow_receiver", "memory"):
                dropped += self.metric(node, f'kith_messages_dropped_total{{reason="{reason}"}}')
        return dropped

    def drain(self, client: RawClient, count: int) -> set[bytes]:
        """What of the kept messages comes, once each."""
        kept: set[bytes] = set()
        while len(kept) < count:
            message = client.take_message()
            if message.topic == "flood/kept":
                kept.add(message.payload)
        return kept

    def metric(self, node, name: str) -> float:
        host, port = node.addresses["http"]
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=DEADLINE_S) as answer:
            text = answer.read().decode()
        return float(re.search("^" + re.escape(name) + r" (\S+)$", text, re.M).group(1))


if __name__ == "__main__":
    unittest.main()
