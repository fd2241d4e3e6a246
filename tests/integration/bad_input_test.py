"""Wrong bytes over real sockets: the reason code of the specification, an end, and nobody else's
trouble.

What a decoder refuses is tested beside it, packet by packet; here a few of each kind go the whole
way through a node, while bystanders must not notice.
"""

import socket
import struct
import time
import unittest

import mqtt_packets as mqtt
from bystanders import Bystanders
from harness import DEADLINE_S, SANITIZED, NodeCase
from mqtt_packets import V5, V311, Connect, Publish, Will
from mqtt_raw import ConnectionClosed, RawClient, dial

MALFORMED_PACKET = 0x81
PROTOCOL_ERROR = 0x82
UNSUPPORTED_PROTOCOL_VERSION = 0x84
KEEP_ALIVE_TIMEOUT = 0x8D
SESSION_TAKEN_OVER = 0x8E
TOPIC_FILTER_INVALID = 0x8F
TOPIC_NAME_INVALID = 0x90
RECEIVE_MAXIMUM_EXCEEDED = 0x93
TOPIC_ALIAS_INVALID = 0x94
PACKET_TOO_LARGE = 0x95

NOT_UTF8 = b"a/\xff\xfe"
SURROGATE = b"a/\xed\xa0\x80"
WITH_NUL = b"a\x00b"


def raw(first_byte: int, body: bytes = b"") -> bytes:
    return bytes([first_byte]) + mqtt.varint(len(body)) + body


def publish(topic: str | bytes, **fields) -> bytes:
    return Publish(topic, b"x", **fields).encode(V5)


def subscribe(topic_filter: str | bytes, options: int = 0, **values) -> bytes:
    return mqtt.subscribe(1, [(topic_filter, options)], V5, values or None)


# Behind an accepted CONNECT of MQTT 5: what is wrong, and the reason code of DISCONNECT.
AFTER_CONNECT = {
    "a packet of type 0": (raw(0x00), MALFORMED_PACKET),
    "a remaining length of five bytes": (b"\x30\xff\xff\xff\xff\x01", MALFORMED_PACKET),
    "a second CONNECT": (Connect("again").encode(), PROTOCOL_ERROR),
    "CONNACK from a client": (raw(0x20, b"\0\0\0"), PROTOCOL_ERROR),
    "PINGREQ with a body": (raw(0xC0, b"x"), MALFORMED_PACKET),
    "PINGREQ with flags": (raw(0xC1), MALFORMED_PACKET),
    "AUTH that nobody began": (raw(0xF0), PROTOCOL_ERROR),
    "PUBLISH at QoS 3": (raw(0x36, b"\0\x01a\0\x01\0"), MALFORMED_PACKET),
    "PUBLISH at QoS 0 with DUP": (raw(0x38, b"\0\x01a\0"), MALFORMED_PACKET),
    "PUBLISH with packet id 0": (publish("a", qos=1), PROTOCOL_ERROR),
    "PUBLISH to a wildcard": (publish("a/+"), TOPIC_NAME_INVALID),
    "PUBLISH without a topic": (publish(""), PROTOCOL_ERROR),
    "PUBLISH to what is not UTF-8": (publish(NOT_UTF8), MALFORMED_PACKET),
    "PUBLISH to a surrogate": (publish(SURROGATE), MALFORMED_PACKET),
    "PUBLISH to a topic with NUL": (publish(WITH_NUL), MALFORMED_PACKET),
    "PUBLISH that ends in its topic": (raw(0x30, b"\0\x09abc"), MALFORMED_PACKET),
    "PUBLISH with alias 0": (publish("a", properties={"topic_alias": 0}), TOPIC_ALIAS_INVALID),
    "PUBLISH with too high an alias": (
        publish("a", properties={"topic_alias": 65535}),
        TOPIC_ALIAS_INVALID,
    ),
    "PUBLISH with an unknown alias": (publish("", properties={"topic_alias": 1}), PROTOCOL_ERROR),
    "PUBLISH with a property twice": (
        publish("a", properties={"content_type": ["a", "b"]}),
        PROTOCOL_ERROR,
    ),
    "PUBLISH with a property of CONNECT": (
        publish("a", properties={"receive_maximum": 5}),
        MALFORMED_PACKET,
    ),
    "SUBSCRIBE with wrong flags": (raw(0x80, b"\0\x01\0\0\x01a\0"), MALFORMED_PACKET),
    "SUBSCRIBE to nothing": (mqtt.subscribe(1, [], V5), PROTOCOL_ERROR),
    "SUBSCRIBE with packet id 0": (mqtt.subscribe(0, [("a", 0)], V5), PROTOCOL_ERROR),
    "SUBSCRIBE with a reserved bit": (subscribe("a", 0x40), MALFORMED_PACKET),
    "SUBSCRIBE at QoS 3": (subscribe("a", 3), PROTOCOL_ERROR),
    "SUBSCRIBE with retain handling 3": (subscribe("a", 0x30), PROTOCOL_ERROR),
    "SUBSCRIBE to a share, not local": (subscribe("$share/g/a", 0x04), PROTOCOL_ERROR),
    "SUBSCRIBE with identifier 0": (subscribe("a", subscription_identifier=0), PROTOCOL_ERROR),
    "SUBSCRIBE to what is not UTF-8": (subscribe(NOT_UTF8), MALFORMED_PACKET),
    "UNSUBSCRIBE from nothing": (mqtt.unsubscribe(1, [], V5), PROTOCOL_ERROR),
    "PUBREL with wrong flags": (raw(0x60, b"\0\x01"), MALFORMED_PACKET),
    "PUBACK without a packet id": (raw(0x40), MALFORMED_PACKET),
    "a packet above the limit": (b"\x30" + mqtt.varint(200_000_000), PACKET_TOO_LARGE),
    "DISCONNECT that wants to outlive it": (
        mqtt.disconnect(V5, 0, {"session_expiry_interval": 9}),
        PROTOCOL_ERROR,
    ),
}

