"""Ten thousand wrong conversations over real sockets, seeded, while bystanders talk on.

Each stream is sent whole, then its sending side is closed: the node must end the connection, and
whatever it said must be MQTT. Parsers have fuzzers of their own; this is for what lies between
socket and session: order, state, ends.
"""

import os
import random
import socket
import threading
import unittest

import mqtt_packets as mqtt
from bystanders import Bystanders
from harness import DEADLINE_S, SANITIZED, Node, NodeCase
from mqtt_packets import V5, V311, Connect, Publish, Will
from mqtt_raw import ConnectionClosed, RawClient, dial

STREAMS = int(os.environ.get("KITH_FUZZ_STREAMS", "10000"))
SEED = int(os.environ.get("KITH_FUZZ_SEED", "1"))
THREADS = 4
PACKETS_MAX = 12
RANDOM_BYTES_MAX = 2000
GROWTH_BYTES_MAX = 96 * 1024 * 1024

TOPICS = ["a", "a/b", "fuzz/" + "x" * 200, "\u20ac/\U0001f600"]
ODD_TOPICS = ["", "a/+", "#", "$SYS/a", "$to/other/x", "/" * 40, "x" * 2000]
FILTERS = [*TOPICS, "#", "$share/g/a", "+/b", "$share/g/#"]
ODD_FILTERS = [*ODD_TOPICS, "$share//a", "$share/g", "a/#/b", "$to/node/#"]


class Maker:
    """Makes a stream of bytes; everything follows from the seed."""

    def __init__(self, seed: str):
        self._random = random.Random(seed)
        self._version = self._random.choice((V311, V5))
        self._odd_chance = self._random.choice((0, 0.02, 0.3))

    def _choose(self, usual, odd):
        """One of the usual, rarely one of the odd."""
        is_odd = self._random.random() < self._odd_chance
        return self._random.choice(odd if is_odd else usual)

    def stream(self) -> bytes:
        match self._random.randrange(6):
            case 0:
                return self._random.randbytes(self._random.randrange(RANDOM_BYTES_MAX))
            case 1:
                return self._mutate(self._connect())
            case 2:  # any order, CONNECT perhaps never or twice
                packets = [self._packet() for _ in range(self._random.randrange(PACKETS_MAX))]
                return b"".join(packets)
            case 3:
                return self._talk()[: self._random.randrange(1, 400)]
            case 4:
                return self._mutate(self._talk())
            case _:
                return self._talk() + self._random.randbytes(self._random.randrange(100))

    def _talk(self) -> bytes:
        count = self._random.randrange(PACKETS_MAX)
        return self._connect() + b"".join(self._packet() for _ in range(count))

    def _packet(self) -> bytes:
        match self._random.randrange(9):
            case 0 | 1 | 2:
                return self._publish()
            case 3:
                filters = [
                    (self._choose(FILTERS, ODD_FILTERS), self._choose((0, 1, 2), (3, 0x2C, 0x80)))
                    for _ in range(self._choose((1, 3), (0, 100)))
                ]
                return mqtt.subscribe(self._id(), filters, self._version, self._properties())
            case 4:
                count = self._choose((1, 3), (0, 100))
                filters = [self._choose(FILTERS, ODD_FILTERS) for _ in range(count)]
                return mqtt.unsubscribe(self._id(), filters, self._version)
            case 5 | 6:
                kind = self._random.choice(("PUBACK", "PUBREC", "PUBREL", "PUBCOMP"))
                return mqtt.acknowledgement(kind, self._id(), self._choose((None,), (0, 0x80, 9)))
            case 7:
                return mqtt.pingreq()
            case _:
                bye = mqtt.disconnect(self._version, self._choose((0, 4), (0x81, 0x99)))
                return self._choose((mqtt.pingreq(),), (bye, self._connect(), mqtt.packet("AUTH")))

    def _id(self) -> int:
        return self._choose((1, 2, 3, 65535), (0,))

    def _publish(self) -> bytes:
        qos = self._random.randrange(3)
        return Publish(
            self._choose(TOPICS, ODD_TOPICS),
            bytes(self._random.choice((0, 1, 100, 3000))),
            qos,
            self._id(),
            dup=qos > 0 and self._choose((False,), (True,)),
            retain=self._random.choice((True, False)),
            properties=self._properties(),
        ).encode(self._version)

    def _connect(self) -> bytes:
        will = Will(self._choose(TOPICS, ODD_TOPICS), b"gone", self._random.randrange(3))
        return Connect(
            self._choose(("", "fuzz", f"fuzz-{self._random.randrange(20)}"), ("x" * 300, b"\0")),
            self._version,
            clean_start=self._version == V311 or self._random.choice((True, False)),
            keep_alive_s=self._random.choice((0, 1, 60, 65535)),
            user_name=self._choose((None,), ("user", "")),
            will=self._random.choice((None, None, will)),
            properties=self._properties(),
        ).encode()

    def _properties(self) -> dict | None:
        """Rarely one, of any packet, with any value of its type."""
        if self._choose((True,), (False,)):
            return None
        name = self._random.choice(list(mqtt.PROPERTIES))
        values = {
            "byte": self._random.randrange(256),
            "two": self._random.choice((0, 1, 65535)),
            "four": self._random.choice((0, 1, 60, 0xFFFF_FFFF)),
            "varint": self._random.choice((0, 1, 268_435_455)),
            "text": self._random.choice(TOPICS + ODD_TOPICS),
            "binary": b"\0\xff",
            "pair": ("name", "value"),
        }
        return {name: values[mqtt.PROPERTIES[name][1]]}

    def _mutate(self, raw: bytes) -> bytes:
        mutated = bytearray(raw)
        for _ in range(self._random.choice((1, 1, 1, 2, 5, 20))):
            at = self._random.randrange(len(mutated)) if mutated else 0
            match self._random.randrange(5):
                case 0 if mutated:
                    mutated[at] ^= 1 << self._random.randrange(8)
                case 1 if mutated:
                    mutated[at] = self._random.choice((0, 1, 0x7F, 0x80, 0xFF))
                case 2 if mutated:
                    del mutated[at : at + self._random.randrange(1, 8)]
                case 3:
                    mutated[at:at] = self._random.randbytes(self._random.randrange(1, 8))
                case _:
                    mutated[at:at] = mutated[at : at + self._random.randrange(1, 40)]
        return bytes(mutated)


