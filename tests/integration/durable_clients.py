"""Clients whose sessions outlive the node: they publish and subscribe through all its lives.

Each is a thread with one connection. It waits for the node's next life, not for time. What it does
follows from the seed; when a packet arrives does not, so that a seed repeats a load but not a race.
"""

import random
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import mqtt_packets as mqtt
from harness import Address
from mqtt_packets import V5, Packet, Publish
from mqtt_raw import ConnectionClosed, RawClient
from journal import Recorder, payload_of

WINDOW_MESSAGES = 20
LANES = 3
RETAINED_EVERY = 7
RETAINED_TOPICS = 3
CLEAR_CHANCE = 0.15
QOS_0_CHANCE = 0.15
NO_MATCHING_SUBSCRIBERS = 0x10
SERVER_SHUTTING_DOWN = 0x8B
PACKET_IDENTIFIER_NOT_FOUND = 0x92
EXPIRY_S = 3600


class Lives:
    """Where the node listens in its present life."""

    def __init__(self):
        self._address: Address | None = None
        self._number = 0
        self._is_over = False
        self._changed = threading.Condition()

    def begin(self, address: Address) -> None:
        with self._changed:
            self._address = address
            self._number += 1
            self._changed.notify_all()

    def end(self) -> None:
        """Said before the node dies, so that nobody tries to reach it after that."""
        with self._changed:
            self._address = None

    def finish(self) -> None:
        """There is no life any more; who waits for one is told."""
        with self._changed:
            self._address = None
            self._is_over = True
            self._changed.notify_all()

    def wait(self, wanted: Callable[[int], bool]) -> Address | None:
        """The address of a life whose number is wanted; None if there is none any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_over or (self._address is not None and wanted(self._number))
            )
            return self._address


class Connection(RawClient):
    """The node's farewell is an end like any other."""

    def receive(self, *arguments, **options) -> Packet:
        got = super().receive(*arguments, **options)
        if got.kind == "DISCONNECT" and got.reason == SERVER_SHUTTING_DOWN:
            raise ConnectionClosed("the node shuts down")
        return got


class Client(threading.Thread):
    """A session that connects again in each life of the node, until it is done."""

    def __init__(self, name: str, version: int, lives: Lives, recorder: Recorder):
        super().__init__(name=name, daemon=True)
        self.version = version
        self.lives = lives
        self.recorder = recorder
        self.properties: dict = {"session_expiry_interval": EXPIRY_S}
        self.is_known = False  # the node has acknowledged something of this session
        self.is_ending = threading.Event()

    def run(self) -> None:
        try:
            is_done = False
            while not is_done and (address := self.lives.wait(self.attends)):
                try:
                    with Connection(address, self.version) as connection:
                        is_done = self._serve_session(connection)
                except (ConnectionClosed, ConnectionError):
                    pass  # the node died, or this client broke off
        except Exception as error:  # whatever it is, the checker must hear of it
            self.recorder.error(self.name, f"{type(error).__name__}: {error}")

    def attends(self, life: int) -> bool:
        del life
        return True

    def connect_fields(self) -> dict:
        """What else CONNECT says."""
        return {}

    def _serve_session(self, connection: RawClient) -> bool:
        connack = connection.connect(
            self.name,
            clean_start=False,
            keep_alive_s=0,
            properties=self.properties,
            **self.connect_fields(),
        )
        if connack.reason:
            raise AssertionError(f"CONNACK says {connack.reason:#x}")
        self.recorder.write(self.name, "connected", connack.session_present, self.is_known)
        return self.serve(connection, connack.session_present)

    def serve(self, connection: RawClient, session_present: bool) -> bool:
        """Until the client is done (True), or the connection ends (raises)."""
        raise NotImplementedError


@dataclass
class Outgoing:
    name: str
    message: Publish
    is_retained: bool = False
    is_released: bool = False  # PUBREC came: from now on PUBREL stands for it
    is_release_repeated: bool = False  # the node may have completed it before

    def __str__(self) -> str:
        return f"{self.name} to {self.message.topic} at QoS {self.message.qos}"


