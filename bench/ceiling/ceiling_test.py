"""The ceiling, over its socket: what it does, what it refuses, and that it loses nothing."""

import os
import select
import socket
import subprocess
import unittest
from pathlib import Path

PROGRAM = Path(os.environ.get("KITH_BINARY", "build/dev/kith")).with_name("kith_ceiling")
TIMEOUT_S = 30

CONNACK = bytes.fromhex("20020000")
PUBLISH = 0x30


def packet(first_byte: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, digit = left >> 7, left & 0x7F
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([first_byte]) + length + body


def text(value: str) -> bytes:
    return len(value).to_bytes(2, "big") + value.encode()


def publish(topic: str, payload: bytes, packet_id: int | None = None) -> bytes:
    identifier = b"" if packet_id is None else packet_id.to_bytes(2, "big")
    qos_bits = 0 if packet_id is None else 2
    return packet(PUBLISH | qos_bits, text(topic) + identifier + payload)


class CeilingTest(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([PROGRAM], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_S)
        self.process.stdout.close()

    def open(self, version: int = 4) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S)
        self.addCleanup(connection.close)
        connection.sendall(packet(0x10, text("MQTT") + bytes([version, 2, 0, 0]) + text("me")))
        return connection

    def client(self, *topics: str, qos: int = 0) -> socket.socket:
        connection = self.open()
        self.expect(connection, CONNACK)
        if topics:
            filters = b"".join(text(topic) + bytes([qos]) for topic in topics)
            connection.sendall(packet(0x82, b"\0\1" + filters))
            codes = bytes([qos] * len(topics))
            self.expect(connection, bytes([0x90, 2 + len(topics), 0, 1]) + codes)
        return connection

    def expect(self, connection: socket.socket, expected: bytes):
        got = b""
        while len(got) < len(expected) and (chunk := connection.recv(len(expected) - len(got))):
            got += chunk
        self.assertEqual(got, expected)

    def expect_end(self, connection: socket.socket):
        self.assertEqual(connection.recv(1), b"")

    def test_a_message_reaches_who_subscribed_to_its_topic_and_nobody_else(self):
        one, both, publisher = self.client("a"), self.client("a", "b"), self.client()
        publisher.sendall(publish("a", b"1") + publish("b", b"2") + publish("c", b"3"))
        publisher.sendall(publish("a", b"4"))
        self.expect(one, publish("a", b"1") + publish("a", b"4"))
        self.expect(both, publish("a", b"1") + publish("b", b"2") + publish("a", b"4"))

    def test_qos_1_is_acknowledged_and_passed_on_with_an_id_of_its_own(self):
        once, least, publisher = self.client("a"), self.client("a", qos=1), self.client()
        publisher.sendall(publish("a", b"x", 700) + publish("a", b"y", 701))
        self.expect(publisher, packet(0x40, b"\x02\xbc") + packet(0x40, b"\x02\xbd"))
        self.expect(once, publish("a", b"x") + publish("a", b"y"))
        self.expect(least, publish("a", b"x", 1) + publish("a", b"y", 2))
        least.sendall(packet(0x40, b"\0\1") + packet(0xC0, b""))
        self.expect(least, packet(0xD0, b""))

    def test_qos_0_stays_qos_0_for_who_may_have_qos_1(self):
        least, publisher = self.client("a", qos=1), self.client()
        publisher.sendall(publish("a", b"x"))
        self.expect(least, publish("a", b"x"))

    def test_a_packet_in_pieces_is_put_together(self):
        subscriber, publisher = self.client("a"), self.client()
        whole = publish("a", b"payload")
        for byte in whole:
            publisher.sendall(bytes([byte]))
        self.expect(subscriber, whole)

    def test_a_wildcard_is_refused(self):
        connection = self.client()
        connection.sendall(packet(0x82, b"\0\1" + text("a/#") + b"\0" + text("b") + b"\0"))
        self.expect(connection, bytes.fromhex("900400018000"))

    def test_another_version_is_refused(self):
        connection = self.open(version=5)
        self.expect(connection, bytes.fromhex("20020001"))
        self.expect_end(connection)

    def test_what_it_cannot_do_ends_the_connection(self):
        for bad in ("3204000161", "34050001610001", "a20400010161", "8202", "1000", "e000"):
            with self.subTest(bad):
                connection = self.client()
                connection.sendall(bytes.fromhex(bad))
                connection.shutdown(socket.SHUT_WR)
                self.expect_end(connection)

    def test_who_goes_is_forgotten(self):
        gone, stays, publisher = self.client("a"), self.client("a"), self.client()
        gone.sendall(packet(0xE0, b""))
        self.expect_end(gone)
        publisher.sendall(publish("a", b"x"))
        self.expect(stays, publish("a", b"x"))

    def test_publishers_wait_for_a_subscriber_that_does_not_read(self):
        """More than both ends' buffers hold is not taken; once read, all of it is there."""
        subscriber, publishers = self.client("a"), [self.client(), self.client()]
        message = publish("a", bytes(1000))
        sent = self.send_until_stopped(publishers, message)
        subscriber.settimeout(TIMEOUT_S)
        got = 0
        while got < sum(sent):
            got += len(subscriber.recv(1 << 20))
            for number, publisher in enumerate(publishers):
                rest = -sent[number] % len(message)
                if rest:  # the end of a message of which a part was taken
                    sent[number] += send_some(publisher, message[-rest:])
        self.assertEqual(got, sum(sent))
        self.assertEqual(got % len(message), 0)
        other = self.client("b")
        publishers[0].sendall(publish("b", b"on"))
        self.expect(other, publish("b", b"on"))

    def test_a_publisher_that_waits_goes_on_when_the_subscriber_has_gone(self):
        subscriber, publisher = self.client("a"), self.client()
        message = publish("a", bytes(1000))
        (sent,) = self.send_until_stopped([publisher], message)
        subscriber.close()
        other = self.client("b")
        publisher.setblocking(True)
        publisher.settimeout(TIMEOUT_S)
        rest = -sent % len(message)
        publisher.sendall(message[len(message) - rest :] + publish("b", b"on"))
        self.expect(other, publish("b", b"on"))

    def test_who_does_not_read_its_answers_is_not_read_either(self):
        client = self.client()
        pings = packet(0xC0, b"") * 1000
        (sent,) = self.send_until_stopped([client], pings)
        client.settimeout(TIMEOUT_S)
        got = 0
        while got < sent - sent % 2:
            answers = client.recv(1 << 20)
            self.assertEqual(answers.count(0xD0) + answers.count(0), len(answers))
            got += len(answers)

    def send_until_stopped(self, publishers: list, message: bytes) -> list[int]:
        """Bytes sent by each until none could send any for a while, which the buffers bound."""
        block, sent = message * 64, [0] * len(publishers)
        for publisher in publishers:
            publisher.setblocking(False)
        while select.select([], publishers, [], 0.5)[1]:
            for number, publisher in enumerate(publishers):
                sent[number] += send_some(publisher, block[sent[number] % len(message) :])
                self.assertLess(sent[number], 1 << 30, "it takes without end")
        return sent


def send_some(connection: socket.socket, data: bytes) -> int:
    try:
        return connection.send(data)
    except BlockingIOError:
        return 0


if __name__ == "__main__":
    unittest.main()
