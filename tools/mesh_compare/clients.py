"""Clients that publish numbered messages and note when they come: of MQTT 3.1.1 and of NATS.

Each has a thread that reads. Times are those of one clock, so that no two clocks are compared.
"""

import json
import queue
import struct
import threading
import time

CONNECT_S_MAX = 5


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def packet(first: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:
        length += bytes([size % 128 | (0x80 if size > 127 else 0)])
        size //= 128
        if size == 0:
            return bytes([first]) + length + body


def payload(number: int, size: int = 100) -> bytes:
    return struct.pack(">QQ", number, time.monotonic_ns()).ljust(size, b"x")


def number_of(content: bytes) -> int:
    return struct.unpack(">Q", content[:8])[0]


def sent_ns(content: bytes) -> int:
    return struct.unpack(">Q", content[8:16])[0]


class Ended(Exception):
    """The other side has closed."""


class Mqtt:
    """MQTT 3.1.1, as little of it as a measurement needs."""

    def __init__(self, stream, client_id: str, is_clean: bool = True):
        self.stream = stream
        self._buffer = bytearray()
        self._packet_id = 0
        self._on_message = None
        self._lock = threading.Lock()
        self.acknowledged = 0  # of what this one has published with QoS 1 or 2
        hello = text("MQTT") + bytes([4, 2 * is_clean, 0, 0]) + text(client_id)
        self.stream.sendall(packet(0x10, hello))
        first, body = self.read()
        if first != 0x20 or body[1] != 0:
            raise Ended(f"{client_id} was refused")

    def read(self) -> tuple[int, bytes]:
        """The next packet: its first byte, and what is behind its length."""
        while (found := self._take_packet()) is None:
            try:
                piece = self.stream.recv(1 << 18)
            except OSError as error:
                raise Ended(str(error)) from error
            if not piece:
                raise Ended("closed")
            self._buffer += piece
        return found

    def _take_packet(self):
        size, at = 0, 1
        while True:
            if at >= len(self._buffer):
                return None
            byte = self._buffer[at]
            size |= (byte & 0x7F) << 7 * (at - 1)
            at += 1
            if not byte & 0x80:
                break
        if len(self._buffer) < at + size:
            return None
        first, body = self._buffer[0], bytes(self._buffer[at : at + size])
        del self._buffer[: at + size]
        return first, body

    def send(self, data: bytes) -> None:
        with self._lock:
            try:
                self.stream.sendall(data)
            except OSError as error:
                raise Ended(str(error)) from error

    def subscribe(self, topic: str, qos: int) -> None:
        """Returns with SUBACK. Before `listen`."""
        self.send(packet(0x82, struct.pack(">H", 1) + text(topic) + bytes([qos])))
        while self.read()[0] != 0x90:
            pass

    def publish(self, topic: str, content: bytes, qos: int) -> None:
        body = text(topic)
        if qos:
            self._packet_id = self._packet_id % 65535 + 1
            body += struct.pack(">H", self._packet_id)
        self.send(packet(0x30 | qos << 1, body + content))

    def listen(self, on_message=None) -> "Mqtt":
        """From now on answers all that comes, and hands on the content of messages."""
        self._on_message = on_message or (lambda content: None)
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        try:
            while True:
                self.take()
        except Ended:
            pass

    def take(self) -> None:
        """Answers the next packet."""
        first, body = self.read()
        kind, qos = first >> 4, first >> 1 & 3
        if kind == 3:
            end = 2 + struct.unpack(">H", body[:2])[0]
            if qos:
                packet_id, end = body[end : end + 2], end + 2
                self.send(bytes([0x40 if qos == 1 else 0x50, 2]) + packet_id)
            self._on_message(body[end:])
        elif kind == 4 or kind == 7:
            self.acknowledged += 1
        elif kind == 5:
            self.send(b"\x62\x02" + body[:2])
        elif kind == 6:
            self.send(b"\x70\x02" + body[:2])

    def close(self) -> None:
        self.stream.close()


class Nats:
    """The client protocol of NATS, with JetStream's acknowledgements."""

    INBOX = "_INBOX.kith"

    def __init__(self, stream):
        self.stream = stream
        self._buffer = bytearray()
        self._lock = threading.Lock()
        self._on = {}  # subject of a subscription: what takes (subject, content, reply)
        self._subscriptions = 0
        self._pongs = queue.Queue()
        self._line()  # INFO
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True,
                   "lang": "test", "version": "1", "protocol": 1}  # fmt: skip
        self.send(f"CONNECT {json.dumps(options)}\r\n".encode())
        threading.Thread(target=self._listen, daemon=True).start()
        self.flush()

    def send(self, data: bytes) -> None:
        with self._lock:
            try:
                self.stream.sendall(data)
            except OSError as error:
                raise Ended(str(error)) from error

    def flush(self) -> None:
        """Returns once the server has done all that was asked."""
        self.send(b"PING\r\n")
        self._pongs.get(timeout=CONNECT_S_MAX)

    def subscribe(self, subject: str, on_message) -> None:
        self._subscriptions += 1
        self._on[str(self._subscriptions)] = on_message
        self.send(f"SUB {subject} {self._subscriptions}\r\n".encode())
        self.flush()

    def publish(self, subject: str, content: bytes, reply: str = "", message_id: str = "") -> None:
        reply = f" {reply}" if reply else ""
        if message_id:
            head = f"NATS/1.0\r\nNats-Msg-Id: {message_id}\r\n\r\n".encode()
            line = f"HPUB {subject}{reply} {len(head)} {len(head) + len(content)}\r\n"
            self.send(line.encode() + head + content + b"\r\n")
        else:
            line = f"PUB {subject}{reply} {len(content)}\r\n"
            self.send(line.encode() + content + b"\r\n")

    def request(self, subject: str, asked: dict, within_s: float = CONNECT_S_MAX) -> dict:
        """The answer, or a dictionary with `error`."""
        inbox = f"{self.INBOX}.{time.monotonic_ns()}"
        answers = queue.Queue()
        self.subscribe(inbox, lambda subject, content, reply: answers.put(content))
        self.publish(subject, json.dumps(asked).encode(), inbox)
        try:
            return json.loads(answers.get(timeout=within_s) or b'{"error": "no responders"}')
        except queue.Empty:
            return {"error": "no answer"}

    def _line(self) -> str:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._fill()
        line = self._buffer[:end].decode(errors="replace")
        del self._buffer[: end + 2]
        return line

    def _bytes(self, count: int) -> bytes:
        while len(self._buffer) < count + 2:
            self._fill()
        content = bytes(self._buffer[:count])
        del self._buffer[: count + 2]
        return content

    def _fill(self) -> None:
        try:
            piece = self.stream.recv(1 << 18)
        except OSError as error:
            raise Ended(str(error)) from error
        if not piece:
            raise Ended("closed")
        self._buffer += piece

    def _listen(self) -> None:
        try:
            while True:
                self._take()
        except Ended:
            pass

    def _take(self) -> None:
        words = self._line().split(" ")
        if words[0] == "MSG":
            content = self._bytes(int(words[-1]))
            reply = words[3] if len(words) == 5 else ""
            self._on[words[2]](words[1], content, reply)
        elif words[0] == "HMSG":
            content = self._bytes(int(words[-1]))[int(words[-2]) :]
            reply = words[3] if len(words) == 6 else ""
            self._on[words[2]](words[1], content, reply)
        elif words[0] == "PING":
            self.send(b"PONG\r\n")
        elif words[0] == "PONG":
            self._pongs.put(None)

    def close(self) -> None:
        self.stream.close()


