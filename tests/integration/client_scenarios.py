"""What each client library must be able to do with a node, in each version over each transport.

A file x_test.py has a class that derives from Scenarios and says how its puppet is started.
"""

import itertools
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from harness import Node, NodeCase, create_token
from puppet import Client, Message, Puppet

LISTENERS = ("--mqtts", "127.0.0.1:0", "--http", "127.0.0.1:0")
TOPIC_IN_MANY_SCRIPTS = "werk/Wärme °C/温度/🌡"
PAYLOADS = (b"", "20 °C, 温かい 🌡".encode(), bytes(range(256)), bytes(1_000_000))
REFUSED = (4, 5, 0x86, 0x87)  # user name or password, not authorized; of 3.1.1 and of 5
EXPIRY_S = 3600


class Cell(NamedTuple):
    """Of the matrix."""

    version: str
    transport: str

    def __str__(self) -> str:
        return f"{self.version}-{self.transport}"


VERSIONS = ("3.1.1", "5")
CELLS = [Cell(version, transport) for version in VERSIONS for transport in ("tcp", "tls", "ws")]


def by_topic(messages: list[Message]) -> dict[str, list[Message]]:
    """Order is promised for each topic."""
    topics: dict[str, list[Message]] = {}
    for message in messages:
        topics.setdefault(message.topic, []).append(message)
    return topics