class Publisher(Client):
    """Publishes with a window, and repeats what a death left open."""

    def __init__(self, name: str, version: int, lives: Lives, recorder: Recorder, seed: int):
        super().__init__(name, version, lives, recorder)
        self._random = random.Random(f"{seed}/{name}")
        self._open: OrderedDict[int, Outgoing] = OrderedDict()
        self._count = 0
        self._next_packet_id = 1
        self._open_retained: set[str] = set()  # topics, with one write under way at most

    def serve(self, connection: RawClient, session_present: bool) -> bool:
        self._repeat(connection, session_present)
        while self._open or not self.is_ending.is_set():
            while len(self._open) < WINDOW_MESSAGES and not self.is_ending.is_set():
                self._send_next(connection)
            if self._open:
                self._take(connection, connection.receive())
        connection.disconnect()
        return True

    def _repeat(self, connection: RawClient, session_present: bool) -> None:
        for packet_id, outgoing in self._open.items():
            if outgoing.is_released:
                outgoing.is_release_repeated = True
                connection.acknowledge("PUBREL", packet_id)
            else:
                outgoing.message.dup = session_present
                connection.send(outgoing.message.encode(self.version))

    def _send_next(self, connection: RawClient) -> None:
        self._count += 1
        if self._random.random() < QOS_0_CHANCE:
            connection.send(self._make_message(0).message.encode(self.version))
            return
        qos = self._random.randint(1, 2)
        topic = f"retained/{self.name}/{self._random.randrange(RETAINED_TOPICS)}"
        if self._count % RETAINED_EVERY == 0 and topic not in self._open_retained:
            outgoing = self._make_retained(topic, qos)
        else:
            outgoing = self._make_message(qos)
        outgoing.message.packet_id = self._take_packet_id()
        self._open[outgoing.message.packet_id] = outgoing
        connection.send(outgoing.message.encode(self.version))

    def _make_message(self, qos: int) -> Outgoing:
        topic = f"load/{self.name}/{self._random.randrange(LANES)}/q{qos}"
        name = f"{self.name}#{self._count}"
        self.recorder.sending(self.name, topic, name, qos)
        return Outgoing(name, Publish(topic, payload_of(name), qos))

    def _make_retained(self, topic: str, qos: int) -> Outgoing:
        is_clear = self._random.random() < CLEAR_CHANCE
        name = "" if is_clear else f"{self.name}#{self._count}"
        self._open_retained.add(topic)
        self.recorder.retaining(self.name, topic, name, qos)
        payload = b"" if is_clear else payload_of(name)
        return Outgoing(name, Publish(topic, payload, qos, retain=True), is_retained=True)

    def _take_packet_id(self) -> int:
        while self._next_packet_id in self._open:
            self._next_packet_id = self._next_packet_id % 65535 + 1
        taken = self._next_packet_id
        self._next_packet_id = taken % 65535 + 1
        return taken

    def _take(self, connection: RawClient, packet: Packet) -> None:
        outgoing = self._open.get(packet.packet_id)
        if outgoing is None:
            raise AssertionError(f"unexpected {packet}")
        expected = {1: "PUBACK", 2: "PUBCOMP" if outgoing.is_released else "PUBREC"}
        if packet.kind != expected[outgoing.message.qos]:
            raise AssertionError(f"{packet} for {outgoing}")
        if packet.reason and packet.reason != self._other_reason(outgoing):
            raise AssertionError(f"{packet} for {outgoing}")
        self.is_known = True
        if packet.kind != "PUBCOMP":
            self._note_acknowledged(outgoing)
        if packet.kind == "PUBREC":
            outgoing.is_released = True
            connection.acknowledge("PUBREL", packet.packet_id)
        else:
            del self._open[packet.packet_id]

    @staticmethod
    def _other_reason(outgoing: Outgoing) -> int:
        """What a node may say instead of success."""
        if outgoing.is_release_repeated:
            return PACKET_IDENTIFIER_NOT_FOUND
        return NO_MATCHING_SUBSCRIBERS if outgoing.is_retained else 0

    def _note_acknowledged(self, outgoing: Outgoing) -> None:
        if outgoing.is_retained:
            self._open_retained.discard(outgoing.message.topic)
            self.recorder.retained_acknowledged(self.name, outgoing.message.topic)
        else:
            self.recorder.acknowledged(self.name, outgoing.name)


