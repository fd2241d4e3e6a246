"""What a node shows of itself: traces, the packets of a client, slow clients, $SYS, metrics."""

import json
import subprocess
import unittest
import urllib.error
import urllib.request

from harness import BINARY, DEADLINE_S, Node, NodeCase, create_token
from mqtt_raw import RawClient

SYS_NAMES = {
    "version", "uptime", "clients/connected", "clients/disconnected", "clients/total",
    "clients/maximum", "clients/expired", "clients/active", "clients/inactive", "heap/current",
    "heap/maximum", "messages/received", "messages/sent", "messages/stored",
    "publish/messages/received", "publish/messages/sent", "publish/messages/dropped",
    "publish/bytes/received", "publish/bytes/sent", "bytes/received", "bytes/sent",
    "subscriptions/count", "shared_subscriptions/count", "retained messages/count",
    "store/messages/count", "store/messages/bytes",
} | {
    f"load/{what}/{minutes}min"
    for what in ("connections", "sockets", "bytes/received", "bytes/sent", "messages/received",
                 "messages/sent", "publish/received", "publish/sent", "publish/dropped")
    for minutes in (1, 5, 15)
}  # fmt: skip


class Observe(NodeCase):
    def setUp(self):
        super().setUp()
        self.node = self.start_node("--http", "127.0.0.1:0", "--workers", 2)
        self.token = create_token(self.node.data, "operator")["token"]

    def ask(self, method: str, path: str, body: dict | None = None):
        host, port = self.node.addresses["http"]
        request = urllib.request.Request(
            f"http://{host}:{port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            text = answer.read().decode()
            return json.loads(text) if text.startswith("{") else text

    def until(self, ask, is_done):
        """Asks until the answer is as wanted; the test's own deadline ends it if it never is."""
        for _ in range(2000):
            answer = ask()
            if is_done(answer):
                return answer
        raise AssertionError(f"not as wanted: {answer}")

    def test_a_trace_shows_how_a_message_comes_to_its_subscribers(self):
        with RawClient(self.node.mqtt) as sensor, RawClient(self.node.mqtt) as dash:
            sensor.connect("sensor")
            dash.connect("dash")
            dash.subscribe("plant/#", 1)
            trace = self.ask("POST", "/api/v1/traces", {"topic": "plant/+", "payload": True})
            path = "/api/v1/traces/" + trace["id"]
            sensor.publish("plant/temp", b"96.5", qos=1)
            dash.take_message()
            shown = self.until(
                lambda: self.ask("GET", path), lambda page: self.stages(page).count("ack") >= 2
            )
        self.assertLessEqual(
            {"publish", "acl", "match", "queue", "deliver", "ack"}, set(self.stages(shown))
        )
        self.assertEqual(shown["items"][0]["payload"], "96.5")
        self.assertEqual(len({item["message"] for item in shown["items"]}), 1)
        self.ask("DELETE", path)

    @staticmethod
    def stages(page) -> list[str]:
        return [item["stage"] for item in page["items"]]

    def test_the_command_prints_steps_until_its_time_is_over(self):
        host, port = self.node.addresses["http"]
        with subprocess.Popen(
            [BINARY, "trace", "--client", "sensor", "--count", "6", "--json",
             "--http", f"{host}:{port}", "--token", self.token],
            stdout=subprocess.PIPE, text=True,
        ) as command:  # fmt: skip
            self.until(
                lambda: self.ask("GET", "/api/v1/traces"), lambda listed: listed["items"]
            )
            with RawClient(self.node.mqtt) as sensor:
                sensor.connect("sensor")
                for _ in range(3):
                    sensor.publish("nobody/listens", b"x")
                lines, _ = command.communicate(timeout=DEADLINE_S)
        events = [json.loads(line) for line in lines.splitlines()]
        self.assertEqual(len(events), 6)
        self.assertEqual([event["stage"] for event in events[:3]], ["connect", "auth", "connect"])
        self.assertEqual(command.returncode, 0)

    def test_a_trace_needs_an_operator(self):
        self.token = create_token(self.node.data, "viewer")["token"]
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.ask("POST", "/api/v1/traces", {"client": "a"})
        self.assertEqual(refused.exception.code, 403)
        refused.exception.close()

    def ask_by_command(self, *arguments: str) -> subprocess.CompletedProcess:
        host, port = self.node.addresses["http"]
        return subprocess.run(
            [BINARY, *arguments, "--http", f"{host}:{port}"],
            capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip

    def test_commands_say_which_token_the_node_wants(self):
        shown = self.ask_by_command("status", "--json", "--token", self.token)
        self.assertEqual(sorted(json.loads(shown.stdout)), ["node", "stats"])
        viewer = create_token(self.node.data, "viewer")["token"]
        for arguments, why in (
            (("status", "--token", "kt_wrong"), "a token is needed: kith token create"),
            (("trace", "--client", "a", "--token", viewer), "--role operator, then --token T"),
        ):
            refused = self.ask_by_command(*arguments)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(why, refused.stderr)

    def test_packets_of_one_client_are_logged_without_what_is_secret(self):
        path = "/api/v1/log-clients/press"
        password = create_token(self.node.data)["token"]
        self.ask("PUT", path, {"seconds": 60})
        with RawClient(self.node.mqtt) as press:
            press.connect("press", user_name="anna", password=password)
            press.publish("a/b", b"a-payload", qos=1)
            press.ping()
            shown = self.until(
                lambda: self.ask("GET", path), lambda page: page["items"][-1:]
                and page["items"][-1]["packet"] == "PINGRESP"
            )  # fmt: skip
        packets = [(item["direction"], item["packet"]) for item in shown["items"]]
        self.assertEqual(
            sorted(packets),
            sorted([("in", "CONNECT"), ("out", "CONNACK"), ("in", "PUBLISH"), ("out", "PUBACK"),
                    ("in", "PINGREQ"), ("out", "PINGRESP")]),
        )  # fmt: skip
        text = json.dumps(shown)
        for secret in (password, "anna", "a-payload"):
            self.assertNotIn(secret, text)
        self.ask("DELETE", path)
        self.assertEqual(self.ask("GET", "/api/v1/log-clients")["items"], [])

    def test_nobody_is_slow_when_nobody_is(self):
        self.assertEqual(self.ask("GET", "/api/v1/slow-clients")["items"], [])

    def test_sys_has_the_names_that_dashboards_read(self):
        with RawClient(self.node.mqtt) as reader:
            reader.connect("reader")
            reader.subscribe("$SYS/#", 0)
            found = set()
            while not SYS_NAMES <= found:
                found.add(reader.take_message().topic.removeprefix("$SYS/broker/"))

    def test_metrics_have_loops_limits_and_slow_clients(self):
        text = self.ask("GET", "/metrics")
        for name in ("kith_loop_turns_total", "kith_slow_clients", "kith_packets_in_total",
                     'kith_limit_reached_total{limit="connections"}', "kith_tls_handshakes_total",
                     "kith_store_pending_bytes"):  # fmt: skip
            self.assertIn(f"\n{name} ", text)


if __name__ == "__main__":
    unittest.main()
