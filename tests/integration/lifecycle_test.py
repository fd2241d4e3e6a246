"""A node from start to stop: addresses, signals, what it keeps, whom it refuses to share with."""

import os
import signal
import socket
import stat
import time
import unittest

import mqtt_packets as mqtt
from harness import BINARY, DEADLINE_S, Node, NodeCase, Process
from mqtt_raw import ConnectionClosed, RawClient, dial

SERVER_SHUTTING_DOWN = 0x8B
STOP_S_MAX = 5.0


class Stop(NodeCase):
    def test_sigterm_ends_within_five_seconds_and_tells_clients(self):
        node = self.start_node("--mqtts", "127.0.0.1:0")
        five, old = RawClient(node.mqtt), RawClient(node.mqtt, mqtt.V311)
        five.connect("five")
        old.connect("old")
        waiting = [dial(node.mqtt) for _ in range(20)]  # connected, but say nothing
        before_handshake = dial(node.addresses["mqtts"])

        started = time.monotonic()
        node.signal(signal.SIGTERM)
        goodbye = five.expect_closed()
        self.assertEqual([(each.kind, each.reason) for each in goodbye],
                         [("DISCONNECT", SERVER_SHUTTING_DOWN)])
        self.assertEqual(old.expect_closed(), [])  # MQTT 3.1.1 has no words for it
        self.assertEqual(node.wait(), 0)
        self.assertLess(time.monotonic() - started, STOP_S_MAX)
        for each in [*waiting, before_handshake]:
            each.close()

    def test_a_client_that_never_reads_does_not_hold_up_the_stop(self):
        node = self.start_node()
        stuck, publisher = RawClient(node.mqtt), RawClient(node.mqtt)
        stuck.connect("stuck")
        stuck.subscribe("flood")
        publisher.connect("publisher")
        for _ in range(100):
            publisher.publish("flood", bytes(100_000))
        publisher.ping()
        started = time.monotonic()
        node.signal(signal.SIGTERM)
        self.assertEqual(node.wait(), 0)
        self.assertLess(time.monotonic() - started, STOP_S_MAX)

    def test_sigint_stops_too(self):
        node = self.start_node()
        node.signal(signal.SIGINT)
        self.assertEqual(node.wait(), 0)

    def test_an_ended_client_does_not_end_the_node(self):
        node = self.start_node()
        for _ in range(50):
            client = RawClient(node.mqtt)
            client.connect("same")
            client.stream.shutdown(socket.SHUT_RDWR)
            client.close()
        with RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("same").reason, 0)


class Restart(NodeCase):
    def test_sessions_and_retained_messages_do_not_depend_on_the_number_of_workers(self):
        """Nothing on disk depends on it: 1, 2, 4, 1 over one directory."""
        subscribers = [f"subscriber-{i}" for i in range(8)]
        for generation, workers in enumerate((1, 2, 4, 1)):
            node = self.start_node("--workers", workers)
            for name in subscribers:
                self.meet_subscriber(node, name, generation)
            with RawClient(node.mqtt) as fresh:
                fresh.connect("")
                fresh.subscribe("state/#", 1)
                count = 8 if generation else 0
                retained = fresh.take_messages(count)
                self.assertTrue(all(each.retain for each in retained))
                self.assertEqual(
                    {each.topic: each.payload for each in retained},
                    {f"state/{i}": b"%d" % (generation - 1) for i in range(count)},
                )
            self.publish_generation(node, generation)
            node.stop()

    def meet_subscriber(self, node: Node, name: str, generation: int) -> None:
        """Takes what the generation before left for it, in order."""
        with RawClient(node.mqtt) as client:
            connack = client.connect(
                name, clean_start=False, properties={"session_expiry_interval": 3600}
            )
            self.assertEqual(connack.session_present, generation > 0)
            if generation == 0:
                client.subscribe("work/+", 2)
                return
            per_topic: dict[str, list[bytes]] = {}
            for message in client.take_messages(24):
                per_topic.setdefault(message.topic, []).append(message.payload)
            expected = [b"%d/%d" % (generation - 1, i) for i in range(3)]
            self.assertEqual(per_topic, {f"work/{i}": expected for i in range(8)})

    def publish_generation(self, node: Node, generation: int) -> None:
        with RawClient(node.mqtt) as client:
            client.connect("publisher")
            for topic in range(8):
                for i in range(3):
                    client.publish(f"work/{topic}", b"%d/%d" % (generation, i), qos=1 + topic % 2)
                client.publish(f"state/{topic}", b"%d" % generation, qos=1, retain=True)

    def test_a_clean_stop_keeps_what_was_acknowledged_a_moment_before(self):
        node = self.start_node()
        options = {"clean_start": False, "properties": {"session_expiry_interval": 60}}
        with RawClient(node.mqtt) as client:
            client.connect("keeper", **options)
            client.subscribe("a", 1)
        with RawClient(node.mqtt) as client:
            client.connect("publisher")
            client.publish("a", b"1", qos=1)
        node.stop()
        node = self.start_node()
        with RawClient(node.mqtt) as client:
            self.assertTrue(client.connect("keeper", **options).session_present)
            self.assertEqual(client.take_message().payload, b"1")


