"""GET /api/v1/security of a real node: its own files, its own certificates, its own listeners."""

import json
import unittest
import urllib.request

from harness import NodeCase, create_token


class Security(NodeCase):
    def setUp(self):
        super().setUp()
        self.token = create_token(self.folder / "data", "admin")["token"]
        self.node = self.start_node("--http", "127.0.0.1:0")

    def security(self) -> dict:
        host, port = self.node.addresses["http"]
        request = urllib.request.Request(
            f"http://{host}:{port}/api/v1/security",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def state_of(self, check_id: str) -> str:
        checks = [each for heading in self.security()["headings"] for each in heading["checks"]]
        return next(each["state"] for each in checks if each["id"] == check_id)

    def test_a_fresh_node_shows_its_certificates_and_listeners(self):
        security = self.security()
        uses = [each["use"] for each in security["certificates"]]
        self.assertEqual(uses, ["server", "authority", "own client authority"])
        for certificate in security["certificates"]:
            self.assertTrue(certificate["own"])
            self.assertGreater(certificate["days_left"], 60)
        self.assertIn("mqtt", [each["kind"] for each in security["listeners"]])
        for check in ("protect.encryption", "protect.certificate", "recover.store", "detect.log"):
            self.assertEqual(self.state_of(check), "ok", check)

    def test_files_that_others_can_read_are_seen_at_once_and_are_forgiven(self):
        self.node.data.chmod(0o700)
        self.assertEqual(self.state_of("protect.files"), "ok")
        self.node.data.chmod(0o755)
        self.assertEqual(self.state_of("protect.files"), "problem")
        self.node.data.chmod(0o700)
        self.assertEqual(self.state_of("protect.files"), "ok")

    def test_a_listener_without_tls_is_a_problem(self):
        self.node.stop()
        self.node = self.start_node(
            "--http", "127.0.0.1:0", "--mqtt", "0.0.0.0:0", "--set", "mqtt.insecure=true"
        )  # fmt: skip
        self.assertEqual(self.state_of("protect.encryption"), "problem")


if __name__ == "__main__":
    unittest.main()
