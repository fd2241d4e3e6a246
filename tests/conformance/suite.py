"""What each conformance test stands on: a broker, clients that are closed, names that are new.

The broker is a Kith node of the module's own, or the one that KITH_CONFORMANCE_TARGET names
(HOST:PORT; its WebSockets in KITH_CONFORMANCE_WEBSOCKET; if that is Kith, a node's directory in
KITH_CONFORMANCE_DATA). A node has one worker, if
KITH_CONFORMANCE_WORKERS says nothing else: then a ping round trip proves that nothing more comes.

`mqtt5("MQTT-3.1.2-7")` and `mqtt311(...)` say which statements a test covers; check.py compares
them with the tables.
"""

import concurrent.futures
import contextlib
import functools
import os
import secrets
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import mqtt_packets as mqtt  # noqa: E402
from harness import DEADLINE_S, Address, Node, create_token  # noqa: E402
from mqtt_packets import V5, V311, Connect, Packet  # noqa: E402
from mqtt_raw import RawClient  # noqa: E402

# Reason codes, by their names in the standard (MQTT 5.0, 2.4).
SUCCESS = 0x00
DISCONNECT_WITH_WILL = 0x04
NO_MATCHING_SUBSCRIBERS = 0x10
NO_SUBSCRIPTION_EXISTED = 0x11
CONTINUE_AUTHENTICATION = 0x18
RE_AUTHENTICATE = 0x19
UNSPECIFIED_ERROR = 0x80
MALFORMED_PACKET = 0x81
PROTOCOL_ERROR = 0x82
UNSUPPORTED_PROTOCOL_VERSION = 0x84
CLIENT_IDENTIFIER_NOT_VALID = 0x85
BAD_USER_NAME_OR_PASSWORD = 0x86
NOT_AUTHORIZED = 0x87
BAD_AUTHENTICATION_METHOD = 0x8C
KEEP_ALIVE_TIMEOUT = 0x8D
SESSION_TAKEN_OVER = 0x8E
TOPIC_FILTER_INVALID = 0x8F
TOPIC_NAME_INVALID = 0x90
PACKET_IDENTIFIER_NOT_FOUND = 0x92
RECEIVE_MAXIMUM_EXCEEDED = 0x93
TOPIC_ALIAS_INVALID = 0x94
PACKET_TOO_LARGE = 0x95

# What 3.1.1 calls return codes of CONNACK.
IDENTIFIER_REJECTED_311 = 2
BAD_USER_NAME_OR_PASSWORD_311 = 4
NOT_AUTHORIZED_311 = 5

# Bits of the subscription options.
NO_LOCAL = 0x04
RETAIN_AS_PUBLISHED = 0x08
RETAIN_IF_NEW = 0x10
RETAIN_NEVER = 0x20

SESSION_SPAN_S = 60
SCENARIOS_AT_ONCE = 16


def mqtt5(*ids: str):
    """The test covers these statements of MQTT 5.0, where it runs in that version."""
    return _covers(V5, ids)


def mqtt311(*ids: str):
    return _covers(V311, ids)


def _covers(version: int, ids: tuple[str, ...]):
    def mark(method):
        method.covers = getattr(method, "covers", ()) + tuple((version, each) for each in ids)
        return method

    return mark


class Target:
    """The broker under test."""

    def __init__(self, mqtt_address: Address | None, websocket: Address | None, token: str = ""):
        self.mqtt = mqtt_address
        self.websocket = websocket
        self.token = token  # a password that WebSockets need
        self.is_kith = False
        self.data: Path | None = None  # of the node


target = Target(None, None)