# The first packet: what is wrong, and the reason codes of CONNACK that may come before the end;
# None stands for no CONNACK.
FIRST_PACKETS = {
    "not CONNECT": (raw(0xC0), [None]),
    "PUBLISH": (publish("a"), [None]),
    # Its first two bytes promise 69 more, so it has to be as long as real ones are.
    "HTTP": (b"GET / HTTP/1.1\r\nHost: gateway.example:1883\r\nAccept: */*\r\n" * 2, [None]),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), [None, MALFORMED_PACKET]),
    "another protocol": (raw(0x10, b"\0\x04MQXX\x05\x02\0\0\0\0\0"), [None, 0x84]),
    "a later version": (
        raw(0x10, b"\0\x04MQTT\x06\x02\0\0\0\0\0"),
        [1, UNSUPPORTED_PROTOCOL_VERSION],
    ),
    "the reserved flag": (raw(0x10, b"\0\x04MQTT\x05\x03\0\0\0\0\0"), [None, MALFORMED_PACKET]),
    "a will at QoS 3": (
        raw(0x10, b"\0\x04MQTT\x05\x1e\0\0\0\0\x01a\0\0\x01a\0\x01b"),
        [None, MALFORMED_PACKET],
    ),
    "a client id with NUL": (Connect(WITH_NUL).encode(), [None, MALFORMED_PACKET, 0x85]),
    "a client id that is not UTF-8": (Connect(NOT_UTF8).encode(), [None, MALFORMED_PACKET, 0x85]),
    "a property that CONNECT has not": (
        Connect("a", properties={"topic_alias": 1}).encode(),
        [None, MALFORMED_PACKET],
    ),
    "receive maximum 0": (
        Connect("a", properties={"receive_maximum": 0}).encode(),
        [None, PROTOCOL_ERROR],
    ),
    "bytes behind the payload": (
        raw(0x10, b"\0\x04MQTT\x05\x02\0\0\0\0\x01atail"),
        [None, MALFORMED_PACKET],
    ),
    "3.1.1 with a password alone": (
        Connect("a", V311, password="b").encode(),
        [None],
    ),
    "a CONNECT of 200 MB": (b"\x10" + mqtt.varint(200_000_000), [None, PACKET_TOO_LARGE]),
}


