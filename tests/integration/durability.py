"""A node under load that dies again and again, watched by the oracle."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from durable_clients import Client, Habits, Lives, Publisher, Subscriber
from harness import DEADLINE_S, Node
from mqtt_packets import V5, V311
from mqtt_raw import RawClient
from oracle import Oracle

SUBSCRIBERS = {
    "steady": (V5, Habits()),
    "old": (V311, Habits(break_chance=0.002)),
    "slow": (V5, Habits(receive_maximum=5, held_acks_max=3)),
    "seldom": (V5, Habits(attend_chance=0.3)),
    "modest": (V5, Habits(qos=1, break_chance=0.002)),
    "choosy": (V5, Habits(topic_filter="load/publisher-0/#", held_acks_max=10)),
}
PUBLISHERS = {"publisher-0": V5, "publisher-1": V311, "publisher-2": V5}


@dataclass
class Trial:
    """Lives of a node, each ended after a seeded number of acknowledged messages."""

    seed: int
    start: Callable[[int], Node]  # the node of a life, by its number from 1
    deaths: int
    messages_per_life_max: int = 400
    end: Callable[[Node], None] = Node.kill
    # Called with the node of a life that ends by itself, to wait for that; the others are ended.
    wait_for_death: dict[int, Callable[[Node], None]] = field(default_factory=dict)

    def run(self) -> list[str]:
        """What was violated."""
        self._random = random.Random(self.seed)
        self._oracle = Oracle()
        self._lives = Lives()
        self._make_clients()
        for life in range(1, self.deaths + 1):
            self._live(life)
            if self._oracle.violations:
                return self._oracle.violations
        for subscriber in self._subscribers:
            subscriber.is_needed.set()
        if node := self._begin_life(self.deaths + 1):
            self._finish(node)
        return self._oracle.violations

    @property
    def acknowledged_count(self) -> int:
        return self._oracle.acknowledged_count

    def _live(self, life: int) -> None:
        node = self._begin_life(life)
        if node is None:
            return
        try:
            if life in self.wait_for_death:
                self.wait_for_death[life](node)
            else:
                more = self._random.randint(1, self.messages_per_life_max)
                self._oracle.wait_until_acknowledged(self.acknowledged_count + more)
                self._lives.end()
                self.end(node)
        finally:
            self._lives.end()
            node.kill()

    def _make_clients(self) -> None:
        shared = (self._lives, self._oracle)
        self._subscribers = [
            Subscriber(name, version, *shared, seed=self.seed, habits=habits)
            for name, (version, habits) in SUBSCRIBERS.items()
        ]
        self._publishers = [
            Publisher(name, version, *shared, self.seed) for name, version in PUBLISHERS.items()
        ]

    def _begin_life(self, life: int) -> Node | None:
        """None if the node does not come to life again."""
        try:
            node = self.start(life)
        except (AssertionError, TimeoutError) as error:
            self._oracle.violate(f"the node does not start in life {life}: {error}")
            return None
        self._oracle.check_retained(self._read_retained(node))
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

    def _read_retained(self, node: Node) -> dict[str, bytes]:
        """What a new subscriber is shown, until it has a value of each topic that must have one."""
        found: dict[str, bytes] = {}
        recovered = node.errors.wait_for(r"store recovered .*\bretained=(\d+)").group(1)
        if int(recovered) < len(self._oracle.retained_topics()):
            return found  # no need to wait for what is not there
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.subscribe("retained/#", 2)
            while not self._oracle.retained_topics() <= found.keys():
                message = client.take_message()
                found[message.topic] = message.payload
        return found

    def _finish(self, node: Node) -> None:
        """Everybody comes to an end; then nothing may be left over for anybody."""
        for publisher in self._publishers:
            publisher.is_ending.set()
        self._join(self._publishers)
        self._oracle.wait_until_arrived()
        for subscriber in self._subscribers:
            subscriber.end()
        self._join(self._subscribers)
        if not self._oracle.violations:
            node.stop()
            self._check_nothing_is_left(self.start(self.deaths + 2))

    def _join(self, clients: list[Client]) -> None:
        for client in clients:
            client.join(DEADLINE_S)
            if client.is_alive():
                self._oracle.violate(f"{client.name} does not come to its end")

    def _check_nothing_is_left(self, node: Node) -> None:
        self._oracle.check_retained(self._read_retained(node))
        for subscriber in self._subscribers:
            with RawClient(node.mqtt, subscriber.version) as client:
                connack = client.connect(
                    subscriber.name, clean_start=False, properties=subscriber.properties
                )
                if not connack.session_present:
                    self._oracle.violate(f"{subscriber.name}: gone after a clean stop")
                client.ping()  # raises if a message comes first
