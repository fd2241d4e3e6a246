"""Thousands of clients in one thread, which live short lives and die in every way there is.

Each client has one connection at a time: it connects, subscribes, publishes now and then,
acknowledges what it gets, and dies; a moment later it is back under the same client id. One epoll
loop, no threads; what each does follows from the seed, when it does it from the clock.
"""

import heapq
import itertools
import random
import select
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass

import mqtt_packets as mqtt
from mqtt_packets import V5, V311, Connect, Publish, Will

READ_BYTES = 65536
CLIENTS_PER_TOPIC = 2
PAYLOAD_BYTES = (0, 20, 200, 2000)
KEEP_ALIVE_S = 30
SHORT_KEEP_ALIVE_S = 1
SESSION_EXPIRY_S = 5
TAKEOVER_S = 10.0
DEATHS = {  # ways to die, and how often of 100
    "disconnect": 30,
    "close": 15,  # FIN without DISCONNECT: the will is published
    "reset": 15,
    "half-closed": 10,  # says that it sends no more, and waits for the node
    "silent": 10,  # says nothing any more, and waits until keep-alive ends it
    "takeover": 10,  # another connection with its client id
    "garbage": 5,  # what is no packet
    "stillborn": 5,  # breaks off within CONNECT
}
CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 2, 3, 4, 5, 6, 7, 9


@dataclass
class Pace:
    """How fast clients live, in seconds."""

    life_s: tuple[float, float] = (2.0, 30.0)
    pause_s: tuple[float, float] = (0.1, 2.0)
    publish_every_s: float = 8.0


