"""A backup of a loaded node brings back all that was acknowledged before it began."""

import json
import os
import stat
import unittest

from durability import PUBLISHERS, SUBSCRIBERS
from durable_clients import Lives, Publisher, Subscriber
from harness import DEADLINE_S, NodeCase, kith
from mqtt_raw import RawClient
from journal import Recorder, name_of, payload_of

SEED = 1
ACKNOWLEDGED_BEFORE = 1500
ACKNOWLEDGED_BEHIND = 300
KEEPER = {"clean_start": False, "properties": {"session_expiry_interval": 3600}}


class Backup(NodeCase):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "backup.tar"

    def back_up(self, node, *arguments):
        return kith("backup", "--data", node.data, self.file, *arguments)

    def test_a_loaded_node_comes_back_with_what_was_acknowledged_before(self):
        node = self.start_node()
        self.make_keeper(node)
        recorder, lives = Recorder(self.folder / "journals"), Lives()
        clients = [
            Subscriber(name, version, lives, recorder, seed=SEED, habits=habits)
            for name, (version, habits) in SUBSCRIBERS.items()
        ]
        publishers = [
            Publisher(name, version, lives, recorder, SEED) for name, version in PUBLISHERS.items()
        ]
        lives.begin(node.mqtt)
        for client in clients:
            client.start()
        for client in clients:
            self.assertTrue(client.is_subscribed.wait(DEADLINE_S))
        for publisher in publishers:
            publisher.start()
        recorder.wait_until_acknowledged(ACKNOWLEDGED_BEFORE)
        names, retained = recorder.acknowledged_names(), recorder.retained_counts()
        self.back_up(node)
        recorder.wait_until_acknowledged(recorder.acknowledged_count + ACKNOWLEDGED_BEHIND)
        lives.end()
        node.kill()
        self.assertEqual(recorder.errors, [])

        restored = self.folder / "restored"
        kith("restore", self.file, "--data", restored)
        again = self.start_node(data=restored)
        self.check_keeper(again, names)
        self.check_retained(again, recorder, retained)
        for name, (version, habits) in SUBSCRIBERS.items():
            properties = {"session_expiry_interval": 3600}
            if habits.receive_maximum < 65535:
                properties["receive_maximum"] = habits.receive_maximum
            with RawClient(again.mqtt, version) as client:
                connack = client.connect(name, clean_start=False, properties=properties)
                self.assertTrue(connack.session_present, name)
        self.assertEqual((restored / "ca.pem").read_bytes(), (node.data / "ca.pem").read_bytes())
        print(f"\n{len(names)} messages acknowledged before the backup began")

    def make_keeper(self, node) -> None:
        """A session that nobody attends, so that all its messages wait on the disk."""
        with RawClient(node.mqtt) as client:
            client.connect("keeper", **KEEPER)
            client.subscribe("load/#", 2)

    def check_keeper(self, node, names: set[str]) -> None:
        missing = set(names)
        with RawClient(node.mqtt) as client:
            self.assertTrue(client.connect("keeper", **KEEPER).session_present)
            while missing:
                message = client.take_message()
                name = name_of(message.payload)
                self.assertEqual(message.payload, payload_of(name))
                missing.discard(name)

    def check_retained(self, node, recorder: Recorder, retained: dict[str, int]) -> None:
        self.assertTrue(retained)
        possible = recorder.possible_values(retained)
        missing = {topic for topic, names in possible.items() if all(names)}
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.subscribe("retained/#", 2)
            while missing:
                message = client.take_message()
                missing.discard(message.topic)
                self.assertIn(name_of(message.payload), possible[message.topic])

    def test_a_stopped_node_is_backed_up_too_and_comes_back_as_itself(self):
        node = self.start_node()
        token = json.loads(
            kith("token", "create", "--data", node.data, "--json").stdout
        )
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.publish("state", b"kept", qos=1, retain=True)
        node.stop()
        said = json.loads(self.back_up(node, "--json").stdout)
        self.assertEqual(said["path"], str(self.file))
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        self.assertEqual(sorted(each.name for each in self.folder.iterdir()),
                         ["backup.tar", "data"])
        kith("restore", self.file, "--data", self.folder / "restored")
        self.assertIn(token["id"], kith("token", "list", "--data", self.folder / "restored").stdout)
        again = self.start_node(data=self.folder / "restored")
        with RawClient(again.mqtt) as client:
            client.connect("")
            client.subscribe("state", 1)
            self.assertEqual(client.take_message().payload, b"kept")

    def test_a_killed_node_is_backed_up_with_what_only_its_log_has(self):
        node = self.start_node()
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.publish("state", b"in the log", qos=1, retain=True)
        node.kill()
        self.back_up(node)
        kith("restore", self.file, "--data", self.folder / "restored")
        again = self.start_node(data=self.folder / "restored")
        with RawClient(again.mqtt) as client:
            client.connect("")
            client.subscribe("state", 1)
            self.assertEqual(client.take_message().payload, b"in the log")

    def test_a_running_node_is_not_restored_over_and_named(self):
        node = self.start_node()
        self.back_up(node)
        for force in ((), ("--force",)):
            refused = kith("restore", self.file, "--data", node.data, *force, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(str(node.pid), refused.stderr)
        with RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("a").reason, 0)

    def test_a_file_that_is_there_is_kept_unless_forced(self):
        node = self.start_node()
        self.file.write_bytes(b"precious")
        refused = kith("backup", "--data", node.data, self.file, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--force", refused.stderr)
        self.assertEqual(self.file.read_bytes(), b"precious")
        self.back_up(node, "--force")
        kith("restore", self.file, "--data", self.folder / "restored")

    def test_a_truncated_backup_is_refused_and_nothing_is_made(self):
        node = self.start_node()
        self.back_up(node)
        content = self.file.read_bytes()
        self.file.write_bytes(content[: len(content) // 2])
        refused = kith("restore", self.file, "--data", self.folder / "restored", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("cut off", refused.stderr)
        self.assertFalse((self.folder / "restored").exists())

    def test_many_backups_of_one_node_leave_nothing_in_its_directory(self):
        node = self.start_node()
        before = {each.name for each in node.data.iterdir()}
        for _ in range(5):
            self.back_up(node, "--force")
        node.errors.wait_for("store copied for a backup")
        node.stop()
        left = {each.name for each in node.data.iterdir()}
        self.assertLessEqual(left, before)


if __name__ == "__main__":
    unittest.main()
