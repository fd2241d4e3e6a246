"""MQTT clients of others, led by a test: a program around the library, which does what it is told.

Commands go to its standard input and answers come from its standard output, a JSON object a line.
Each names its `client`, a number; a program has as many as it is asked for. Payloads are in hex.

    {"do": "connect", "client", "transport": "tcp" | "tls" | "ws" | "wss", "host", "port",
     "ca": path, "version": "3.1" | "3.1.1" | "5", "id", "clean": bool, "expiry_s": int,
     "password": text | null, "will": {"topic", "payload", "qos", "retain"} | null}
        {"client", "connected": true, "session_present": bool} or {"client", "refused": reason}
    {"do": "subscribe", "client", "filter", "qos"}
        {"client", "subscribed": granted QoS}
    {"do": "publish", "client", "topic", "payload", "qos", "retain"}
        {"client", "published": true}
    {"do": "disconnect", "client"}
        {"client", "disconnected": true}

An answer comes when the whole handshake is over. What goes wrong is {"client", "error": text}.
Messages come when they like: {"client", "message": {"topic", "payload", "qos", "retain"}}.
"""

import itertools
import json
import subprocess
import threading
from collections import defaultdict, deque
from dataclasses import asdict, dataclass

from harness import Process


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False

    def __repr__(self) -> str:
        return f"{self.topic} {self.payload[:40]!r} qos={self.qos} retain={self.retain}"

    def as_json(self) -> dict:
        return asdict(self) | {"payload": self.payload.hex()}


class Puppet(Process):
    """The program. Threads: any, which wait for one another."""

    _numbers = itertools.count(1)

    def __init__(self, command: list):
        super().__init__(command, stdin=subprocess.PIPE)
        self._lock = threading.Lock()
        self._line_count = 0
        self._answers: dict[int, deque[dict]] = defaultdict(deque)
        self._messages: dict[int, deque[Message]] = defaultdict(deque)

    def connect(self, **fields) -> "Client":
        """Whoever is refused has the reason in `refused`."""
        client = Client(self, next(self._numbers))
        answer = client.ask("connect", **fields)
        client.refused = answer.get("refused")
        client.session_present = answer.get("session_present", False)
        return client

    def ask(self, client: int, command: dict) -> dict:
        with self._lock:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
            while not self._answers[client]:
                self._read_line()
            answer = self._answers[client].popleft()
        if "error" in answer:
            raise AssertionError(f"{command['do']}: {answer['error']}")
        return answer

    def take_message(self, client: int) -> Message:
        with self._lock:
            while not self._messages[client]:
                self._read_line()
            return self._messages[client].popleft()

    def _read_line(self) -> None:
        line = self.output.wait_for("", self._line_count).string
        self._line_count += 1
        said = json.loads(line)
        if message := said.get("message"):
            message["payload"] = bytes.fromhex(message["payload"])
            self._messages[said["client"]].append(Message(**message))
        else:
            self._answers[said["client"]].append(said)

    def kill(self) -> None:
        """All its clients die without DISCONNECT."""
        super().kill()
        self._process.stdin.close()


class Client:
    """One connection of a puppet."""

    def __init__(self, puppet: Puppet, number: int):
        self.session_present = False
        self.refused: int | str | None = None
        self._puppet = puppet
        self._number = number

    def ask(self, command: str, **fields) -> dict:
        return self._puppet.ask(self._number, {"do": command, "client": self._number, **fields})

    def subscribe(self, topic_filter: str, qos: int) -> int:
        """The QoS that was granted."""
        return self.ask("subscribe", filter=topic_filter, qos=qos)["subscribed"]

    def publish(self, message: Message) -> None:
        self.ask("publish", **message.as_json())

    def take(self, count: int) -> list[Message]:
        return [self._puppet.take_message(self._number) for _ in range(count)]

    def disconnect(self) -> None:
        self.ask("disconnect")
