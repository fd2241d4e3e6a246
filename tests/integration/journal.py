"""What clients of a dying node write down, for the checker to judge: tests/campaign/checker.py.

Each client has a journal of its own, a file of lines, each a JSON array of a word, a time in
nanoseconds of one clock, and what the word needs; tests/campaign/README.md lists the words. The
Recorder keeps the journals, and beside them just enough to know when everything has arrived.
"""

import hashlib
import json
import threading
import time
from pathlib import Path

from harness import DEADLINE_S
from mqtt_packets import Packet

SIZES_BYTES = (0, 10, 100, 1000, 5000)


def payload_of(name: str) -> bytes:
    """Names itself, then bytes that follow from the name."""
    digest = hashlib.sha256(name.encode()).digest()
    size_bytes = SIZES_BYTES[digest[0] % len(SIZES_BYTES)]
    return name.encode() + b"|" + (digest * (size_bytes // len(digest) + 1))[:size_bytes]


def name_of(payload: bytes) -> str:
    return payload.partition(b"|")[0].decode(errors="replace")


def matches(topic_filter: str, topic: str) -> bool:
    """For filters that are a topic, or end in `#`."""
    prefix, hash_sign, _ = topic_filter.partition("#")
    return topic.startswith(prefix) if hash_sign else topic == topic_filter


class Recorder:
    """All journals of one trial. Threads: safe."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self.folder = folder
        self.errors: list[str] = []  # of clients; they end a trial before its time
        self.acknowledged_count = 0
        self._changed = threading.Condition(threading.RLock())
        self._files: dict[str, object] = {}
        self._topics: dict[str, str] = {}  # by name of a message that must be kept
        self._acknowledged: set[str] = set()
        self._filters: dict[str, str] = {}  # by receiver: a subscriber, or a whole group
        self._received: dict[str, set[str]] = {}
        self._missing: dict[str, set[str]] = {}
        self._retained: dict[str, list[str]] = {}  # by topic, names of all writes; "" clears
        self._retained_acknowledged: dict[str, int] = {}  # by topic, how many

    def write(self, journal: str, word: str, *facts) -> None:
        with self._changed:
            if journal not in self._files:
                self._files[journal] = (self.folder / f"{journal}.jsonl").open("a")
            line = json.dumps([word, time.monotonic_ns(), *facts], separators=(",", ":"))
            self._files[journal].write(line + "\n")

    def close(self) -> None:
        with self._changed:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def error(self, journal: str, text: str) -> None:
        """What no client should see: a wrong packet, a session that is gone."""
        with self._changed:
            self.write(journal, "error", text)
            self.errors.append(f"{journal}: {text}")
            self._changed.notify_all()

    # --- Messages. ---

    def subscribed(self, client: str, topic_filter: str, qos: int, group: str = "") -> None:
        """SUBACK has come: from now on it gets what is published."""
        with self._changed:
            self.write(client, "subscribed", topic_filter, qos, group)
            receiver = group or client
            self._filters[receiver] = topic_filter
            self._received.setdefault(receiver, set())
            self._missing.setdefault(receiver, set())

    def sending(self, client: str, topic: str, name: str, qos: int) -> None:
        with self._changed:
            self._topics[name] = topic
            self.write(client, "send", name, topic, qos)

    def acknowledged(self, client: str, name: str) -> None:
        with self._changed:
            self.write(client, "ack", name)
            self.acknowledged_count += 1
            self._acknowledged.add(name)
            self._expect(name, self._topics[name])
            self._changed.notify_all()

    def received(self, client: str, message: Packet, group: str = "") -> None:
        """Reported once for each delivery, not for a repeated packet of QoS 2."""
        name = name_of(message.payload)
        is_whole = message.payload == payload_of(name)
        with self._changed:
            self.write(client, "got", name[:80], message.topic, message.qos, is_whole)
            receiver = group or client
            self._received[receiver].add(name)
            self._missing[receiver].discard(name)
            self._changed.notify_all()

    def _expect(self, name: str, topic: str) -> None:
        for receiver, topic_filter in self._filters.items():
            if matches(topic_filter, topic) and name not in self._received[receiver]:
                self._missing[receiver].add(name)

    def acknowledged_names(self) -> set[str]:
        with self._changed:
            return set(self._acknowledged)

    def wait_until_acknowledged(self, count: int) -> bool:
        """False after an error, which ends the wait."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self.errors or self.acknowledged_count >= count, DEADLINE_S
            ):
                raise TimeoutError(f"{self.acknowledged_count} acknowledged, not {count}")
            return not self.errors

    def wait_until_arrived(self, within_s: float) -> None:
        """Until everybody has what must come; what lacks at the deadline is for the checker."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.errors or not any(self._missing.values()), within_s
            )

    # --- Wills. ---

    def will_is_due(self, name: str, topic: str) -> None:
        """Its client broke off and will not come back."""
        with self._changed:
            self._expect(name, topic)

    # --- Retained values. ---

    def retaining(self, client: str, topic: str, name: str, qos: int) -> None:
        """An empty name clears."""
        with self._changed:
            self._retained.setdefault(topic, []).append(name)
            self.write(client, "retain", name, topic, qos)

    def retained_acknowledged(self, client: str, topic: str) -> None:
        """Writes of one topic are acknowledged in their order."""
        with self._changed:
            self._retained_acknowledged[topic] = self._retained_acknowledged.get(topic, 0) + 1
            self.write(client, "retained", topic)
            self.acknowledged_count += 1
            self._changed.notify_all()

    def retained_counts(self) -> dict[str, int]:
        """By topic, how many writes are acknowledged."""
        with self._changed:
            return dict(self._retained_acknowledged)

    def possible_values(self, counts: dict[str, int]) -> dict[str, list[str]]:
        """By topic: its write that was the last acknowledged then, and all that were sent later."""
        with self._changed:
            return {topic: self._retained[topic][count - 1 :] for topic, count in counts.items()}

    def retained_topics(self) -> set[str]:
        """Those that must have a value."""
        possible = self.possible_values(self.retained_counts())
        return {topic for topic, names in possible.items() if all(names)}
