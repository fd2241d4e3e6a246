"""A node under load that dies again and again; what its clients saw is judged by the checker."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import mqtt_packets as mqtt
from durable_clients import Client, Habits, Lives, Publisher, Subscriber
from harness import DEADLINE_S, ROOT, Node
from journal import Recorder, name_of, payload_of
from mortal_clients import KINDS
from mqtt_packets import V5, V311
from mqtt_raw import RawClient

CHECKER = ROOT / "tests/campaign/checker.py"
SUBSCRIBERS = {
    "steady": (V5, Habits()),
    "old": (V311, Habits(break_chance=0.002)),
    "slow": (V5, Habits(receive_maximum=5, held_acks_max=3)),
    "seldom": (V5, Habits(attend_chance=0.3)),
    "modest": (V5, Habits(qos=1, break_chance=0.002)),
    "choosy": (V5, Habits(topic_filter="load/publisher-0/#", held_acks_max=10)),
    "mourner": (V5, Habits(topic_filter="will/#")),
    "crew-1": (V5, Habits(group="crew")),
    "crew-2": (V311, Habits(group="crew", break_chance=0.002)),
    "crew-3": (V5, Habits(group="crew", attend_chance=0.5, receive_maximum=5)),
}
WORKERS = (1, 2, 4, 1)  # in one life after the other
PUBLISHERS = {"publisher-0": V5, "publisher-1": V311, "publisher-2": V5}
LOST_RETAINED_S = 2.0  # after which a value that was not shown counts as lost


def workers_of(life: int) -> int:
    return WORKERS[(life - 1) % len(WORKERS)]


@dataclass
class Trial:
    """Lives of a node, each ended after a seeded number of acknowledged messages."""

    seed: int
    start: Callable[[int], Node]  # the node of a life, by its number from 1
    deaths: int
    journals: Path  # a folder that does not exist
    messages_per_life_max: int = 400
    end: Callable[[Node], None] = Node.kill
    # Called with the node of a life that ends by itself, to wait for that; the others are ended.
    wait_for_death: dict[int, Callable[[Node], None]] = field(default_factory=dict)
    patience_s: float = DEADLINE_S  # what has not happened by then does not happen
    on_life: Callable[[int, int], None] = lambda life, acknowledged_count: None

    def run(self) -> dict:
        """The checker's verdict; what it found wrong is in "violations"."""
        self._random = random.Random(self.seed)
        self._recorder = Recorder(self.journals)
        self._lives = Lives()
        self._make_clients()
        try:
            self._live_all()
        finally:
            self._lives.finish()
            self._recorder.close()
        return check(self.journals)

    @property
    def acknowledged_count(self) -> int:
        return self._recorder.acknowledged_count

    def _live_all(self) -> None:
        for life in range(1, self.deaths + 1):
            self._live(life)
            if self._recorder.errors:
                return
            self.on_life(life, self.acknowledged_count)
        for subscriber in self._subscribers:
            subscriber.is_needed.set()
        if node := self._begin_life(self.deaths + 1):
            self._finish(node)

    def _live(self, life: int) -> None:
        node = self._begin_life(life)
        if node is None:
            return
        try:
            self._start_mortals(life)
            if life in self.wait_for_death:
                self.wait_for_death[life](node)
                self._recorder.write("node", "end", life)
            else:
                more = self._random.randint(1, self.messages_per_life_max)
                self._recorder.wait_until_acknowledged(self.acknowledged_count + more)
                self._lives.end()
                self._recorder.write("node", "end", life)
                self.end(node)
        finally:
            self._lives.end()
            node.kill()

    def _make_clients(self) -> None:
        shared = (self._lives, self._recorder)
        self._subscribers = [
            Subscriber(name, version, *shared, seed=self.seed, habits=habits)
            for name, (version, habits) in SUBSCRIBERS.items()
        ]
        self._publishers = [
            Publisher(name, version, *shared, self.seed) for name, version in PUBLISHERS.items()
        ]
        self._mortals: list[Client] = []

    def _start_mortals(self, life: int) -> None:
        for kind, make in KINDS.items():
            version = V311 if kind == "lost" and life % 3 == 0 else V5
            mortal = make(f"{kind}-{life}", version, self._lives, self._recorder, life=life)
            self._mortals.append(mortal)
            mortal.start()

    def _begin_life(self, life: int) -> Node | None:
        """None if the node does not come to life again."""
        try:
            node = self.start(life)
        except (AssertionError, TimeoutError) as error:
            self._recorder.error("node", f"does not start in life {life}: {error}")
            return None
        self._recorder.write("node", "life", life)
        self._read_retained(node)
        self._lives.begin(node.mqtt)
        if life == 1:
            self._start_clients()
        return node

    def _start_clients(self) -> None:
        for subscriber in self._subscribers:
            subscriber.start()
        for subscriber in self._subscribers:
            if not subscriber.is_subscribed.wait(DEADLINE_S):
                raise TimeoutError(f"{subscriber.name} is not subscribed")
        for publisher in self._publishers:
            publisher.start()

    def _read_retained(self, node: Node) -> None:
        """Writes down what a new subscriber is shown, before anybody else is let in.

        Values come by themselves; so it waits for those that must come, and then a little more.
        """
        missing = self._recorder.retained_topics()
        self._recorder.write("node", "reading")
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.subscribe("retained/#", 2)
            try:
                while missing:
                    missing.discard(self._take_retained(client))
            except TimeoutError:
                pass
            client.send(mqtt.pingreq())
            while self._take_retained(client) is not None:
                pass
        self._recorder.write("node", "read")

    def _take_retained(self, client: RawClient) -> str | None:
        """The topic of the next value; None for the answer to a PINGREQ."""
        while (packet := client.receive(min(LOST_RETAINED_S, self.patience_s))).kind != "PINGRESP":
            if packet.kind == "PUBREL":
                client.acknowledge("PUBCOMP", packet.packet_id)
                continue
            name = name_of(packet.payload)
            is_whole = packet.payload == payload_of(name)
            self._recorder.write("node", "value", packet.topic, name, is_whole)
            if packet.qos:
                client.acknowledge("PUBREC" if packet.qos == 2 else "PUBACK", packet.packet_id)
            return packet.topic
        return None

    def _finish(self, node: Node) -> None:
        """Everybody comes to an end; then nothing may be left over for anybody."""
        for publisher in self._publishers:
            publisher.is_ending.set()
        self._join(self._publishers)
        self._recorder.wait_until_arrived(self.patience_s)
        self._recorder.write("node", "drained")
        for subscriber in self._subscribers:
            subscriber.end()
        self._join(self._subscribers)
        self._lives.finish()
        self._join(self._mortals)
        if not self._recorder.errors:
            node.stop()
            self._check_nothing_is_left(self.start(self.deaths + 2))

    def _join(self, clients: list[Client]) -> None:
        for client in clients:
            client.join(self.patience_s)
            if client.is_alive():
                self._recorder.error(client.name, "does not come to its end")

    def _check_nothing_is_left(self, node: Node) -> None:
        self._recorder.write("node", "life", self.deaths + 2)
        self._read_retained(node)
        for subscriber in self._subscribers:
            with RawClient(node.mqtt, subscriber.version) as client:
                connack = client.connect(
                    subscriber.name, clean_start=False, properties=subscriber.properties
                )
                self._recorder.write(subscriber.name, "connected", connack.session_present, True)
                client.send(mqtt.pingreq())
                while (packet := client.receive()).kind != "PINGRESP":
                    self._recorder.write(subscriber.name, "left over", str(packet))
                client.disconnect()
        node.stop()


def check(journals: Path) -> dict:
    """Runs the checker, a program of its own, over the journals of a trial."""
    done = subprocess.run(
        [sys.executable, CHECKER, journals], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise AssertionError(f"the checker failed: {done.stderr}")
    verdict = json.loads(done.stdout)
    assert bool(verdict["violations"]) == bool(done.returncode), done
    return verdict
