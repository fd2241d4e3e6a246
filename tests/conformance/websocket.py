"""A WebSocket client whose frames are the test's own decision (RFC 6455).

It stands in for the socket of a RawClient: what is sent goes out as one binary frame, what is read
is what binary frames carry.
"""

import base64
import hashlib
import os
import socket
import struct

from harness import DEADLINE_S, Address

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
READ_BYTES = 65536


class HandshakeRefused(Exception):
    """The server has not switched to WebSocket; `status` is what it said instead."""

    def __init__(self, status: int):
        super().__init__(f"HTTP status {status}")
        self.status = status


class WebSocket:
    """One connection."""

    def __init__(self, address: Address, subprotocol: str | None = "mqtt", path: str = "/mqtt"):
        self._stream = socket.create_connection(address, timeout=DEADLINE_S)
        self._stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = bytearray()
        self._payload = bytearray()
        self.close_code: int | None = None
        self.frame_types: list[int] = []  # of all data frames that came
        self.headers: dict[str, str] = {}
        self._shake_hands(address, subprotocol, path)

    def _shake_hands(self, address: Address, subprotocol: str | None, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {address[0]}:{address[1]}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        if subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        self._stream.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._input:
            if not (read := self._stream.recv(READ_BYTES)):
                break
            self._input += read
        head, _, rest = bytes(self._input).partition(b"\r\n\r\n")
        self._input = bytearray(rest)
        status_line, *header_lines = head.decode().split("\r\n")
        status = int(status_line.split()[1]) if status_line else 0
        if status != 101:
            self._stream.close()
            raise HandshakeRefused(status)
        for line in header_lines:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        expected = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert self.headers["sec-websocket-accept"] == base64.b64encode(expected).decode()

    def send_frame(self, opcode: int, payload: bytes, is_final: bool = True) -> None:
        mask = os.urandom(4)
        head = bytes([opcode | (0x80 if is_final else 0)])
        if len(payload) < 126:
            head += bytes([0x80 | len(payload)])
        elif len(payload) < 65536:
            head += b"\xfe" + struct.pack(">H", len(payload))
        else:
            head += b"\xff" + struct.pack(">Q", len(payload))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._stream.sendall(head + mask + masked)

    # --- As the stream of a RawClient. ---

    def sendall(self, payload: bytes) -> None:
        self.send_frame(BINARY, payload)

    def recv(self, size: int) -> bytes:
        """Payload of data frames; nothing when the server has closed."""
        while not self._payload:
            if not self._take_frame():
                read = self._stream.recv(READ_BYTES)
                if not read:
                    return b""
                self._input += read
        taken = bytes(self._payload[:size])
        del self._payload[:size]
        return taken

    def _take_frame(self) -> bool:
        if len(self._input) < 2:
            return False
        opcode, length, at = self._input[0] & 0x0F, self._input[1], 2
        assert not length & 0x80, "a server does not mask"
        if length >= 126:
            width = 2 if length == 126 else 8
            at += width
            length = int.from_bytes(self._input[2:at], "big")
        if len(self._input) < at + length:
            return False
        payload = bytes(self._input[at : at + length])
        del self._input[: at + length]
        if opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big") if payload else None
        elif opcode in (CONTINUATION, TEXT, BINARY):
            self.frame_types.append(opcode)
            self._payload += payload
        return True

    def settimeout(self, span_s: float | None) -> None:
        self._stream.settimeout(span_s)

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        self._stream.close()