class WrongPackets(NodeCase):
    def test_what_is_wrong_behind_connect_is_answered_with_its_reason(self):
        node = self.start_node()
        with Bystanders(node.mqtt):
            for name, (wrong, reason) in AFTER_CONNECT.items():
                with self.subTest(name), RawClient(node.mqtt) as client:
                    self.assertEqual(client.connect("wrong").reason, 0)
                    client.send(wrong)
                    said = client.expect_closed()
                    self.assertEqual(
                        [(each.kind, hex(each.reason)) for each in said],
                        [("DISCONNECT", hex(reason))],
                    )

    def test_mqtt_3_is_closed_without_a_word(self):
        node = self.start_node()
        wrongs = [raw(0x00), Connect("again", V311).encode(), raw(0x36, b"\0\x01a\0\x01"),
                  mqtt.subscribe(1, [], V311), mqtt.subscribe(1, [("a", 3)], V311),
                  raw(0x30, b"\0\x03a/+"), raw(0xF0)]
        with Bystanders(node.mqtt):
            for wrong in wrongs:
                with self.subTest(wrong), RawClient(node.mqtt, V311) as client:
                    client.connect("wrong")
                    client.send(wrong)
                    self.assertEqual(client.expect_closed(), [])

    def test_a_wrong_first_packet_ends_the_connection(self):
        node = self.start_node()
        with Bystanders(node.mqtt):
            for name, (wrong, allowed) in FIRST_PACKETS.items():
                for version in (V5, V311):
                    with self.subTest(name), RawClient(node.mqtt, version) as client:
                        client.send(wrong)
                        try:
                            said = client.expect_closed()
                        except mqtt.ProtocolError:
                            continue  # an answer in the other version
                        reasons = [each.reason for each in said] or [None]
                        self.assertEqual(len(reasons), 1, said)
                        self.assertIn(reasons[0], allowed)

    def test_a_wrong_filter_is_refused_alone(self):
        node = self.start_node()
        with RawClient(node.mqtt) as client:
            client.connect("a")
            filters = [("good/#", 0), ("a/#/b", 0), ("a+", 0), ("good", 1)]
            client.send(mqtt.subscribe(1, filters, V5))
            self.assertEqual(
                client.expect("SUBACK").reasons, [0, TOPIC_FILTER_INVALID, TOPIC_FILTER_INVALID, 1]
            )

    def test_more_than_receive_maximum_ends_the_connection(self):
        node = self.start_node("--set", "mqtt.receive_maximum=3")
        with RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("a").properties["receive_maximum"], 3)
            for packet_id in range(1, 5):
                client.send(publish("a", qos=2, packet_id=packet_id))
            said = client.expect_closed()
            self.assertEqual(said[-1].kind, "DISCONNECT")
            self.assertEqual(said[-1].reason, RECEIVE_MAXIMUM_EXCEEDED)

    def test_a_client_whose_name_is_taken_over_is_told(self):
        node = self.start_node()
        with RawClient(node.mqtt) as first, RawClient(node.mqtt) as second:
            first.connect("same")
            second.connect("same")
            self.assertEqual([each.reason for each in first.expect_closed()], [SESSION_TAKEN_OVER])
            second.ping()

    def test_any_size_of_piece_will_do(self):
        """The whole conversation byte by byte, and all at once."""
        node = self.start_node()
        talk = (Connect("pieces").encode() + mqtt.subscribe(1, [("a", 2)], V5)
                + publish("a", qos=2, packet_id=7) + mqtt.acknowledgement("PUBREL", 7)
                + mqtt.pingreq())
        for size in (1, 2, 3, 7, len(talk)):
            with self.subTest(size), RawClient(node.mqtt) as client:
                for at in range(0, len(talk), size):
                    client.send(talk[at : at + size])
                kinds = {client.receive().kind for _ in range(6)}
                expected = {"CONNACK", "SUBACK", "PUBREC", "PUBCOMP", "PUBLISH", "PINGRESP"}
                self.assertEqual(kinds, expected)


class SilentPeers(NodeCase):
    def test_who_does_not_send_connect_is_closed(self):
        node = self.start_node("--mqtts", "127.0.0.1:0", "--set", "mqtt.connect_timeout=300ms")
        with Bystanders(node.mqtt):
            for address in (node.mqtt, node.addresses["mqtts"]):
                for sent in (b"", b"\x10", Connect("half").encode()[:-2], b"\x16\x03\x01"):
                    with self.subTest(sent), dial(address) as stream:
                        stream.sendall(sent)
                        self.assertEqual(self.read_to_end(stream), b"")

    @staticmethod
    def read_to_end(stream: socket.socket) -> bytes:
        got = b""
        try:
            while more := stream.recv(4096):
                got += more
        except ConnectionResetError:
            pass
        return got

    def test_who_keeps_silent_for_longer_than_promised_is_closed_and_has_a_will(self):
        node = self.start_node()
        with RawClient(node.mqtt) as watcher, RawClient(node.mqtt) as silent:
            watcher.connect("watcher")
            watcher.subscribe("wills/#")
            will = Will("wills/silent", b"gone")
            started = time.monotonic()
            silent.connect("silent", keep_alive_s=1, will=will)
            self.assertEqual([each.reason for each in silent.expect_closed()],
                             [KEEP_ALIVE_TIMEOUT])
            self.assertGreater(time.monotonic() - started, 1.0)
            self.assertEqual(watcher.take_message().payload, b"gone")

    def test_a_reset_in_the_middle_of_a_packet_has_a_will(self):
        node = self.start_node()
        with RawClient(node.mqtt) as watcher:
            watcher.connect("watcher")
            watcher.subscribe("wills/#")
            client = RawClient(node.mqtt)
            client.connect("client", will=Will("wills/client", b"gone"))
            client.send(publish("a" * 100)[:50])
            client.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            self.assertEqual(watcher.take_message().payload, b"gone")

    def test_a_half_closed_connection_ends(self):
        node = self.start_node()
        with RawClient(node.mqtt) as client:
            client.connect("half")
            client.stream.shutdown(socket.SHUT_WR)
            self.assertEqual(client.expect_closed(), [])


