"""What must survive a death of the node: everything that is believed of it stands here.

The promise, for messages of QoS 1 and 2 and sessions that outlive their connection:

* an acknowledged message (PUBACK, PUBREC) reaches each durable subscriber;
* a message of QoS 2, sent and received, reaches it exactly once, whatever dies in between;
* messages of one topic with one publisher arrive in their order;
* a session of which anything was acknowledged is there again;
* a retained topic has the value of the last acknowledged write, or of a later one;
* nothing arrives that nobody sent, and each payload is whole.
"""

import hashlib
import threading
import time
from collections.abc import Callable

from harness import DEADLINE_S
from mqtt_packets import Packet

SIZES_BYTES = (0, 10, 100, 1000, 5000)
NOTHING = b"nothing|"


def payload_of(name: str) -> bytes:
    """Names itself, then bytes that follow from the name."""
    digest = hashlib.sha256(name.encode()).digest()
    size_bytes = SIZES_BYTES[digest[0] % len(SIZES_BYTES)]
    return name.encode() + b"|" + (digest * (size_bytes // len(digest) + 1))[:size_bytes]


def name_of(payload: bytes) -> str:
    return payload.partition(b"|")[0].decode(errors="replace")


class Oracle:
    """Everything that was sent, acknowledged and received. Threads: safe."""

    def __init__(self):
        self._changed = threading.Condition(threading.RLock())
        self.violations: list[str] = []
        self.acknowledged_count = 0
        self._places: dict[str, tuple[str, int]] = {}  # by name: topic, and place in its order
        self._counts: dict[str, int] = {}  # by topic, names sent
        self._acknowledged: dict[str, str] = {}  # by name: topic
        self._wanted: dict[str, Callable[[str], bool]] = {}  # by subscriber: topics
        self._received: dict[str, dict[str, int]] = {}  # by subscriber: names, how often
        self._newest: dict[tuple[str, str], int] = {}  # by subscriber and topic: place
        self._retained: dict[str, list[bytes]] = {}  # by topic, all writes
        self._retained_acknowledged: dict[str, int] = {}  # by topic, how many

    def violate(self, text: str) -> None:
        with self._changed:
            self.violations.append(text)
            self._changed.notify_all()

    # --- Messages. ---

    def expect(self, subscriber: str, wanted: Callable[[str], bool]) -> None:
        """From now on this session gets what is published to the topics it wants."""
        with self._changed:
            self._wanted[subscriber] = wanted
            self._received[subscriber] = {}

    def sending(self, topic: str, name: str) -> None:
        with self._changed:
            place = self._counts.get(topic, 0)
            self._places[name] = (topic, place)
            self._counts[topic] = place + 1

    def acknowledged(self, name: str) -> None:
        with self._changed:
            self._acknowledged[name] = self._places[name][0]
            self.acknowledged_count += 1
            self._changed.notify_all()

    def received(self, subscriber: str, message: Packet) -> None:
        """Reported once for each delivery, not for a repeated packet of QoS 2."""
        name = name_of(message.payload)
        with self._changed:
            topic, place = self._places.get(name, ("", 0))
            if topic != message.topic or payload_of(name) != message.payload:
                self.violate(f"{subscriber}: nobody sent {name[:80]!r} to {message.topic}")
                return
            counts = self._received[subscriber]
            counts[name] = counts.get(name, 0) + 1
            if counts[name] > 1 and message.qos == 2:
                self.violate(f"{subscriber}: {name} arrived {counts[name]} times at QoS 2")
            elif counts[name] == 1:
                if place < self._newest.get((subscriber, topic), -1):
                    self.violate(f"{subscriber}: {name} arrived behind a later one")
                self._newest[subscriber, topic] = place
            self._changed.notify_all()

    def wait_until_acknowledged(self, count: int) -> bool:
        """False after a violation, which ends the wait."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self.violations or self.acknowledged_count >= count, DEADLINE_S
            ):
                raise TimeoutError(f"{self.acknowledged_count} acknowledged, not {count}")
            return not self.violations

    def wait_until_arrived(self) -> None:
        """Until everybody has what was acknowledged; what lacks at the deadline is missing."""
        deadline = time.monotonic() + DEADLINE_S
        with self._changed:
            for subscriber in self._wanted:
                self._changed.wait_for(
                    lambda who=subscriber: self.violations or not self._missing(who),
                    max(0, deadline - time.monotonic()),
                )
                if missing := self._missing(subscriber):
                    self.violate(
                        f"{subscriber}: {len(missing)} acknowledged messages did not arrive: "
                        f"{', '.join(missing[:5])} ..."
                    )

    def _missing(self, subscriber: str) -> list[str]:
        wanted, received = self._wanted[subscriber], self._received[subscriber]
        return [
            name
            for name, topic in self._acknowledged.items()
            if name not in received and wanted(topic)
        ]

    # --- Retained values. ---

    def retaining(self, topic: str, payload: bytes) -> None:
        with self._changed:
            self._retained.setdefault(topic, []).append(payload)

    def retained_acknowledged(self, topic: str) -> None:
        """Writes of one topic are acknowledged in their order."""
        with self._changed:
            self._retained_acknowledged[topic] = self._retained_acknowledged.get(topic, 0) + 1
            self.acknowledged_count += 1
            self._changed.notify_all()

    def retained_topics(self) -> set[str]:
        """Those that must have a value."""
        with self._changed:
            return set(self._retained_acknowledged)

    def check_retained(self, found: dict[str, bytes]) -> None:
        """What a new subscriber was shown while nobody wrote."""
        with self._changed:
            for topic, count in self._retained_acknowledged.items():
                possible = self._retained[topic][count - 1 :]
                value = found.get(topic, NOTHING)
                if value not in possible:
                    self.violate(
                        f"{topic} has {name_of(value)}, but {name_of(possible[0])} was "
                        f"acknowledged, and {len(possible) - 1} written behind it"
                    )
            for topic, payload in found.items():
                if payload not in self._retained.get(topic, []):
                    self.violate(f"{topic} has {name_of(payload)[:80]!r}, which nobody wrote")
