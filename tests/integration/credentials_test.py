"""Names and passwords over MQTT, claim codes of devices, and the commands that make them."""

import http.client
import json
import subprocess
import unittest

import mqtt_packets as mqtt
import paho.mqtt.client as paho
from harness import BINARY, DEADLINE_S, Node, NodeCase, create_token, kith
from mqtt_packets import V5
from mqtt_raw import RawClient
from scram_client import METHOD, ScramClient

SUCCESS = 0
BAD_USER_NAME_OR_PASSWORD = 0x86
NOT_AUTHORIZED = 0x87
CONNECTION_RATE_EXCEEDED = 0x9F


class Credentials(NodeCase):
    def start(self, *arguments) -> Node:
        return self.start_node("--set", "mqtt.anonymous=false", "--workers", 2, *arguments)

    def tool(self, *arguments, given: str | None = None) -> dict:
        """A command's JSON object."""
        done = subprocess.run(
            [BINARY, *map(str, arguments), "--data", self.folder / "data", "--json"],
            input=given, capture_output=True, text=True, timeout=DEADLINE_S, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    def reason_of(self, node: Node, name: str, password: str, client_id: str = "a") -> int:
        with RawClient(node.mqtt) as client:
            return client.connect(client_id, user_name=name, password=password).reason

    def test_a_machine_comes_in_with_the_password_that_was_printed(self):
        node = self.start()
        password = self.tool("machine", "add", "press-07", "--topics", "free,own")["password"]
        self.assertEqual(self.reason_of(node, "press-07", password), SUCCESS)
        self.assertEqual(self.reason_of(node, "press-07", password), SUCCESS)
        for name, wrong in (("press-07", password + "x"), ("press-08", password), ("", password)):
            with self.subTest(name):
                self.assertEqual(self.reason_of(node, name, wrong), BAD_USER_NAME_OR_PASSWORD)
        shown = self.tool("machine", "show", "press-07")
        self.assertEqual((shown["topic_roles"], shown["has_scram"]), ("free own", True))
        self.assertNotIn("password", shown)
        self.assertNotIn(password, (self.folder / "data/control.db").read_bytes().decode("latin1"))

    def test_mosquitto_and_paho_come_in(self):
        node = self.start()
        self.tool("machine", "add", "press-07", "--password", "-", given="correct horse\n")
        host, port = node.mqtt
        subprocess.run(
            ["mosquitto_pub", "-h", host, "-p", str(port), "-u", "press-07", "-P", "correct horse",
             "-t", "$m/press-07/state", "-m", "x", "-q", "1"],
            check=True, timeout=DEADLINE_S,
        )  # fmt: skip
        client = paho.Client("paho")
        client.username_pw_set("press-07", "correct horse")
        results = []
        client.on_connect = lambda _client, _data, _flags, result: results.append(result)
        client.connect(host, port)
        while not results:
            self.assertEqual(client.loop(DEADLINE_S), paho.MQTT_ERR_SUCCESS)
        self.assertEqual(results, [0])
        client.disconnect()

    def test_who_is_removed_or_disabled_leaves(self):
        node = self.start()
        made = {name: self.tool("machine", "add", name)["password"] for name in ("a", "b")}
        with RawClient(node.mqtt) as leaves, RawClient(node.mqtt) as stays:
            self.assertEqual(
                leaves.connect("1", user_name="a", password=made["a"]).reason, SUCCESS)
            self.assertEqual(stays.connect("2", user_name="b", password=made["b"]).reason, SUCCESS)
            kith("machine", "remove", "a", "--data", node.data)
            self.assertEqual([each.reason for each in leaves.expect_closed()], [NOT_AUTHORIZED])
            stays.ping()
        self.assertEqual(self.reason_of(node, "a", made["a"]), BAD_USER_NAME_OR_PASSWORD)

    def test_a_user_comes_in_and_leaves_when_the_password_changes(self):
        node = self.start()
        password = self.tool("user", "add", "anna", "--role", "operator")["password"]
        with RawClient(node.mqtt) as client:
            self.assertEqual(
                client.connect("1", user_name="anna", password=password).reason, SUCCESS)
            changed = self.tool("user", "passwd", "anna")["password"]
            self.assertEqual([each.reason for each in client.expect_closed()], [NOT_AUTHORIZED])
        self.assertEqual(self.reason_of(node, "anna", changed), SUCCESS)
        self.assertEqual(self.reason_of(node, "anna", password), BAD_USER_NAME_OR_PASSWORD)
        self.assertEqual(self.tool("user", "list")["name"], "anna")
        self.assertEqual(self.tool("user", "remove", "anna")["removed"], "anna")

    def test_the_last_administrator_stays(self):
        node = self.start()
        self.tool("user", "add", "root", "--role", "admin")
        done = kith("user", "remove", "root", "--data", node.data, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("this is the last administrator", done.stderr)
        self.tool("user", "add", "anna", "--role", "admin")
        self.assertEqual(self.tool("user", "remove", "root")["removed"], "root")

    def test_who_guesses_is_paused(self):
        node = self.start()
        password = self.tool("machine", "add", "a")["password"]
        for _ in range(5):
            self.assertEqual(self.reason_of(node, "a", "wrong"), BAD_USER_NAME_OR_PASSWORD)
        self.assertEqual(self.reason_of(node, "a", password), CONNECTION_RATE_EXCEEDED)

    def test_scram_lets_in_on_every_worker(self):
        node = self.start()
        password = self.tool("machine", "add", "a")["password"]
        for client_id in map(str, range(8)):
            scram = ScramClient("a", password)
            with RawClient(node.mqtt) as client:
                fields = {"authentication_method": METHOD, "authentication_data": scram.first()}
                client.send(mqtt.Connect(client_id, V5, properties=fields).encode())
                question = client.receive().properties["authentication_data"]
                fields["authentication_data"] = scram.final(question)
                body = b"\x18" + mqtt.properties(fields, V5)
                client.send(bytes([0xF0]) + mqtt.varint(len(body)) + body)
                connack = client.receive()
                self.assertEqual(connack.reason, SUCCESS)
                self.assertEqual(connack.properties["authentication_data"], scram.expected)
                client.ping()

    def test_tools_refuse_what_cannot_be(self):
        data = self.folder / "data"
        self.tool("user", "add", "anna")
        for arguments in (
            ("machine", "add", "a/b"), ("machine", "add", "anna"), ("user", "add", "anna"),
            ("user", "remove", "ben"), ("machine", "remove", "ben"), ("machine", "show", "ben"),
            ("user", "passwd", "ben"), ("token", "create", "--machine", "ben"),
            ("machine", "claim-code", "remove", "ben"),
        ):  # fmt: skip
            with self.subTest(arguments):
                failed = kith(*arguments, "--data", data, check=False)
                self.assertEqual(failed.returncode, 1, failed.stderr)
                self.assertTrue(failed.stderr.startswith("kith: "))


class Provisioning(NodeCase):
    def setUp(self):
        super().setUp()
        self.token = create_token(self.folder / "data", "admin")["token"]
        self.node = self.start_node("--set", "mqtt.anonymous=false", "--http", "127.0.0.1:0")

    def ask(self, method: str, path: str, body: dict | None = None, token: str = ""):
        connection = http.client.HTTPConnection(*self.node.addresses["http"], timeout=DEADLINE_S)
        self.addCleanup(connection.close)
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else {}

    def test_a_device_becomes_a_machine_by_its_code(self):
        code = json.loads(kith("machine", "claim-code", "create", "--note", "trucks",
                               "--data", self.node.data, "--json").stdout)["code"]
        status, made = self.ask("POST", "/api/v1/provision", {"code": code, "machine": "truck-1"})
        self.assertEqual((status, made["machine"]), (201, "truck-1"))
        with RawClient(self.node.mqtt) as client:
            answer = client.connect("1", user_name="truck-1", password=made["password"])
            self.assertEqual(answer.reason, SUCCESS)
        status, problem = self.ask("POST", "/api/v1/provision", {"code": code, "machine": "b"})
        self.assertEqual((status, problem["code"]), (403, "provision.refused"))

    def test_a_machine_made_over_http_leaves_when_it_is_disabled(self):
        status, made = self.ask("POST", "/api/v1/credentials",
                                {"machine": "a", "password": "generate"}, self.token)
        self.assertEqual(status, 201)
        with RawClient(self.node.mqtt) as client:
            answer = client.connect("1", user_name="a", password=made["password"])
            self.assertEqual(answer.reason, SUCCESS)
            self.ask("PATCH", "/api/v1/credentials/a", {"enabled": False}, self.token)
            self.assertEqual([each.reason for each in client.expect_closed()], [NOT_AUTHORIZED])
        self.assertEqual(self.ask("GET", "/api/v1/credentials")[0], 401)


if __name__ == "__main__":
    unittest.main()