def start_target(*arguments: str) -> None:
    """For setUpModule. A node gets the arguments; another broker is as it was started."""
    global target  # style: unittest gives its modules no other place
    if foreign := os.environ.get("KITH_CONFORMANCE_TARGET"):
        websocket = os.environ.get("KITH_CONFORMANCE_WEBSOCKET")
        target = Target(address_of(foreign), address_of(websocket) if websocket else None)
        if data := os.environ.get("KITH_CONFORMANCE_DATA"):
            target.is_kith = True
            target.data = Path(data)
        return
    folder = Path(tempfile.mkdtemp(prefix="kith-test-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    data = folder / "data"
    token = create_token(data)["token"] if "--http" in arguments else ""
    workers = os.environ.get("KITH_CONFORMANCE_WORKERS", "1")
    node = Node(data, "--workers", workers, *arguments)
    unittest.addModuleCleanup(node.stop)
    node.wait_until_ready()
    target = Target(node.mqtt, node.addresses.get("http"), token)
    target.is_kith = True
    target.data = data


@contextlib.contextmanager
def another_node(*arguments: str):
    """A node with a configuration of its own, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="kith-test-") as folder:
        node = Node(Path(folder) / "data", *arguments)
        try:
            yield node.wait_until_ready()
        finally:
            node.stop()


def address_of(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


def raw(first_byte: int, body: bytes = b"") -> bytes:
    return bytes([first_byte]) + mqtt.varint(len(body)) + body


def timed(method):
    """For a test that needs a second or two: all of its class run at once, each reports alone.

    It runs on a thread, so it has no subtests.
    """

    @functools.wraps(method)
    def report(self):
        type(self).scenarios[method.__name__].result()

    report.scenario = method
    return report


class Case(unittest.TestCase):
    """A test of one version. Clients, topics and sessions are its own."""

    VERSION = V5
    scenarios: dict[str, concurrent.futures.Future]

    @classmethod
    def setUpClass(cls):
        methods = {name: getattr(cls, name) for name in dir(cls) if name.startswith("test_")}
        timed_ones = [name for name, method in methods.items() if hasattr(method, "scenario")]
        if not timed_ones:
            return
        pool = concurrent.futures.ThreadPoolExecutor(SCENARIOS_AT_ONCE)
        cls.addClassCleanup(pool.shutdown)
        cls.scenarios = {name: pool.submit(cls._run_scenario, name) for name in timed_ones}

    @classmethod
    def _run_scenario(cls, name: str) -> None:
        case = cls(name)
        case.setUp()
        try:
            getattr(cls, name).scenario(case)
        finally:
            case.doCleanups()

    def setUp(self):
        self.mark = secrets.token_hex(4)
        self._id_count = 0

    # --- Names. ---

    def new_id(self) -> str:
        """At most 23 letters and digits, as each server must take."""
        self._id_count += 1
        return f"c{self.mark}n{self._id_count}"

    def topic(self, rest: str = "t") -> str:
        return f"conformance/{self.mark}/{rest}"

    # --- Clients. ---

    def open(self, version: int | None = None) -> RawClient:
        """A connection without CONNECT."""
        client = RawClient(target.mqtt, version or self.VERSION)
        self.addCleanup(client.close)
        return client

    def connect(self, client_id: str | None = None, version: int | None = None, **fields):
        """A client that is let in; its CONNACK is `connack`. A new session, if not said."""
        client = self.open(version)
        client.connack = client.connect(self.new_id() if client_id is None else client_id, **fields)
        self.assertEqual(client.connack.reason, SUCCESS)
        return client

    def resume(self, client_id: str, properties: dict | None = None, **fields) -> RawClient:
        """The same with a session that outlives its connection, and is there if it is known."""
        if self.VERSION == V5:
            fields["properties"] = {"session_expiry_interval": SESSION_SPAN_S} | (properties or {})
        return self.connect(client_id, clean_start=False, **fields)

    def subscriber(self, topic_filter: str, options: int = 0, **fields) -> RawClient:
        client = self.connect(**fields)
        self.assertEqual(client.subscribe(topic_filter, options).reasons, [options & 0x03])
        return client

    def retain(self, topic: str, payload: bytes = b"kept", qos: int = 1, **fields) -> None:
        """Keeps a message, which is there when this returns and gone when the test is over."""
        publisher = self.connect()
        publisher.publish(topic, payload, qos=qos, retain=True, **fields)
        publisher.ping()
        self.addCleanup(self.forget_retained, topic)

    def forget_retained(self, topic: str) -> None:
        with RawClient(target.mqtt, self.VERSION) as client:
            client.connect(self.new_id())
            client.publish(topic, b"", qos=1, retain=True)

    # --- Assertions. ---

    def assert_quiet(self, client: RawClient) -> None:
        """Nothing else has been sent to the client: the next packet answers its ping."""
        client.ping()

    def assert_closed(self, client: RawClient, *reasons: int, within_s=DEADLINE_S) -> None:
        """MQTT 5 says one of these reasons in a DISCONNECT; MQTT 3 has none.

        The standard lets a server close without a word; a node always says why.
        """
        said = client.expect_closed(within_s)
        if client.version != V5 or (not said and not target.is_kith):
            self.assertEqual(said, [])
            return
        self.assertEqual([each.kind for each in said], ["DISCONNECT"])
        self.assertIn(said[0].reason, reasons, f"{said[0].reason:#x}")

    def assert_refused(self, client: RawClient, reason: int, reason_311: int) -> Packet:
        """CONNACK with the reason, and the end."""
        said = client.expect_closed()
        self.assertEqual([each.kind for each in said], ["CONNACK"])
        expected = reason if client.version == V5 else reason_311
        self.assertEqual((said[0].reason, said[0].session_present), (expected, False))
        return said[0]

    def assert_connect_malformed(self, packet: bytes, *reasons: int) -> None:
        """The connection ends: in MQTT 3 without CONNACK, in MQTT 5 a CONNACK may say why."""
        client = self.open()
        client.send(packet)
        said = client.expect_closed()
        if client.version != V5 or (not said and not target.is_kith):
            self.assertEqual(said, [])
            return
        self.assertEqual([each.kind for each in said], ["CONNACK"])
        self.assertIn(said[0].reason, reasons or (MALFORMED_PACKET,), f"{said[0].reason:#x}")
        self.assertFalse(said[0].session_present)

    def need(self, condition, why: str) -> None:
        """For what another broker was not started with."""
        if not condition:
            self.assertFalse(target.is_kith, why)
            self.skipTest(why)

    def connect_packet(self, **fields) -> bytes:
        return Connect(**({"client_id": self.new_id(), "version": self.VERSION} | fields)).encode()
