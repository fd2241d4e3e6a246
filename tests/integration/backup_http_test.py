"""A backup that is asked for over HTTP: made, fetched, restored; and what is refused."""

import http.client
import json
import os
import stat
import unittest

from harness import DEADLINE_S, NodeCase, create_token, kith
from mqtt_raw import RawClient

STATES_MAX = 10_000  # asked for, until it is made


class BackupHttp(NodeCase):
    def start(self, *arguments):
        node = self.start_node("--http", "127.0.0.1:0", *arguments)
        self.token = create_token(node.data, "admin")["token"]
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.publish("state", b"kept", qos=1, retain=True)
        return node

    def ask(self, node, method: str, path: str) -> tuple[int, bytes]:
        host, port = node.addresses["http"]
        connection = http.client.HTTPConnection(host, port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def make(self, node) -> dict:
        status, said = self.ask(node, "POST", "/api/v1/backup")
        self.assertEqual(status, 202, said)
        for _ in range(STATES_MAX):
            said = json.loads(self.ask(node, "GET", "/api/v1/backup")[1])
            if said["state"] == "idle":
                return said["last"]
        raise AssertionError("it does not end")

    def test_what_is_fetched_can_be_restored(self):
        node = self.start()
        last = self.make(node)
        self.assertEqual(last["result"], "made", last)
        status, content = self.ask(node, "GET", "/api/v1/backup/file")
        self.assertEqual(status, 200)
        self.assertEqual(len(content), last["bytes"])
        file = self.folder / "fetched.tar"
        file.write_bytes(content)
        kith("restore", file, "--data", self.folder / "restored")
        again = self.start_node(data=self.folder / "restored")
        with RawClient(again.mqtt) as client:
            client.connect("")
            client.subscribe("state", 1)
            self.assertEqual(client.take_message().payload, b"kept")

    def test_the_newest_are_kept_for_the_owner_only(self):
        folder = self.folder / "elsewhere"
        node = self.start("--set", f"backup.directory={folder}", "--set", "backup.kept=2")
        made = [self.make(node)["file"] for _ in range(4)]
        self.assertEqual(sorted(each.name for each in folder.iterdir()), made[-2:])
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(folder / made[-1]).st_mode), 0o600)

    def test_backups_survive_a_restore_over_their_node(self):
        node = self.start()
        name = self.make(node)["file"]
        node.stop()
        file = node.data / "backups" / name
        kith("restore", file, "--data", node.data, "--force")
        self.assertTrue(file.exists())
        self.start_node(data=node.data)

    def test_a_failure_is_told_and_harms_nobody(self):
        folder = self.folder / "a file"
        folder.write_text("not a directory")
        node = self.start("--set", f"backup.directory={folder}")
        last = self.make(node)
        self.assertEqual(last["result"], "failed")
        self.assertIn("a file", last["problem"])
        self.assertEqual(self.ask(node, "GET", "/api/v1/backup/file")[0], 404)
        with RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("").reason, 0)


if __name__ == "__main__":
    unittest.main()
