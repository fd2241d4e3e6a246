"""Topic roles: what a token may publish and subscribe to, live, and who changed what.

Rules take effect within two seconds, whoever wrote them; DEADLINE_S bounds the waits here.
"""

import json
import signal
import subprocess
import unittest

from harness import DEADLINE_S, NodeCase, Process, kith
from mqtt_packets import V311, Will
from mqtt_raw import RawClient

NOT_AUTHORIZED = 0x87
ADMINISTRATIVE_ACTION = 0x98
DURABLE = {"clean_start": False, "properties": {"session_expiry_interval": 60}}
PRESS_RULES = "allow both plant/${client}/#\nallow subscribe alarms/+\ndeny both plant/+/secret\n"


class TopicRoles(NodeCase):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        self.set_role("press", PRESS_RULES)
        self.token = self.make_token("press")
        self.node = self.start_node()

    def set_role(self, name: str, rules: str) -> None:
        path = self.folder / f"{name}.acl"
        path.write_text(rules)
        kith("config", "acl", "set", "--data", self.data, name, path)

    def make_token(self, topics: str) -> str:
        options = ("--role", "machine", "--topics", topics, "--json")
        return json.loads(kith("token", "create", "--data", self.data, *options).stdout)["token"]

    def client(self, client_id: str, token: str | None = None, **fields) -> RawClient:
        client = RawClient(self.node.mqtt)
        self.addCleanup(client.close)
        self.assertEqual(client.connect(client_id, password=token, **fields).reason, 0)
        return client

    def mosquitto(self, program: str, *arguments) -> list:
        host, port = self.node.mqtt
        return [*map(str, ("stdbuf", "-oL", program, "-V", "mqttv5", "-h", host, "-p", port)),
                *arguments]

    def reason_of_publish(self, client: RawClient, topic: str) -> int:
        return client.publish(topic, b"1", qos=1).reason

    def test_mosquitto_clients_get_what_their_role_allows_and_nothing_else(self):
        everything = Process(
            self.mosquitto("mosquitto_sub", "-t", "#", "-C", "1", "-F", "%t %p", "-q", "1", "-d")
        )
        self.addCleanup(everything.kill)
        everything.output.wait_for("Subscribed")
        press = ("-i", "press-07", "-u", "press", "-P", self.token, "-q", "1")
        for topic in ("plant/oven/temp", "plant/press-07/secret", "plant/press-07/temp"):
            subprocess.run(
                self.mosquitto("mosquitto_pub", *press, "-t", topic, "-m", "96"),
                capture_output=True,
                timeout=DEADLINE_S,
                check=False,
            )
        everything.output.wait_for("plant/press-07/temp 96")
        self.assertNotIn("oven", everything.output.text())
        refused = subprocess.run(
            self.mosquitto("mosquitto_sub", *press, "-t", "plant/#", "-E"),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        self.assertRegex(refused.stdout + refused.stderr, "(?i)denied|not auth|rejected")

    def test_reasons_say_what_was_refused(self):
        press = self.client("press-07", self.token)
        self.assertEqual(self.reason_of_publish(press, "plant/oven/temp"), NOT_AUTHORIZED)
        self.assertIn(self.reason_of_publish(press, "plant/press-07/temp"), (0, 0x10))
        for topic_filter, reason in (
            ("plant/press-07/temp", 0),
            ("$share/g/alarms/+", 0),
            ("plant/press-07/#", NOT_AUTHORIZED),  # the secret is in it
            ("#", NOT_AUTHORIZED),
            ("$share/g/$to/oven/#", NOT_AUTHORIZED),
        ):
            with self.subTest(topic_filter):
                self.assertEqual(press.subscribe(topic_filter).reasons, [reason])

    def test_rules_of_another_process_take_effect_on_live_clients(self):
        press = self.client("press-07", self.token, **DURABLE)
        press.subscribe("alarms/+", 1)
        press.subscribe("plant/press-07/temp", 1)
        self.set_role("press", "allow subscribe alarms/+\n")
        self.assertEqual(press.expect("DISCONNECT").reason, ADMINISTRATIVE_ACTION)
        press = RawClient(self.node.mqtt)
        self.addCleanup(press.close)
        connack = press.connect("press-07", password=self.token, **DURABLE)
        self.assertEqual((connack.reason, connack.session_present), (0, True))
        self.assertEqual(self.reason_of_publish(press, "plant/press-07/temp"), NOT_AUTHORIZED)
        other = self.client("other")
        other.publish("plant/press-07/temp", b"secret", qos=1)
        other.publish("alarms/fire", b"help", qos=1)
        self.assertEqual(press.take_message().topic, "alarms/fire")

    def test_a_file_of_roles_is_read_again_and_kept_when_it_is_broken(self):
        roles = self.folder / "roles.acl"
        roles.write_text("role oven\nallow publish plant/oven/#\n")
        token = self.make_token("oven")
        self.node.stop()
        self.node = self.start_node("--set", f"access.acl_file={roles}")
        oven = self.client("oven", token)
        self.assertEqual(self.reason_of_publish(oven, "office/lamp"), NOT_AUTHORIZED)
        roles.write_text("role oven\nallow publish office/lamp\n")
        self.node.signal(signal.SIGHUP)
        self.node.errors.wait_for("configuration reloaded")
        self.assertIn(self.reason_of_publish(oven, "office/lamp"), (0, 0x10))
        roles.write_text("role oven\nallow nothing at all\n")
        self.node.signal(signal.SIGHUP)
        self.node.errors.wait_for("roles.acl:2:7: expected publish, subscribe or both")
        self.assertIn(self.reason_of_publish(oven, "office/lamp"), (0, 0x10))

    def test_anonymous_clients_of_this_host_are_free(self):
        first = self.client("kettle")
        self.assertIn(self.reason_of_publish(first, "kitchen/kettle/temp_c"), (0, 0x10))
        self.assertIn(self.reason_of_publish(first, "$m/kettle/twin/reported"), (0, 0x10))
        self.assertEqual(self.reason_of_publish(first, "$m/oven/twin/reported"), NOT_AUTHORIZED)
        self.assertEqual(first.subscribe("#").reasons, [0])
        self.assertEqual(first.subscribe("$to/kettle/#").reasons, [0])
        self.assertEqual(first.subscribe("$to/oven/#").reasons, [NOT_AUTHORIZED])
        self.assertEqual(first.subscribe("$SYS/#").reasons, [0])  # its messages follow

    def test_nobody_takes_the_client_id_of_somebody_elses_session(self):
        self.client("press-07", self.token)
        with RawClient(self.node.mqtt) as thief:
            self.assertEqual(thief.connect("press-07").reason, NOT_AUTHORIZED)

    def test_a_will_is_judged_at_connect(self):
        with RawClient(self.node.mqtt, V311) as old:
            refused = old.connect(
                "press-08",
                user_name="press",
                password=self.token,
                will=Will("plant/oven/gone", b"x"),
            )
            self.assertNotEqual(refused.reason, 0)
            self.assertEqual(old.expect_closed(), [])

    def test_the_question_is_answered_without_a_node(self):
        self.node.stop()
        ask = ("config", "acl-test", "--data", self.data, "--topics", "press")
        allowed = kith(*ask, "--client", "press-07", "publish", "plant/press-07/temp")
        self.assertEqual(
            allowed.stdout.strip(), "allowed by role press, line 1: allow both plant/${client}/#"
        )
        denied = kith(*ask, "--client", "a", "--json", "subscribe", "#", check=False)
        self.assertEqual(denied.returncode, 1)
        answer = json.loads(denied.stdout)
        self.assertEqual(answer["allowed"], False)
        self.assertEqual(answer["decided_by"]["line"], 3)
        wrong = kith("config", "acl", "set", "--data", self.data, "Free", "-", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("a-z", wrong.stderr)

    def test_the_audit_says_who_did_what(self):
        with RawClient(self.node.mqtt) as wrong:
            wrong.connect("press-07", password="not-a-token")
        kith("config", "acl", "remove", "--data", self.data, "press")
        lines = [
            json.loads(line)
            for line in kith("audit", "--data", self.data, "--json").stdout.splitlines()
        ]
        whats = [line["what"] for line in lines]
        for what in ("role.put", "token.create", "role.remove"):
            self.assertIn(what, whats)
        refused = [line for line in lines if line["what"] == "sign_in.refused"]
        self.assertEqual([line["outcome"] for line in refused], ["denied"])
        self.assertEqual(refused[0]["who"], "client:press-07")
        self.assertEqual(refused[0]["from"], "127.0.0.1")
        only = kith("audit", "--data", self.data, "--what", "role.remove").stdout.splitlines()
        self.assertEqual(len(only), 1)


if __name__ == "__main__":
    unittest.main()