class Sharing(NodeCase):
    def expect_refusal(self, *arguments) -> str:
        process = Process([BINARY, "run", "--http", "off", "--mqtts", "off", *arguments])
        self.assertEqual(process.wait(), 1, process.report())
        self.assertEqual(process.output.text(), "")
        return process.errors.text()

    def test_a_second_node_on_the_same_directory_is_refused(self):
        node = self.start_node()
        said = self.expect_refusal("--data", node.data, "--mqtt", "127.0.0.1:0")
        self.assertIn(str(node.data), said)
        with RawClient(node.mqtt) as client:  # the first one has not suffered
            self.assertEqual(client.connect("a").reason, 0)

    def test_a_directory_is_free_again_after_sigkill(self):
        node = self.start_node()
        node.kill()
        self.start_node()

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            said = self.expect_refusal("--data", self.folder / "data", "--mqtt", address)
        self.assertIn(address, said)
        self.assertIn("in use", said)

    def test_two_nodes_do_not_share_a_port(self):
        """Shards of one node share theirs; that must not let in another node."""
        node = self.start_node()
        address = f"127.0.0.1:{node.mqtt[1]}"
        said = self.expect_refusal("--data", self.folder / "other", "--mqtt", address)
        self.assertIn(address, said)

    def test_a_directory_that_cannot_be_made_is_named(self):
        (self.folder / "file").touch()
        path = self.folder / "file" / "data"
        self.assertIn(str(path), self.expect_refusal("--data", path, "--mqtt", "127.0.0.1:0"))

    def test_a_store_that_is_no_store_is_named_and_left_alone(self):
        data = self.folder / "data"
        data.mkdir()
        garbage = os.urandom(100_000)
        (data / "messages.db").write_bytes(garbage)
        said = self.expect_refusal("--data", data, "--mqtt", "127.0.0.1:0")
        self.assertIn("messages.db", said)
        self.assertEqual((data / "messages.db").read_bytes(), garbage)

    def test_nobody_else_can_read_the_directory(self):
        node = self.start_node()
        self.assertEqual(stat.S_IMODE(node.data.stat().st_mode), 0o700)
        for each in node.data.iterdir():
            self.assertEqual(stat.S_IMODE(each.stat().st_mode), 0o600, each.name)


class Reload(NodeCase):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "kith.toml"
        self.write('[log]\nlevel = "info"\n')

    def reload(self, node: Node) -> str:
        """Sends SIGHUP; returns the line that says how it went."""
        from_line = node.errors.line_count()
        node.signal(signal.SIGHUP)
        return node.errors.wait_for("configuration (not )?reloaded.*", from_line).group()

    def write(self, content: str) -> None:
        """At once: the node may be reading."""
        beside = self.folder / "beside"
        beside.write_text(content)
        beside.rename(self.config)

    def test_sighup_takes_the_log_level(self):
        self.write('[log]\nlevel = "warn"\n')
        node = self.start_node("--config", self.config)
        self.assertEqual(node.errors.text(), "")
        self.write('[log]\nlevel = "info"\n')
        self.assertEqual(self.reload(node), "configuration reloaded")  # a line of level info

    def test_sighup_takes_limits(self):
        node = self.start_node("--config", self.config)
        with RawClient(node.mqtt) as client:
            client.connect("a")
            self.write("[mqtt]\nsubscriptions_per_session_max = 1\n")
            self.assertIn("configuration reloaded", self.reload(node))
            self.assertEqual(client.subscribe("a").reasons, [0])
            self.assertEqual(client.subscribe("b").reasons, [0x97])
            self.write("[mqtt]\nsubscriptions_per_session_max = 2\n")
            self.reload(node)
            self.assertEqual(client.subscribe("b").reasons, [0])

    def test_sighup_with_a_wrong_file_changes_nothing_and_says_why(self):
        node = self.start_node("--config", self.config)
        self.write('[log]\nlevel = "loud"\n')
        said = self.reload(node)
        self.assertIn("not reloaded", said)
        self.assertIn("kith.toml:2: log.level", said)
        with RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("a").reason, 0)

    def test_sighup_takes_new_certificates_and_old_connections_stay(self):
        node = self.start_node("--config", self.config, "--mqtts", "127.0.0.1:0")
        address = node.addresses["mqtts"]
        with dial(address, node.ca_file) as before:
            first = before.getpeercert(binary_form=True)
            for name in ("node.pem", "node.key"):
                (node.data / name).unlink()
            self.assertIn("configuration reloaded", self.reload(node))
            with dial(address, node.ca_file) as after:
                self.assertNotEqual(after.getpeercert(binary_form=True), first)
            client = RawClient(before)
            self.assertNotEqual(client.connect("a").reason, 0)  # needs a token, but is served

    def test_certificates_that_cannot_be_used_are_refused_and_the_old_stay(self):
        node = self.start_node("--config", self.config, "--mqtts", "127.0.0.1:0")
        self.write(f'[tls]\ncertificate = "{self.config}"\nkey = "{self.config}"\n')
        self.config.chmod(0o600)  # as a key has to be
        said = self.reload(node)
        self.assertIn("not reloaded", said)
        self.assertIn("tls.certificate", said)
        dial(node.addresses["mqtts"], node.ca_file).close()


class Refusals(NodeCase):
    def test_more_connections_than_allowed_are_closed(self):
        node = self.start_node("--set", "mqtt.connections_max=3")
        held = [RawClient(node.mqtt) for _ in range(3)]
        for i, client in enumerate(held):
            self.assertEqual(client.connect(f"c{i}").reason, 0)
        self.assertFalse(self.is_let_in(node))
        held[0].disconnect()
        deadline = time.monotonic() + DEADLINE_S
        while not self.is_let_in(node):
            self.assertLess(time.monotonic(), deadline)

    def is_let_in(self, node: Node) -> bool:
        try:
            with RawClient(node.mqtt) as client:
                return client.connect("again").reason == 0
        except ConnectionClosed:
            return False


if __name__ == "__main__":
    unittest.main()