class GreedyPeers(NodeCase):
    FLOOD_BYTES = 100_000
    FLOOD_MESSAGES = 1_000
    GROWTH_BYTES_MAX = 96 * 1024 * 1024

    def check_growth(self, node, before_bytes: int) -> None:
        grown = node.resident_bytes() - before_bytes
        print(f"\ngrown by {grown / 1e6:.1f} MB")
        if not SANITIZED:  # which keep freed memory for long
            self.assertLess(grown, self.GROWTH_BYTES_MAX)

    def test_a_reader_that_stops_holds_up_nobody(self):
        """100 MB for one who does not read; the queues keep to their limits."""
        for qos in (0, 1):
            with self.subTest(qos=qos):
                node = self.start_node(
                    "--set", "mqtt.session_queue_bytes_max=8MiB", data=self.folder / f"q{qos}"
                )
                before_bytes = node.resident_bytes()
                with RawClient(node.mqtt) as stuck, RawClient(node.mqtt) as publisher, \
                        Bystanders(node.mqtt):
                    stuck.connect("stuck")
                    stuck.subscribe("flood", qos)
                    publisher.connect("publisher")
                    payload = bytes(self.FLOOD_BYTES)
                    for _ in range(self.FLOOD_MESSAGES):
                        publisher.publish("flood", payload, qos=qos)
                    publisher.ping()
                    self.check_growth(node, before_bytes)
                node.stop()

    def test_unfinished_packets_of_many_take_little(self):
        """Strangers may not make the node keep megabytes for each of them."""
        node = self.start_node()
        before_bytes = node.resident_bytes()
        with Bystanders(node.mqtt):
            streams = []
            for _ in range(200):
                stream = dial(node.mqtt)
                streams.append(stream)
                try:
                    stream.sendall(b"\x10" + mqtt.varint(1_000_000) + bytes(500_000))
                except OSError:
                    pass  # refused as too large for a CONNECT
            self.check_growth(node, before_bytes)
            for stream in streams:
                stream.close()

    def test_who_asks_and_never_reads_the_answers_is_stopped(self):
        """PINGREQ costs two bytes; its answers must not pile up in the node."""
        node = self.start_node()
        before_bytes = node.resident_bytes()
        with Bystanders(node.mqtt):
            client = RawClient(node.mqtt)
            client.connect("asker")
            client.stream.setblocking(False)
            block = mqtt.pingreq() * 50_000
            sent_bytes = 0
            deadline = time.monotonic() + DEADLINE_S
            try:
                while sent_bytes < 200_000_000 and time.monotonic() < deadline:
                    sent_bytes += client.stream.send(block)
            except (BlockingIOError, ConnectionError):
                pass  # nobody reads any more
            self.assertLess(sent_bytes, 200_000_000)
            self.check_growth(node, before_bytes)
            client.close()

    def test_at_the_limit_of_connections_those_that_are_in_stay(self):
        node = self.start_node("--set", "mqtt.connections_max=50")
        with Bystanders(node.mqtt):
            held, refused = [], 0
            for i in range(200):
                try:
                    client = RawClient(node.mqtt)
                    client.connect(f"c{i}")
                    held.append(client)
                except (ConnectionClosed, ConnectionError):
                    refused += 1
            self.assertEqual(len(held), 48)  # and the bystanders
            self.assertEqual(refused, 152)
            for client in held:
                client.ping()
                client.close()


if __name__ == "__main__":
    unittest.main()
