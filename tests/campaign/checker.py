"""Judges what the clients of a dying node wrote down: was anything lost that must not be?

python3 tests/campaign/checker.py FOLDER    prints one JSON object; exit 1 if it found something

It knows nothing of the node, and of the clients only their journals, FOLDER/*.jsonl; README.md
lists the words. What it holds the node to:

* an acknowledged message reaches each durable session that had its SUBACK before, and one member of
  each shared group;
* what travels at QoS 2 reaches a session, or a group, once; at QoS 0 it is not repeated either;
* messages of one topic with one publisher reach a session (not a group) in their order;
* nothing arrives that nobody sent there, and each payload is whole;
* a session of which anything was acknowledged is there again, and has nothing left over in the end;
* a retained topic has the value of the last acknowledged write, or of one that was sent later;
* a will whose client broke off, or died with the node, is published, unless its client is back in
  time; then, and after DISCONNECT, it is not.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

VIOLATIONS_MAX = 50  # that are written out
KEPT_QOS = 1  # the lowest that is promised to arrive


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("checker: wants a folder of journals", file=sys.stderr)
        return 2
    checker = Checker(read_journals(Path(sys.argv[1])))
    checker.run()
    print(json.dumps(checker.verdict(), indent=1))
    return 1 if checker.violations else 0


def read_journals(folder: Path) -> list[tuple[int, str, str, list]]:
    """All lines of all journals in the order of their times: time, journal, word, facts."""
    lines = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            word, time_ns, *facts = json.loads(line)
            lines.append((time_ns, path.stem, word, facts))
    lines.sort(key=lambda each: each[0])
    return lines


class Message:
    def __init__(self, time_ns: int, topic: str, qos: int, place: int):
        self.sent_ns = time_ns
        self.topic = topic
        self.qos = qos
        self.place = place  # in the order of its topic
        self.acknowledged_ns: int | None = None


class Receiver:
    """A session, or a shared group as a whole."""

    def __init__(self, topic_filter: str, qos: int, group: str | None, time_ns: int):
        self.topic_filter = topic_filter
        self.qos = qos
        self.group = group
        self.since_ns = time_ns
        self.counts: dict[str, int] = defaultdict(int)  # by name

    def wants(self, topic: str) -> bool:
        prefix, hash_sign, _ = self.topic_filter.partition("#")
        return topic.startswith(prefix) if hash_sign else topic == self.topic_filter


class Will:
    def __init__(self, topic: str, delay_s: int, time_ns: int):
        self.topic = topic
        self.delay_s = delay_s
        self.since_ns = time_ns
        self.is_bound = False  # on disk
        self.left_ns: int | None = None
        self.back_ns: int | None = None


class Checker:
    def __init__(self, lines: list[tuple[int, str, str, list]]):
        self.violations: list[str] = []
        self.counts: dict[str, int] = defaultdict(int)
        self._lines = lines
        self._messages: dict[str, Message] = {}
        self._places: dict[str, int] = defaultdict(int)  # by topic
        self._receivers: dict[str, Receiver] = {}  # by name of a session or a group
        self._of_journal: dict[str, Receiver] = {}
        self._newest: dict[tuple[str, str], int] = {}  # by session and topic: place
        self._wills: dict[str, Will] = {}
        self._retained: dict[str, list[str]] = defaultdict(list)  # by topic, names written
        self._retained_acknowledged: dict[str, int] = defaultdict(int)  # by topic, how many
        self._shown: dict[str, str] = {}  # by topic, in the reading that goes on
        self._ends_ns: list[int] = []
        self._is_drained = False

    def run(self) -> None:
        for time_ns, journal, word, facts in self._lines:
            handle = getattr(self, "on_" + word.replace(" ", "_"), None)
            if handle is None:
                self.violate(f"{journal}: the checker does not know the word {word!r}")
            else:
                handle(time_ns, journal, *facts)
        if self._is_drained:
            self.check_arrived()
            self.check_wills()
        elif not self.violations:
            self.violate("the trial came to no end, and nobody said why")

    def verdict(self) -> dict:
        return {
            **{key: self.counts[key] for key in COUNTS},
            "violation_count": len(self.violations),
            "violations": self.violations[:VIOLATIONS_MAX],
        }

    def violate(self, text: str) -> None:
        self.violations.append(text)

    # --- The node. ---

    def on_life(self, time_ns: int, journal: str, number: int) -> None:
        self.counts["lives"] += 1

    def on_end(self, time_ns: int, journal: str, number: int) -> None:
        self.counts["deaths"] += 1
        self._ends_ns.append(time_ns)

    def on_drained(self, time_ns: int, journal: str) -> None:
        self._is_drained = True

    # --- Clients. ---

    def on_error(self, time_ns: int, journal: str, text: str) -> None:
        self.violate(f"{journal}: {text}")

    def on_connected(self, time_ns: int, journal: str, is_present: bool, is_known: bool) -> None:
        self.counts["connections"] += 1
        if is_known and not is_present:
            self.violate(f"{journal}: the session is gone")

    def on_left_over(self, time_ns: int, journal: str, packet: str) -> None:
        self.violate(f"{journal}: when all was done, it still got {packet}")

    # --- Messages. ---

    def on_send(self, time_ns: int, journal: str, name: str, topic: str, qos: int) -> None:
        self.counts[f"sent_qos{qos}"] += 1
        self._messages[name] = Message(time_ns, topic, qos, self._places[topic])
        self._places[topic] += 1

    def on_ack(self, time_ns: int, journal: str, name: str) -> None:
        self.counts["acknowledged"] += 1
        self._messages[name].acknowledged_ns = time_ns

    def on_subscribed(
        self, time_ns: int, journal: str, topic_filter: str, qos: int, group: str
    ) -> None:
        name = group or journal
        receiver = self._receivers.setdefault(
            name, Receiver(topic_filter, qos, group or None, time_ns)
        )
        receiver.since_ns = time_ns  # of a group: its last member's
        self._of_journal[journal] = receiver

    def on_got(
        self, time_ns: int, journal: str, name: str, topic: str, qos: int, is_whole: bool
    ) -> None:
        self.counts["received"] += 1
        receiver = self._of_journal[journal]
        sent = self._messages.get(name) or self._wills.get(name)
        if sent is None or sent.topic != topic or not is_whole or not receiver.wants(topic):
            self.violate(f"{journal}: nobody sent {name!r} to {topic} like that")
            return
        receiver.counts[name] += 1
        if isinstance(sent, Will):
            self.counts["wills"] += 1
            return
        if qos > sent.qos:
            self.violate(f"{journal}: {name} came at QoS {qos}, but was sent at {sent.qos}")
        count = receiver.counts[name]
        if count > 1 and (qos == 2 or sent.qos == 0):
            self.violate(f"{journal}: {name} arrived {count} times at QoS {qos}")
        if count == 1 and receiver.group is None:  # a group's order ends with its members' absence
            if sent.place < self._newest.get((journal, topic), -1):
                self.violate(f"{journal}: {name} arrived behind a later one")
            self._newest[journal, topic] = sent.place

    def check_arrived(self) -> None:
        for who, receiver in self._receivers.items():
            missing = [
                name
                for name, message in self._messages.items()
                if message.acknowledged_ns is not None
                and min(message.qos, receiver.qos) >= KEPT_QOS
                and receiver.since_ns < message.sent_ns
                and receiver.wants(message.topic)
                and not receiver.counts[name]
            ]
            if missing:
                self.violate(
                    f"{who}: {len(missing)} acknowledged messages did not arrive: "
                    f"{', '.join(missing[:5])} ..."
                )

    # --- Wills. ---

    def on_will(self, time_ns: int, journal: str, name: str, topic: str, delay_s: int) -> None:
        self._wills.setdefault(name, Will(topic, delay_s, time_ns))  # said again in each try

    def on_bound(self, time_ns: int, journal: str, name: str) -> None:
        self._wills[name].is_bound = True

    def on_left(self, time_ns: int, journal: str, name: str) -> None:
        self._wills[name].left_ns = time_ns

    def on_back(self, time_ns: int, journal: str, name: str) -> None:
        self._wills[name].back_ns = time_ns

    def check_wills(self) -> None:
        for name, will in self._wills.items():
            counts = [r.counts[name] for r in self._receivers.values() if r.wants(will.topic)]
            if will.left_ns is None and will.back_ns is None:
                is_due = will.is_bound and will.delay_s == 0
                self.counts["wills_due"] += is_due
                if is_due and not all(counts):
                    self.violate(f"the will of {name} was not published")
            elif any(counts) and self.is_cancelled(will):
                self.violate(f"the will of {name} was published, but it had left or come back")
            else:
                self.counts["wills_cancelled"] += self.is_cancelled(will)
            self.counts["wills_repeated"] += any(count > 1 for count in counts)

    def is_cancelled(self, will: Will) -> bool:
        """Whether its end is on disk for certain.

        Nobody acknowledges a DISCONNECT. But if a later message was acknowledged in the same life,
        what came before it was committed, too.
        """
        if will.back_ns is not None:
            return will.back_ns - will.since_ns < will.delay_s * 1_000_000_000
        end_ns = min((t for t in self._ends_ns if t > will.since_ns), default=sys.maxsize)
        return any(
            m.acknowledged_ns is not None and will.left_ns < m.sent_ns < m.acknowledged_ns < end_ns
            for m in self._messages.values()
        )

    # --- Retained values. ---

    def on_retain(self, time_ns: int, journal: str, name: str, topic: str, qos: int) -> None:
        self._retained[topic].append(name)

    def on_retained(self, time_ns: int, journal: str, topic: str) -> None:
        self.counts["acknowledged"] += 1
        self._retained_acknowledged[topic] += 1

    def on_reading(self, time_ns: int, journal: str) -> None:
        self._shown = {}

    def on_value(self, time_ns: int, journal: str, topic: str, name: str, is_whole: bool) -> None:
        if name not in self._retained[topic] or not is_whole:
            self.violate(f"{topic} has {name[:80]!r}, which nobody wrote like that")
        if topic in self._shown:
            self.violate(f"{topic} was shown twice")
        self._shown[topic] = name

    def on_read(self, time_ns: int, journal: str) -> None:
        for topic, count in self._retained_acknowledged.items():
            possible = self._retained[topic][count - 1 :]
            shown = self._shown.get(topic, "")
            self.counts["retained_read"] += 1
            if shown not in possible:
                self.violate(
                    f"{topic} has {shown or 'nothing'}, but {possible[0] or 'nothing'} was "
                    f"acknowledged, and {len(possible) - 1} sent behind it"
                )


COUNTS = (
    "lives",
    "deaths",
    "connections",
    "sent_qos0",
    "sent_qos1",
    "sent_qos2",
    "acknowledged",
    "received",
    "retained_read",
    "wills",
    "wills_due",
    "wills_cancelled",
    "wills_repeated",
)

if __name__ == "__main__":
    sys.exit(main())
