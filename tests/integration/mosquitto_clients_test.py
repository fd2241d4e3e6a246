"""mosquitto_pub and mosquitto_sub, as Debian has them: MQTT 3.1, 3.1.1 and 5, over TCP and TLS.

They speak no WebSocket. What a subscriber prints is `topic qos retain payload-in-hex`.
"""

import signal
import subprocess
import unittest
from typing import NamedTuple

from harness import DEADLINE_S, Node, NodeCase, Process, create_token

LISTENERS = ("--mqtts", "127.0.0.1:0")
TOPIC = "werk/Wärme °C/温度"
REFUSED = "(?i)bad user name or password|not authori[sz]ed"
PAYLOADS = (b"", "20 °C, 温かい 🌡".encode(), bytes(range(256)), bytes(1_000_000))


class Cell(NamedTuple):
    """Of the matrix."""

    version: str
    transport: str

    @property
    def session_options(self) -> list[str]:
        """Of a session that stays."""
        return ["-c", *(["-x", "3600"] if self.version == "mqttv5" else [])]


CELLS = [
    Cell(version, transport)
    for version in ("mqttv31", "mqttv311", "mqttv5")
    for transport in ("tcp", "tls")
]


def line(topic: str, payload: bytes, qos: int, retain: int = 0) -> str:
    return f"{topic} {qos} {retain} {payload.hex()}"


