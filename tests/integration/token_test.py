"""Tokens as passwords: over TLS they are asked for, on raw TCP from this host they are not."""

import json
import time
import unittest

from harness import DEADLINE_S, Node, NodeCase, create_token, kith
from mqtt_packets import V5, V311
from mqtt_raw import RawClient, dial

BAD_USER_NAME_OR_PASSWORD = 0x86
NOT_AUTHORIZED = 0x87
REFUSED = (BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED)
REFUSED_V311 = (4, 5)


class Tokens(NodeCase):
    def start(self, *arguments) -> Node:
        return self.start_node("--mqtts", "127.0.0.1:0", *arguments)

    def reason_of(self, node: Node, token: str | None, version: int = V5) -> int:
        """What CONNACK says over TLS."""
        with RawClient(dial(node.addresses["mqtts"], node.ca_file), version) as client:
            user_name = "token" if version == V311 and token else None
            return client.connect("a", password=token, user_name=user_name).reason

    def test_a_token_made_before_the_start_lets_in(self):
        token = create_token(self.folder / "data")["token"]
        node = self.start()
        self.assertEqual(self.reason_of(node, token), 0)
        self.assertEqual(self.reason_of(node, token, V311), 0)

    def test_a_token_made_while_running_lets_in_at_once(self):
        node = self.start()
        token = create_token(node.data)["token"]
        self.assertEqual(self.reason_of(node, token), 0)

    def test_without_a_token_or_with_a_wrong_one_nobody_is_let_in(self):
        node = self.start()
        right = create_token(node.data)["token"]
        almost = right[:-1] + ("a" if right[-1] != "a" else "b")
        for token in (None, "", "secret", almost, right + "x", right[:-1], right.upper()):
            with self.subTest(token):
                self.assertIn(self.reason_of(node, token), REFUSED)
        self.assertIn(self.reason_of(node, None, V311), REFUSED_V311)
        self.assertIn(self.reason_of(node, almost, V311), REFUSED_V311)

    def test_a_revoked_token_is_refused(self):
        for when in ("running", "stopped"):
            with self.subTest(when):
                node = self.start()
                made = create_token(node.data)
                self.assertEqual(self.reason_of(node, made["token"]), 0)
                if when == "stopped":
                    node.stop()
                kith("token", "revoke", made["id"], "--data", node.data)
                if when == "stopped":
                    node = self.start()
                deadline = time.monotonic() + DEADLINE_S
                while self.reason_of(node, made["token"]) == 0:
                    self.assertLess(time.monotonic(), deadline)
                node.stop()

    def test_who_came_in_by_a_token_leaves_with_it(self):
        node = self.start_node("--set", "mqtt.anonymous=false", "--workers", 2)
        made, other = create_token(node.data), create_token(node.data)
        with RawClient(node.mqtt) as client, RawClient(node.mqtt) as bystander:
            self.assertEqual(client.connect("a", password=made["token"]).reason, 0)
            self.assertEqual(bystander.connect("b", password=other["token"]).reason, 0)
            kith("token", "revoke", made["id"], "--data", node.data)
            (goodbye,) = client.expect_closed()
            self.assertEqual((goodbye.kind, goodbye.reason), ("DISCONNECT", NOT_AUTHORIZED))
            bystander.ping()

    def test_an_expired_token_is_refused(self):
        node = self.start()
        made = kith("token", "create", "--data", node.data, "--expires-in", 1, "--json").stdout
        token = json.loads(made)["token"]
        deadline = time.monotonic() + DEADLINE_S
        while self.reason_of(node, token) == 0:
            self.assertLess(time.monotonic(), deadline)
        self.assertIn(self.reason_of(node, token), REFUSED)

    def test_raw_tcp_from_this_host_needs_no_token_unless_it_says_so(self):
        node = self.start()
        with RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("a").reason, 0)
        node.stop()
        node = self.start("--set", "mqtt.anonymous=false")
        with RawClient(node.mqtt) as client:
            self.assertIn(client.connect("a").reason, REFUSED)
        with RawClient(node.mqtt) as client:
            token = create_token(node.data)["token"]
            self.assertEqual(client.connect("a", password=token).reason, 0)

    def test_a_wrong_password_is_refused_even_where_none_is_needed(self):
        node = self.start()
        with RawClient(node.mqtt) as client:
            self.assertIn(client.connect("a", user_name="a", password="wrong").reason, REFUSED)

    def test_the_list_names_tokens_but_not_their_secrets(self):
        made = create_token(self.folder / "data", "viewer")
        listed = kith("token", "list", "--data", self.folder / "data", "--json").stdout
        self.assertEqual([json.loads(line)["id"] for line in listed.splitlines()], [made["id"]])
        self.assertNotIn(made["token"], listed)
        for each in (self.folder / "data").iterdir():
            self.assertNotIn(made["token"].encode(), each.read_bytes(), each.name)

    def test_revoking_what_is_not_there_fails(self):
        create_token(self.folder / "data")
        done = kith("token", "revoke", "nobody", "--data", self.folder / "data", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nobody", done.stderr)


if __name__ == "__main__":
    unittest.main()