class Scenarios(NodeCase):
    """Tests with one node and one puppet for all of them, and clients of other names in each."""

    COMMAND: list = []
    node: Node
    puppet: Puppet
    token: str

    @classmethod
    def setUpClass(cls):
        folder = Path(tempfile.mkdtemp(prefix="kith-test-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.token = create_token(folder / "data")["token"]
        cls.node = Node(folder / "data", *LISTENERS)
        cls.addClassCleanup(cls.node.stop)
        cls.node.wait_until_ready()
        cls.puppet = Puppet(cls.COMMAND)
        cls.addClassCleanup(cls.puppet.kill)

    def connect(self, cell: Cell, client_id: str = "", **fields) -> Client:
        """A clean session with the right token, if `fields` say nothing else."""
        client = self.try_to_connect(cell, client_id, **fields)
        self.assertIsNone(client.refused)
        return client

    def try_to_connect(self, cell: Cell, client_id: str, **fields) -> Client:
        node = fields.pop("node", self.node)
        puppet = fields.pop("puppet", None) or self.puppet_for_a_client()
        listener = {"tcp": "mqtt", "tls": "mqtts", "ws": "http", "wss": "http"}[cell.transport]
        what = {
            "transport": cell.transport,
            "host": "127.0.0.1",
            "port": node.addresses[listener][1],
            "ca": str(node.ca_file),
            "version": cell.version,
            "id": client_id or self.new_id(),
            "clean": True,
            "expiry_s": 0,
            "password": self.token,
            "will": None,
        }
        return puppet.connect(**(what | fields))

    def puppet_for_a_client(self) -> Puppet:
        return self.puppet

    def new_id(self) -> str:
        """At most 23 characters, as MQTT 3.1 has it."""
        return f"client-{next(self.id_numbers)}"

    id_numbers = itertools.count(1)

    def in_each_cell(self, check: Callable[[Cell], None], cells: list[Cell] = CELLS) -> None:
        """All at once, because some libraries take their time."""
        with ThreadPoolExecutor(len(cells)) as pool:
            checks = {cell: pool.submit(check, cell) for cell in cells}
        for cell, done in checks.items():
            with self.subTest(str(cell)):
                done.result()

    # --- The tests. ---

    def test_each_payload_arrives_at_each_qos(self):
        self.in_each_cell(self.exchange_payloads, [*CELLS, Cell("3.1", "tcp")])

    def test_web_sockets_over_tls(self):
        """Which HTTP speaks where other hosts reach it."""
        node = self.start_node("--http", "0.0.0.0:0")
        fields = {"node": node, "password": create_token(node.data)["token"]}
        cells = [Cell(version, "wss") for version in VERSIONS]
        self.in_each_cell(lambda cell: self.exchange_payloads(cell, **fields), cells)

    def exchange_payloads(self, cell: Cell, **fields) -> None:
        publisher, subscriber = (self.connect(cell, **fields) for _ in range(2))
        self.assertFalse(subscriber.session_present)
        topic = f"{TOPIC_IN_MANY_SCRIPTS}/{cell}"
        self.assertEqual(subscriber.subscribe(topic, 2), 2)
        for qos in (0, 1, 2):
            for payload in PAYLOADS:
                sent = Message(topic, payload, qos)
                publisher.publish(sent)
                self.assertEqual(subscriber.take(1), [sent])
        publisher.disconnect()
        subscriber.disconnect()

    def test_delivery_is_at_the_lower_qos(self):
        self.in_each_cell(self.check_lower_qos)

    def check_lower_qos(self, cell: Cell) -> None:
        publisher, subscriber = self.connect(cell), self.connect(cell)
        for granted in (0, 1, 2):
            topic = f"lower/{cell}/{granted}"
            self.assertEqual(subscriber.subscribe(topic, granted), granted)
            for qos in (0, 1, 2):
                publisher.publish(Message(topic, b"x", qos))
                self.assertEqual(subscriber.take(1), [Message(topic, b"x", min(qos, granted))])

    def test_retained_messages_wait_until_they_are_cleared(self):
        self.in_each_cell(self.check_retained)

    def check_retained(self, cell: Cell) -> None:
        kept = Message(f"state/{cell}/lamp", b"on", 1, retain=True)
        marker = Message(f"state/{cell}/marker", b"", 1)
        publisher, live = self.connect(cell), self.connect(cell)
        live.subscribe(kept.topic, 1)
        publisher.publish(kept)
        self.assertEqual(live.take(1), [replace(kept, retain=False)])
        late = self.connect(cell)
        late.subscribe(f"state/{cell}/#", 1)
        self.assertEqual(late.take(1), [kept])
        publisher.publish(replace(kept, payload=b""))
        later = self.connect(cell)
        later.subscribe(f"state/{cell}/#", 1)
        publisher.publish(marker)
        self.assertEqual(later.take(1), [marker])

    def test_the_will_of_a_client_that_dies_is_published_and_no_other(self):
        self.in_each_cell(self.check_will)

    def check_will(self, cell: Cell) -> None:
        watcher = self.connect(cell)
        watcher.subscribe(f"wills/{cell}/#", 1)
        polite = self.connect(cell, will=Message(f"wills/{cell}/polite", b"?").as_json())
        polite.disconnect()
        will = Message(f"wills/{cell}/doomed", b"gone", 1, retain=True)
        doomed = Puppet(self.COMMAND)
        self.addCleanup(doomed.kill)
        self.connect(cell, will=will.as_json(), puppet=doomed)
        doomed.kill()
        self.assertEqual(watcher.take(1), [replace(will, retain=False)])
        late = self.connect(cell)
        late.subscribe(f"wills/{cell}/#", 1)
        self.assertEqual(late.take(1), [will])

    def test_a_session_keeps_messages_for_who_is_away(self):
        self.in_each_cell(self.check_session)

    def check_session(self, cell: Cell) -> None:
        name = self.new_id()
        sent = self.leave_messages(cell, name)
        back = self.connect(cell, name, clean=False, expiry_s=EXPIRY_S)
        self.assertTrue(back.session_present)
        self.assertEqual(by_topic(back.take(len(sent))), by_topic(sent))
        back.disconnect()
        self.assertFalse(self.connect(cell, name).session_present)

    def test_sessions_and_retained_messages_outlive_a_restart(self):
        node = self.start_node(*LISTENERS)
        fields = {"node": node, "password": create_token(node.data)["token"]}
        sent: dict[Cell, list[Message]] = {}

        def leave(cell: Cell) -> None:
            sent[cell] = self.leave_messages(cell, f"away-{cell}", **fields)

        self.in_each_cell(leave)
        kept = [Message(f"kept/{qos}", b"x", qos, retain=True) for qos in (0, 1, 2)]
        publisher = self.connect(CELLS[0], **fields)
        for message in kept:
            publisher.publish(message)
        publisher.disconnect()
        node.stop()
        fields["node"] = self.start_node(*LISTENERS)

        def come_back(cell: Cell) -> None:
            back = self.connect(cell, f"away-{cell}", clean=False, expiry_s=EXPIRY_S, **fields)
            self.assertTrue(back.session_present)
            self.assertEqual(by_topic(back.take(len(sent[cell]))), by_topic(sent[cell]))
            back.subscribe("kept/+", 2)
            self.assertEqual(by_topic(back.take(3)), by_topic(kept))

        self.in_each_cell(come_back)

    def leave_messages(self, cell: Cell, name: str, **fields) -> list[Message]:
        """For a session of that name, which is away."""
        subscriber = self.connect(cell, name, clean=False, expiry_s=EXPIRY_S, **fields)
        self.assertFalse(subscriber.session_present)
        subscriber.subscribe(f"away/{name}/+", 2)
        subscriber.disconnect()
        publisher = self.connect(cell, **fields)
        sent = [Message(f"away/{name}/{qos}", b"%d" % i, qos) for i in range(3) for qos in (1, 2)]
        for message in sent:
            publisher.publish(message)
        publisher.disconnect()
        return sent

    def test_a_token_is_the_password(self):
        self.in_each_cell(self.check_token)

    def check_token(self, cell: Cell) -> None:
        self.connect(cell).disconnect()
        self.assertIn(self.try_to_connect(cell, "", password="kk_wrong").refused, REFUSED)
        without = self.try_to_connect(cell, "", password=None).refused
        if cell.transport == "tcp":
            self.assertIsNone(without)
        else:
            self.assertIn(without, REFUSED)
