"""A peer of the mesh that speaks its frames by hand, over TLS with a certificate of its own.

It has what a real node would have, the files of a member, and says what no real node would. The
layout is that of docs/formats/mesh.md.
"""

import struct
import subprocess
import tempfile
import time
from pathlib import Path

from harness import DEADLINE_S
from mesh_nodes import MESH_ALPN, dial

HELLO, RECORD, RECORD_REQUEST = 1, 3, 5
LINK_STATE = 2
ANSWER, ECHOES = 2, 4


def varint(number: int) -> bytes:
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends. IndexError if it is not whole."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, at


def frame(kind: int, fields: bytes) -> bytes:
    return varint(1 + len(fields)) + bytes([kind << 3]) + fields


def sign(key: Path, message: bytes) -> bytes:
    """By Ed25519."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(message)
        file.flush()
        done = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file.name],
            capture_output=True, check=True, timeout=DEADLINE_S,
        )  # fmt: skip
    return done.stdout


def record(key: Path, origin: int, kind: int, version: tuple[int, int], body: bytes) -> bytes:
    """A RECORD frame, signed by this key, whoever's it is."""
    told = struct.pack(">QBHIII", origin, kind, 0, *version, 86_400) + varint(len(body)) + body
    signature = sign(key, b"kith-mesh-record-1" + told)
    return frame(RECORD, struct.pack(">I", 86_000_000) + told + signature)


def link_state(role: int, name: str) -> bytes:
    """A body without neighbours."""
    text = name.encode()
    return bytes([role]) + varint(0) + varint(len(text)) + text + varint(0)


class RawPeer:
    def __init__(self, address, identity: Path):
        """Links up with the node there, as the member whose files these are."""
        self.key = identity / "node.key"
        self._stream = dial(address, MESH_ALPN, identity)
        self._stream.settimeout(DEADLINE_S)
        self._received = b""
        self._sequence = 0
        self.records: list[bytes] = []  # whole frames, as they came
        self.is_over = False

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    def send(self, data: bytes) -> None:
        """The other side may have closed already."""
        try:
            self._stream.sendall(data)
        except OSError:
            self.is_over = True

    def become_a_neighbor(self) -> None:
        """Hellos both ways, until the other side has told what it knows."""
        while not self.records:
            self.take()

    def ask_for(self, origin: int, kind: int) -> None:
        self.send(frame(RECORD_REQUEST, varint(1) + struct.pack(">QBH", origin, kind, 0)))

    def take(self) -> None:
        """What comes next; hellos are answered."""
        try:
            piece = self._stream.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self.is_over = True
            raise ConnectionError("the node has ended the link")
        self._received += piece
        while (whole := self._take_frame()) is not None:
            kind = whole[1][0] >> 3
            if kind == HELLO:
                self._answer(whole[1])
            elif kind == RECORD:
                self.records.append(whole[0])

    def take_until_the_end(self) -> None:
        while not self.is_over:
            try:
                self.take()
            except ConnectionError:
                return

    def _take_frame(self) -> tuple[bytes, bytes] | None:
        """The whole frame, and what its length counts."""
        try:
            length, at = read_varint(self._received, 0)
        except IndexError:
            return None
        if len(self._received) < at + length:
            return None
        whole, self._received = self._received[: at + length], self._received[at + length :]
        return whole, whole[at:]

    def _answer(self, hello: bytes) -> None:
        _, at = read_varint(hello, 2)  # sequence
        _, at = read_varint(hello, at)  # interval_ms
        sent_at_us, at = read_varint(hello, at)
        self._sequence += 1
        now_us = time.monotonic_ns() // 1000
        fields = bytes([ECHOES | ANSWER]) + varint(self._sequence) + varint(60_000)
        fields += varint(now_us) + varint(sent_at_us) + varint(0) + varint(0)
        self.send(frame(HELLO, fields + b"\xff\xff"))


def origin_of(whole: bytes) -> int:
    """Who has signed a RECORD frame."""
    _, at = read_varint(whole, 0)
    return struct.unpack_from(">Q", whole, at + 1 + 4)[0]


def kind_of(whole: bytes) -> int:
    _, at = read_varint(whole, 0)
    return whole[at + 1 + 4 + 8]