class Swarm:
    """All clients. run() returns at its time; close() ends what is open."""

    def __init__(self, address: tuple[str, int], count: int, seed: int, pace: Pace):
        self.address = address
        self.pace = pace
        self.topic_count = max(1, count // CLIENTS_PER_TOPIC)
        self.random = random.Random(seed)
        self.counts: Counter = Counter()
        self.errors: list[str] = []
        self.open_count = 0
        self.known_count = 0  # connections that the node has answered
        self._poller = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._timers: list = []
        self._ticks = itertools.count()
        for number in range(count):
            client = Client(self, number)
            self.after(self.random.uniform(0, pace.life_s[1] / 3), client.begin)

    def after(self, delay_s: float, action) -> None:
        heapq.heappush(self._timers, (time.monotonic() + delay_s, next(self._ticks), action))

    def run_until(self, end: float) -> None:
        while (now := time.monotonic()) < end:
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
            wait_s = min(end, self._timers[0][0] if self._timers else end) - time.monotonic()
            for fd, events in self._poller.poll(max(0.0, wait_s)):
                connection = self._connections.get(fd)
                if connection is not None:
                    connection.on_events(events)

    def add(self, connection: "Connection") -> None:
        fd = connection.stream.fileno()
        self._connections[fd] = connection
        self._poller.register(fd, select.EPOLLIN | select.EPOLLOUT)
        self.open_count += 1

    def wants_input_only(self, connection: "Connection") -> None:
        self._poller.modify(connection.stream.fileno(), select.EPOLLIN)

    def remove(self, connection: "Connection") -> None:
        del self._connections[connection.stream.fileno()]
        self._poller.unregister(connection.stream.fileno())
        self.open_count -= 1

    def error(self, text: str) -> None:
        self.counts["errors"] += 1
        if len(self.errors) < 20:
            self.errors.append(text)

    def close(self) -> None:
        for connection in list(self._connections.values()):
            connection.end()
        self._poller.close()


class Client:
    """One client id and its lives."""

    def __init__(self, swarm: Swarm, number: int):
        self.swarm = swarm
        self.number = number
        self.name = f"soak-{number}"
        self.version = V311 if number % 4 == 0 else V5
        self.death = ""
        self.connection: Connection | None = None

    def begin(self) -> None:
        chance = self.swarm.random
        self.death = chance.choices(list(DEATHS), DEATHS.values())[0]
        self.swarm.counts["lives"] += 1
        self.connection = Connection(self)
        self.swarm.after(chance.uniform(*self.swarm.pace.life_s), self.die)

    def connect_packet(self) -> bytes:
        chance = self.swarm.random
        will = Will(f"soak/{self.number % self.swarm.topic_count}/will", b"gone", self.number % 3)
        is_durable = chance.random() < 0.5
        return Connect(
            self.name,
            self.version,
            clean_start=not is_durable or self.version == V311,
            keep_alive_s=SHORT_KEEP_ALIVE_S if self.death == "silent" else KEEP_ALIVE_S,
            will=will if chance.random() < 0.3 else None,
            properties={"session_expiry_interval": SESSION_EXPIRY_S if is_durable else 0},
        ).encode()

    def on_connected(self, connection: "Connection") -> None:
        if connection is not self.connection:
            return  # the one that takes over: the old one hears of it
        options = self.number % 3
        topic_filter = f"soak/{self.number % self.swarm.topic_count}/#"
        connection.send(mqtt.subscribe(1, [(topic_filter, options)], self.version))
        if self.death != "silent":
            self._publish_later()

    def _publish_later(self) -> None:
        delay_s = self.swarm.random.expovariate(1 / self.swarm.pace.publish_every_s)
        self.swarm.after(delay_s, lambda at=self.connection: self._publish(at))

    def _publish(self, at: "Connection") -> None:
        if at is None or at is not self.connection or not at.is_open:
            return
        chance = self.swarm.random
        qos = chance.randrange(3)
        at.send(
            Publish(
                f"soak/{chance.randrange(self.swarm.topic_count)}/x",
                bytes(chance.choice(PAYLOAD_BYTES)),
                qos,
                at.take_packet_id() if qos else 0,
                retain=chance.random() < 0.1,
            ).encode(self.version)
        )
        self.swarm.counts["published"] += 1
        self._publish_later()

    def die(self) -> None:
        connection = self.connection
        if connection is None or not connection.is_open:
            return  # gone already, and on its way back
        if self.death == "disconnect":
            connection.send(mqtt.disconnect(self.version))
            connection.end()
        elif self.death == "reset":
            linger = struct.pack("ii", 1, 0)
            connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.end()
        elif self.death == "half-closed":
            connection.half_close()
        elif self.death == "garbage":
            connection.send(b"\xff\xff\xff\xff\xff")
        elif self.death == "takeover":
            successor = Connection(self)
            self.swarm.after(TAKEOVER_S, lambda: self._end_takeover(connection, successor))
        elif self.death != "silent":
            connection.end()

    def _end_takeover(self, old: "Connection", successor: "Connection") -> None:
        old.on_events(select.EPOLLIN)  # what has come, but was not looked at yet
        if old.is_open:
            self.swarm.error(f"{self.name}: taken over, not told so in {TAKEOVER_S:.0f} s")
            old.end()
        if successor.is_open:
            successor.end()

    def on_ended(self, connection: "Connection") -> None:
        if connection is not self.connection:
            return
        self.connection = None
        self.swarm.counts[f"died by {self.death}"] += 1
        pause_s = self.swarm.random.uniform(*self.swarm.pace.pause_s)
        if self.death == "takeover":
            pause_s += TAKEOVER_S + 1  # behind its successor, which has the same client id
        self.swarm.after(pause_s, self.begin)


class Connection:
    def __init__(self, client: Client):
        self.client = client
        self.swarm = client.swarm
        self.is_open = True
        self.is_known = False
        self._is_connected = False
        self._input = bytearray()
        self._next_packet_id = 1
        self.stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.stream.setblocking(False)
        self.stream.connect_ex(self.swarm.address)
        self.swarm.add(self)

    def take_packet_id(self) -> int:
        self._next_packet_id = self._next_packet_id % 60000 + 2
        return self._next_packet_id

    def on_events(self, events: int) -> None:
        if events & select.EPOLLOUT and not self._is_connected:
            self._on_writable()
        if self.is_open and events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            self._on_readable()

    def _on_writable(self) -> None:
        if error := self.stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.swarm.error(f"cannot connect: error {error}")
            self.end()
            return
        self._is_connected = True
        self.swarm.wants_input_only(self)
        packet = self.client.connect_packet()
        if self.client.death == "stillborn":
            self.send(packet[: len(packet) // 2])
            self.end()
            return
        self.send(packet)

    def send(self, raw: bytes) -> None:
        """Small packets to a node that reads: what does not fit into the socket is a fault."""
        try:
            if self.stream.send(raw) != len(raw):
                self.swarm.error(f"{self.client.name}: the node does not read")
        except BlockingIOError:
            self.swarm.error(f"{self.client.name}: the node does not read")
        except OSError:
            pass  # it has ended; that comes as an event, too

    def _on_readable(self) -> None:
        try:
            read = self.stream.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            read = b""
        if not read:
            self.end()
            return
        self._input += read
        while self.is_open and self._take_packet():
            pass

    def _take_packet(self) -> bool:
        data = self._input
        length, shift, at = 0, 0, 1
        while True:
            if at >= len(data):
                return False
            byte = data[at]
            length |= (byte & 0x7F) << shift
            shift += 7
            at += 1
            if not byte & 0x80:
                break
        if len(data) < at + length:
            return False
        first, body = data[0], bytes(data[at : at + length])
        del data[: at + length]
        self._on_packet(first, body)
        return True

    def _on_packet(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == PUBLISH:
            self.swarm.counts["received"] += 1
            qos = first >> 1 & 3
            if qos:
                start = 2 + int.from_bytes(body[:2], "big")
                packet_id = int.from_bytes(body[start : start + 2], "big")
                self.send(mqtt.acknowledgement("PUBREC" if qos == 2 else "PUBACK", packet_id))
        elif kind == PUBREL:
            self.send(mqtt.acknowledgement("PUBCOMP", int.from_bytes(body[:2], "big")))
        elif kind == PUBREC:
            self.send(mqtt.acknowledgement("PUBREL", int.from_bytes(body[:2], "big")))
        elif kind == CONNACK:
            if body[1] != 0:
                self.swarm.counts["refused"] += 1
                return
            self.is_known = True
            self.swarm.known_count += 1
            self.client.on_connected(self)
        elif kind in (PUBACK, PUBCOMP):
            self.swarm.counts["acknowledged"] += 1

    def half_close(self) -> None:
        try:
            self.stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def end(self) -> None:
        if not self.is_open:
            return
        self.is_open = False
        self.swarm.known_count -= self.is_known
        self.swarm.remove(self)
        self.stream.close()
        self.client.on_ended(self)