@dataclass
class Habits:
    """How a subscriber behaves."""

    topic_filter: str = "load/#"
    group: str = ""  # of a shared subscription
    qos: int = 2
    receive_maximum: int = 65535
    held_acks_max: int = 0  # acknowledgements kept back, to be many at once
    break_chance: float = 0  # of breaking off, at each packet
    attend_chance: float = 1  # of being there in a life that is neither the first nor the last


class Subscriber(Client):
    """Receives, acknowledges, and keeps what a client keeps of a session."""

    def __init__(
        self,
        name: str,
        version: int,
        lives: Lives,
        recorder: Recorder,
        *,
        seed: int,
        habits: Habits,
    ):
        super().__init__(name, version, lives, recorder)
        self.habits = habits
        self.is_needed = threading.Event()  # from now on in each life
        self.is_subscribed = threading.Event()
        self._seed = seed
        self._random = random.Random(f"{seed}/{name}")
        self._unreleased: set[int] = set()
        self._held: list[bytes] = []
        self._connection: RawClient | None = None
        if habits.receive_maximum < 65535:
            self.properties["receive_maximum"] = habits.receive_maximum

    def attends(self, life: int) -> bool:
        chosen = random.Random(f"{self._seed}/{self.name}/{life}").random()
        return life == 1 or self.is_needed.is_set() or chosen < self.habits.attend_chance

    def end(self) -> None:
        """Hears of the end by the answer to a PINGREQ."""
        self.is_ending.set()
        if self._connection is not None:
            try:
                self._connection.send(mqtt.pingreq())
            except (ConnectionClosed, OSError):
                pass  # it connects again and says so itself

    def serve(self, connection: RawClient, session_present: bool) -> bool:
        self._held.clear()
        if not session_present:
            self._unreleased.clear()
        if not self.is_subscribed.is_set():
            self._subscribe(connection)
        self._connection = connection
        if self.is_ending.is_set():
            connection.send(mqtt.pingreq())
        is_over = False
        has_news = False  # since the last PINGRESP
        while not is_over:
            packet = connection.receive()
            is_answer = packet.kind == "PINGRESP"
            # The node has read all acknowledgements and has nothing else, not even what it repeats.
            is_over = is_answer and not has_news and not self._unreleased
            has_news = not is_answer
            self._take(packet)
            if is_answer or len(self._held) > self.habits.held_acks_max or self.is_ending.is_set():
                connection.send(b"".join(self._held))
                self._held.clear()
            if is_answer and not is_over:
                connection.send(mqtt.pingreq())
            if self._random.random() < self.habits.break_chance:
                return False
        connection.disconnect()
        return True

    def _subscribe(self, connection: RawClient) -> None:
        topic_filter, qos = self.habits.topic_filter, self.habits.qos
        group = self.habits.group
        connection.subscribe(f"$share/{group}/{topic_filter}" if group else topic_filter, qos)
        self.recorder.subscribed(self.name, topic_filter, qos, group)
        self.is_known = True
        self.is_subscribed.set()

    def _take(self, packet: Packet) -> None:
        if packet.kind == "PUBREL":
            self._unreleased.discard(packet.packet_id)
            self._held.append(mqtt.acknowledgement("PUBCOMP", packet.packet_id))
        elif packet.kind == "PUBLISH":
            if packet.qos == 0 or packet.packet_id not in self._unreleased:
                self.recorder.received(self.name, packet, self.habits.group)
            if packet.qos == 2:
                self._unreleased.add(packet.packet_id)
            if packet.qos > 0:
                kind = "PUBREC" if packet.qos == 2 else "PUBACK"
                self._held.append(mqtt.acknowledgement(kind, packet.packet_id))
        elif packet.kind != "PINGRESP":
            raise AssertionError(f"unexpected {packet}")