class MosquittoClients(NodeCase):
    def setUp(self):
        super().setUp()
        self.token = create_token(self.folder / "data")["token"]
        self.node = self.start_node(*LISTENERS)

    def command(self, program: str, cell: Cell, *arguments, password: str | None = "") -> list:
        """With the right token, if nothing else is said."""
        host, port = self.node.addresses["mqtts" if cell.transport == "tls" else "mqtt"]
        command = ["stdbuf", "-oL", program, "-V", cell.version, "-h", host, "-p", str(port)]
        if cell.transport == "tls":
            command += ["--cafile", self.node.ca_file]
        if password is not None:
            command += ["-u", f"{cell.version}-{cell.transport}", "-P", password or self.token]
        return [*map(str, command), *arguments]

    def publish(self, cell: Cell, topic: str, payload: bytes, *options) -> None:
        path = self.folder / "payload"
        path.write_bytes(payload)
        what = ["-f", str(path)] if payload else ["-n"]
        command = self.command("mosquitto_pub", cell, "-t", topic, *what, *options)
        done = subprocess.run(command, capture_output=True, timeout=DEADLINE_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def subscribe(self, cell: Cell, topic: str, *options) -> Process:
        """A subscriber that is known to the node."""
        options = ("-d", "-t", topic, "-F", "%t %q %r %x", *options)
        process = Process(self.command("mosquitto_sub", cell, *options))
        self.addCleanup(lambda: process.is_running() and process.kill())
        process.output.wait_for("^Subscribed")
        return process

    def take(self, subscriber: Process, topic: str) -> list[str]:
        """What it has printed of this topic, once it has what it waits for."""
        self.assertEqual(subscriber.wait(), 0, subscriber.report()[:1000])
        return [each for each in subscriber.output.text().splitlines() if each.startswith(topic)]

    def test_each_payload_arrives_at_each_qos(self):
        for cell in CELLS:
            with self.subTest(cell):
                count = str(3 * len(PAYLOADS))
                subscriber = self.subscribe(cell, TOPIC, "-q", "2", "-C", count)
                for qos in (0, 1, 2):
                    for payload in PAYLOADS:
                        self.publish(cell, TOPIC, payload, "-q", str(qos))
                        subscriber.output.wait_for(f"^{line(TOPIC, payload, qos)}$")
                self.assertEqual(len(self.take(subscriber, TOPIC)), 3 * len(PAYLOADS))

    def test_delivery_is_at_the_lower_qos(self):
        for cell in CELLS:
            for granted in (0, 1):
                with self.subTest(cell, granted=granted):
                    subscriber = self.subscribe(cell, "lower", "-q", str(granted), "-C", "3")
                    for qos in (0, 1, 2):
                        self.publish(cell, "lower", b"%d" % qos, "-q", str(qos))
                        lower = line("lower", b"%d" % qos, min(qos, granted))
                        subscriber.output.wait_for(f"^{lower}$")
                    self.take(subscriber, "lower")

    def test_retained_messages_wait_until_they_are_cleared(self):
        for cell in CELLS:
            with self.subTest(cell):
                self.publish(cell, "state/lamp", b"on", "-q", "1", "-r")
                late = self.subscribe(cell, "state/+", "-q", "1", "-C", "1")
                self.assertEqual(self.take(late, "state"), [line("state/lamp", b"on", 1, 1)])
                self.publish(cell, "state/lamp", b"", "-q", "1", "-r")
                later = self.subscribe(cell, "state/+", "-q", "1", "-C", "1")
                self.publish(cell, "state/marker", b"x", "-q", "1")
                self.assertEqual(self.take(later, "state"), [line("state/marker", b"x", 1)])

    def test_the_will_of_a_client_that_dies_is_published_and_no_other(self):
        """In MQTT 5 mosquitto_sub ends with the reason "disconnect with will message"."""
        for cell in CELLS:
            with self.subTest(cell):
                names = ["polite", "doomed"] if cell.version == "mqttv5" else ["doomed"]
                watcher = self.subscribe(cell, "wills/+", "-q", "1", "-C", str(len(names)))
                polite, doomed = (
                    self.subscribe(cell, "nothing", "--will-topic", f"wills/{name}",
                                   "--will-payload", "gone", "--will-qos", "1")
                    for name in ("polite", "doomed")
                )  # fmt: skip
                polite.signal(signal.SIGINT)  # ends with DISCONNECT
                polite.wait()
                doomed.kill()
                wills = [line(f"wills/{name}", b"gone", 1) for name in names]
                # Of two clients, so in any order.
                self.assertCountEqual(self.take(watcher, "wills"), wills)

    def test_sessions_and_their_messages_outlive_a_restart(self):
        for i, cell in enumerate(CELLS):
            name = ["-i", f"away-{i}", "-q", "2"]
            self.subscribe(cell, f"away/{i}/+", "-E", *name, *cell.session_options).wait()
            for qos in (1, 2):
                for payload in (b"1", b"2"):
                    self.publish(cell, f"away/{i}/{qos}", payload, "-q", str(qos))
        for when in ("before", "after"):
            for i, cell in enumerate(CELLS):
                with self.subTest(cell, when=when):
                    self.check_half(i, cell, ["1", "2"] if when == "before" else ["3", "4"])
                    if when == "before":
                        for payload in (b"3", b"4"):
                            self.publish(cell, f"away/{i}/1", payload, "-q", "1")
                            self.publish(cell, f"away/{i}/2", payload, "-q", "2")
            if when == "before":
                self.restart()

    def check_half(self, i: int, cell: Cell, payloads: list[str]) -> None:
        """Who comes back gets these of both topics, in order."""
        name = ["-i", f"away-{i}", "-q", "2", "-C", "4"]
        back = self.subscribe(cell, f"away/{i}/+", *name, *cell.session_options)
        got = self.take(back, f"away/{i}/")
        for qos in (1, 2):
            expected = [line(f"away/{i}/{qos}", each.encode(), qos) for each in payloads]
            self.assertEqual([each for each in got if each.startswith(f"away/{i}/{qos}")], expected)

    def restart(self) -> Node:
        self.node.stop()
        self.node = self.start_node(*LISTENERS)
        return self.node

    def test_a_token_is_the_password(self):
        for cell in CELLS:
            with self.subTest(cell):
                self.publish(cell, "a", b"x", "-q", "1")
                self.assertRegex(self.refusal(cell, "kk_wrong"), REFUSED)
                if cell.transport == "tls":
                    self.assertRegex(self.refusal(cell, None), REFUSED)

    def refusal(self, cell: Cell, password: str | None) -> str:
        command = self.command("mosquitto_pub", cell, "-t", "a", "-m", "x", password=password)
        done = subprocess.run(command, capture_output=True, timeout=DEADLINE_S, check=False)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr.decode() + done.stdout.decode()


if __name__ == "__main__":
    unittest.main()