def speak(node: Node, stream: bytes) -> bytes:
    """Sends it all, ends, and returns what the node said until it ended, too."""
    said = b""
    try:
        with dial(node.mqtt) as connection:
            sender = threading.Thread(target=send_quietly, args=(connection, stream))
            sender.start()
            try:
                while more := connection.recv(65536):
                    said += more
            finally:
                sender.join()
    except (ConnectionClosed, ConnectionResetError):
        pass
    return said


def send_quietly(connection: socket.socket, stream: bytes) -> None:
    try:
        connection.sendall(stream)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the node has ended it before


def check_answer(said: bytes) -> None:
    """Whole packets of one version, CONNACK first."""
    client = RawClient(Recording(said), V311 if said[1:2] == b"\x02" else V5)
    kinds = []
    try:
        while True:
            kinds.append(client.receive().kind)
    except ConnectionClosed:
        pass
    if said and kinds[:1] != ["CONNACK"]:
        raise AssertionError(f"the first of {kinds} is not CONNACK")


class Recording:
    """What was said, as a connection that ends behind it."""

    def __init__(self, said: bytes):
        self._said = said

    def recv(self, _: int) -> bytes:
        said, self._said = self._said, b""
        return said

    def settimeout(self, _: float) -> None:
        pass

    def fileno(self) -> int:
        return -1


class FuzzStreams(NodeCase):
    def test_ten_thousand_wrong_conversations(self):
        node = self.start_node("--set", "mqtt.connect_timeout=2s", "--log", "warn")
        before_bytes = node.resident_bytes()
        with Bystanders(node.mqtt) as bystanders:
            threads = [
                threading.Thread(target=self.speak_share, args=(node, i), daemon=True)
                for i in range(THREADS)
            ]
            self.failures = []
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(self.failures, [])
        grown = node.resident_bytes() - before_bytes
        print(f"\n{STREAMS} streams, {bystanders.exchanged_count} messages of bystanders, "
              f"grown by {grown / 1e6:.1f} MB")
        if not SANITIZED:
            self.assertLess(grown, GROWTH_BYTES_MAX)

    def speak_share(self, node: Node, share: int) -> None:
        for i in range(share, STREAMS, THREADS):
            stream = Maker(f"{SEED}/{i}").stream()
            try:
                check_answer(speak(node, stream))
            except Exception as problem:  # told on the test's thread
                self.failures.append(f"stream {SEED}/{i} {stream.hex()}: {problem!r}")
                return


if __name__ == "__main__":
    unittest.main()