class JetStreamPublisher:
    """Sends again, under the same id, what JetStream has not acknowledged after `retry_s`."""

    def __init__(self, client: Nats, subject: str, retry_s: float):
        self._client, self._subject, self._retry_s = client, subject, retry_s
        self._waiting = {}  # number: (when to send again, content)
        self._lock = threading.Lock()
        self.acknowledged = 0
        self._is_over = threading.Event()
        client.subscribe(f"{client.INBOX}.ack.*", self._note)
        self._name = f"p{time.monotonic_ns()}"
        threading.Thread(target=self._retry, daemon=True).start()

    def publish(self, number: int, content: bytes) -> None:
        with self._lock:
            self._waiting[number] = (time.monotonic() + self._retry_s, content)
        self._send(number, content)

    def _send(self, number: int, content: bytes) -> None:
        inbox = f"{self._client.INBOX}.ack.{number}"
        self._client.publish(self._subject, content, inbox, f"{self._name}-{number}")

    def _note(self, subject: str, content: bytes, _) -> None:
        if b'"seq"' not in content:
            return  # an error, or nobody there: it is sent again
        with self._lock:
            if self._waiting.pop(int(subject.rpartition(".")[2]), None) is not None:
                self.acknowledged += 1

    def _retry(self) -> None:
        while not self._is_over.wait(self._retry_s / 5):
            now = time.monotonic()
            with self._lock:
                late = [(n, c) for n, (due, c) in self._waiting.items() if due < now]
                for number, content in late:
                    self._waiting[number] = (now + self._retry_s, content)
            try:
                for number, content in late:
                    self._send(number, content)
            except Ended:
                return

    def close(self) -> None:
        self._is_over.set()
        self._client.close()
