"""A raw MQTT client: each byte, packet id and acknowledgement is the test's own decision.

It acknowledges nothing by itself. A wait that has no end in sight raises TimeoutError; a connection
that the node ends, in whatever way, raises ConnectionClosed.
"""

import socket
import ssl
import time
from pathlib import Path

import mqtt_packets as mqtt
from harness import DEADLINE_S, Address
from mqtt_packets import V5, Connect, Packet, Publish

READ_BYTES = 65536


class ConnectionClosed(Exception):
    """The node ended the connection."""


def dial(address: Address, ca_file: Path | None = None) -> socket.socket:
    """A TCP connection, or a TLS connection that trusts what is in `ca_file`."""
    try:
        plain = socket.create_connection(address, timeout=DEADLINE_S)
    except ConnectionResetError as error:  # closed before connect() looked
        raise ConnectionClosed(str(error)) from error
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if ca_file is None:
        return plain
    context = ssl.create_default_context(cafile=str(ca_file))
    return context.wrap_socket(plain, server_hostname=address[0])


class RawClient:
    """One connection. Threads: one at a time may receive, another may send."""

    def __init__(self, stream: socket.socket | Address, version: int = V5):
        self.version = version
        self.stream = dial(stream) if isinstance(stream, tuple) else stream
        self._input = bytearray()
        self._next_packet_id = 1
        self._taken: list[Packet] = []  # messages, for take_messages()
        self._unreleased: set[int] = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- Bytes. ---

    def send(self, raw: bytes) -> None:
        try:
            self.stream.sendall(raw)
        except TimeoutError:
            raise
        except OSError as error:
            raise ConnectionClosed(str(error)) from error

    def receive(self, within_s: float = DEADLINE_S) -> Packet:
        deadline = time.monotonic() + within_s
        while (end := self._packet_end()) is None:
            self._fill(deadline)
        head_bytes, end_bytes = end
        raw = bytes(self._input[:end_bytes])
        del self._input[:end_bytes]
        packet = mqtt.read_packet(raw[0], raw[head_bytes:], self.version)
        packet.raw = raw
        return packet

    def _packet_end(self) -> tuple[int, int] | None:
        """Where the first packet's body starts and ends, once it is there."""
        length = 0
        for i, byte in enumerate(self._input[1:5]):
            length |= (byte & 0x7F) << 7 * i
            if not byte & 0x80:
                end = 2 + i + length
                return (2 + i, end) if end <= len(self._input) else None
            if i == 3:
                raise mqtt.ProtocolError("a remaining length of more than four bytes")
        return None

    def _fill(self, deadline: float) -> None:
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("no packet in time")
        self.stream.settimeout(remaining_s)
        try:
            read = self.stream.recv(READ_BYTES)
        except TimeoutError:
            raise
        except OSError as error:
            raise ConnectionClosed(str(error)) from error
        finally:
            if self.stream.fileno() >= 0:
                self.stream.settimeout(DEADLINE_S)
        if not read:
            raise ConnectionClosed("end of stream")
        self._input += read

    def close(self) -> None:
        """Without DISCONNECT: the node publishes the will."""
        self.stream.close()

    # --- Packets. ---

    def expect(self, kind: str, within_s: float = DEADLINE_S) -> Packet:
        """The next packet, which must be of this kind."""
        got = self.receive(within_s)
        if got.kind != kind:
            raise AssertionError(f"expected {kind}, got {got}")
        return got

    def expect_closed(self, within_s: float = DEADLINE_S) -> list[Packet]:
        """What came before the node ended the connection."""
        deadline = time.monotonic() + within_s
        packets = []
        try:
            while True:
                packets.append(self.receive(deadline - time.monotonic()))
        except ConnectionClosed:
            return packets

    def take_packet_id(self) -> int:
        taken = self._next_packet_id
        self._next_packet_id = taken % 65535 + 1
        return taken

    def connect(self, client_id: str = "", **fields) -> Packet:
        """CONNECT with the fields of mqtt_packets.Connect; returns the CONNACK."""
        self.send(Connect(client_id, self.version, **fields).encode())
        return self.expect("CONNACK")

    def subscribe(self, topic_filter: str, options: int = 0, **properties) -> Packet:
        packet_id = self.take_packet_id()
        self.send(mqtt.subscribe(packet_id, [(topic_filter, options)], self.version, properties))
        answer = self.expect("SUBACK")
        assert answer.packet_id == packet_id, answer
        return answer

    def unsubscribe(self, *topic_filters: str) -> Packet:
        packet_id = self.take_packet_id()
        self.send(mqtt.unsubscribe(packet_id, list(topic_filters), self.version))
        answer = self.expect("UNSUBACK")
        assert answer.packet_id == packet_id, answer
        return answer

    def publish(self, topic: str, payload: bytes = b"", qos: int = 0, **fields) -> Packet | None:
        """With the whole handshake; returns PUBACK or PUBREC."""
        packet_id = self.take_packet_id() if qos else 0
        self.send(Publish(topic, payload, qos, packet_id, **fields).encode(self.version))
        if qos == 0:
            return None
        answer = self.expect("PUBACK" if qos == 1 else "PUBREC")
        assert answer.packet_id == packet_id, answer
        if qos == 2 and answer.reason < 0x80:
            self.acknowledge("PUBREL", packet_id)
            assert self.expect("PUBCOMP").packet_id == packet_id
        return answer

    def acknowledge(self, kind: str, packet_id: int, reason: int | None = None) -> None:
        self.send(mqtt.acknowledgement(kind, packet_id, reason))

    def take_messages(self, count: int, within_s: float = DEADLINE_S) -> list[Packet]:
        """The next messages, each acknowledged to the end."""
        while len(self._taken) < count or self._unreleased:
            self._take(self.receive(within_s))
        taken, self._taken = self._taken[:count], self._taken[count:]
        return taken

    def take_message(self, within_s: float = DEADLINE_S) -> Packet:
        return self.take_messages(1, within_s)[0]

    def _take(self, got: Packet) -> None:
        if got.kind == "PUBREL":
            self._unreleased.discard(got.packet_id)
            self.acknowledge("PUBCOMP", got.packet_id)
            return
        assert got.kind == "PUBLISH", got
        self._taken.append(got)
        if got.qos == 1:
            self.acknowledge("PUBACK", got.packet_id)
        elif got.qos == 2:
            self._unreleased.add(got.packet_id)
            self.acknowledge("PUBREC", got.packet_id)

    def ping(self) -> None:
        """When this returns, the node has handled everything sent before."""
        self.send(mqtt.pingreq())
        self.expect("PINGRESP")

    def disconnect(self, reason: int = 0) -> None:
        self.send(mqtt.disconnect(self.version, reason))
        self.close()
