"""The commands that are clients: pub, sub, call, bench and demo, against a real node."""

import json
import signal
import subprocess
import unittest

from harness import BINARY, DEADLINE_S, NodeCase, Process, create_token, kith


def lines_of(done: subprocess.CompletedProcess) -> list[str]:
    return done.stdout.splitlines()


class PubSub(NodeCase):
    """Retained messages make the order of two programs certain: what is there is delivered."""

    def setUp(self):
        super().setUp()
        self.node = self.start_node()
        host, port = self.node.mqtt
        self.host = ("--host", f"{host}:{port}")

    def test_a_message_of_each_qos_and_version_arrives(self):
        for version in ("3.1.1", "5"):
            for qos in (0, 1, 2):
                with self.subTest(version=version, qos=qos):
                    options = (*self.host, "-t", "a/b", "-q", qos, "-V", version)
                    said = kith("pub", *options, "-m", f"{version} {qos}", "-r", "--json")
                    self.assertEqual(json.loads(said.stdout)["published"], 1)
                    got = kith("sub", *options, "-C", 1, "-W", DEADLINE_S, "--json")
                    message = json.loads(got.stdout)
                    self.assertEqual(message["payload"], f"{version} {qos}")
                    self.assertEqual(message["topic"], "a/b")
                    self.assertTrue(message["retain"])

    def test_sub_prints_payloads_or_topics_too(self):
        kith("pub", *self.host, "-t", "a/b", "-m", "hello", "-r", "-q", 1)
        plain = kith("sub", *self.host, "-t", "a/+", "-C", 1)
        self.assertEqual(plain.stdout, "hello\n")
        verbose = kith("sub", *self.host, "-t", "a/+", "-C", 1, "-v")
        self.assertEqual(verbose.stdout, "a/b hello\n")

    def test_properties_and_bytes_travel(self):
        path = self.folder / "payload"
        path.write_bytes(b"\xff\x00")
        kith("pub", *self.host, "-t", "x", "-f", path, "-r", "-q", 1, "--content-type", "a/b",
             "-D", "site=h2", "--response-topic", "answers", "--expiry", 600)  # fmt: skip
        message = json.loads(kith("sub", *self.host, "-t", "x", "-C", 1, "--json").stdout)
        self.assertEqual(message["payload_base64"], "/wA=")
        self.assertEqual(message["content_type"], "a/b")
        self.assertEqual(message["user_properties"], [["site", "h2"]])
        self.assertEqual(message["response_topic"], "answers")
        self.assertLessEqual(message["message_expiry_interval_s"], 600)

    def test_pub_takes_lines(self):
        listener = Process([BINARY, "sub", *self.host, "-t", "n", "-q", "1", "-C", "3"])
        self.addCleanup(listener.kill)
        # Until the listener is there, nothing is retained for it; after that it gets three.
        for _ in range(1000):
            done = subprocess.run(
                [BINARY, "pub", *self.host, "-t", "n", "-q", "1"],
                input="one\ntwo\nthree\n",
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
            self.assertEqual(done.returncode, 0)
            if not listener.is_running():
                break
        self.assertEqual(listener.wait(), 0)
        self.assertEqual(set(listener.output.text().split()), {"one", "two", "three"})

    def test_what_cannot_be_is_told(self):
        nowhere = ("--host", "127.0.0.1:1")
        for arguments, status, reason in (
            (("pub", *nowhere, "-t", "x", "-m", "y"), 1, "connection refused"),
            (("sub", *nowhere, "-t", "x"), 1, "connection refused"),
            (("call", *nowhere, "coffee-maker", "brew"), 1, "connection refused"),
            (("pub", *self.host, "-t", "x/#", "-m", "y"), 1, "wildcard"),
            (("sub", *self.host, "-t", "x/#/y"), 1, "# must be the last level"),
            (("sub", *self.host, "-t", "$to/other/x"), 1, "not authorized"),
            (("sub", *self.host, "-t", "x", "-C", 1, "-W", 0.05), 1, ""),
            (("pub", *self.host, "-t", "x", "-m", "y", "-q", 3), 2, ""),
            (("pub", *self.host), 2, "--topic"),
            (("pub", *self.host, "-t", "x", "-m", "y", "-D", "z"), 1, "NAME=VALUE"),
        ):
            with self.subTest(arguments):
                done = kith(*arguments, check=False)
                self.assertEqual(done.returncode, status, done)
                self.assertIn(reason, done.stderr + done.stdout)

    def test_ctrl_c_ends_sub_in_order(self):
        kith("pub", *self.host, "-t", "x", "-m", "there", "-r", "-q", 1)
        listener = Process([BINARY, "sub", *self.host, "-t", "x"])
        self.addCleanup(listener.kill)
        listener.output.wait_for("there")
        listener.signal(signal.SIGINT)
        self.assertEqual(listener.wait(), 0)


class Tls(NodeCase):
    def test_a_token_opens_the_tls_port(self):
        data = self.folder / "data"
        token = create_token(data)["token"]
        node = self.start_node("--mqtts", "127.0.0.1:0", data=data)
        port = node.addresses["mqtts"][1]
        options = ("-h", f"localhost:{port}", "--tls", "--ca", node.ca_file, "-t", "x", "-q", 1)
        kith("pub", *options, "-m", "safe", "-r", "--token", token)
        got = kith("sub", *options, "-C", 1, "--token", token)
        self.assertEqual(got.stdout, "safe\n")
        refused = kith("pub", *options, "-m", "y", "--token", "kk_wrong", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("bad user name or password", refused.stderr)


class Bench(NodeCase):
    def test_it_measures_a_node(self):
        node = self.start_node()
        host, port = node.mqtt
        done = kith("bench", "one-to-one", "--target", f"{host}:{port}", "--pid", node.pid,
                    "--seconds", 0.3, "--warm-up", 0.1, "--window", 100, "--json")  # fmt: skip
        report = json.loads(done.stdout)
        self.assertEqual(report["scenario"], "one-to-one")
        self.assertEqual(report["undelivered"], 0)
        self.assertGreater(report["rss_bytes"], 1_000_000)
        for key in ("target", "seconds", "messages", "rate", "p50_us", "p99_us", "p999_us",
                    "cpu_us_per_message"):  # fmt: skip
            self.assertIn(key, report)

    def test_every_scenario_measures_a_node(self):
        node = self.start_node()
        host, port = node.mqtt
        small = ("--connections", 5, "--count", 200, "--rate", 500)
        quick = ("--seconds", 0.2, "--warm-up", 0.05, "--pid", node.pid, "--json")
        listed = lines_of(kith("bench", "--list", "--json"))
        names = [json.loads(line)["scenario"] for line in listed]
        durable = [(name, "--durable") for name in ("qos1", "qos1-pairs", "qos2")]
        special = [*durable, ("latency", "--qos", 1, "--background", 500)]
        for arguments in [*((name,) for name in names), *special]:
            with self.subTest(arguments=arguments):
                done = kith("bench", *arguments, "--target", f"{host}:{port}", *small, *quick)
                report = json.loads(done.stdout)
                self.assertEqual(report["scenario"], arguments[0])
                self.assertGreater(report["rss_bytes"], 1_000_000)
                self.assertEqual(report["rate"] is None, arguments[0] == "idle")
                self.assertEqual(report["p99_us"] is None, arguments[0] not in ("latency", "flood"))
                share = report["generator_cpu_share"]
                self.assertEqual(share is None, arguments[0] in ("latency", "flood"))
        self.assertEqual(report["qos"], 1)

    def test_it_lists_and_refuses(self):
        listed = lines_of(kith("bench", "--list", "--json"))
        names = [json.loads(line)["scenario"] for line in listed]
        self.assertIn("one-to-one", names)
        for arguments, status, reason in (
            ((), 2, "SCENARIO"),
            (("one-to-one",), 2, "--target"),
            (("sideways", "--target", "127.0.0.1:1"), 1, "no scenario 'sideways'"),
            (("one-to-one", "--target", "127.0.0.1:1"), 1, "connection refused"),
        ):
            done = kith("bench", *arguments, check=False)
            self.assertEqual(done.returncode, status, done)
            self.assertIn(reason, done.stderr)


class Demo(NodeCase):
    def test_a_mesh_stays_whole_while_its_nodes_die(self):
        demo = Process([BINARY, "demo", "mesh", "--data", self.folder / "floor", "--json",
                        "--http", "127.0.0.1:0", "--every", "1"])  # fmt: skip
        self.addCleanup(demo.kill)
        demo.output.wait_for(r'"event":"node-\d+ died')
        demo.output.wait_for(r'"event":"node-\d+ is back')
        demo.output.wait_for(r'"twice":0,"under_way":0', demo.output.line_count())
        demo.signal(signal.SIGINT)
        self.assertEqual(demo.wait(), 0, demo.report())

    def test_coffee_is_made_and_can_be_called_for(self):
        demo = Process([BINARY, "demo", "coffee", "--data", self.folder / "data", "--json",
                        "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--speed", "100",
                        "--every", "86400"])  # fmt: skip
        self.addCleanup(demo.kill)
        welcome = json.loads(demo.output.wait_for(r"^\{.*\"claim\".*").group(0))
        self.assertIn("/claim#", welcome["claim"])
        demo.output.wait_for(r'"cups_total","payload":"1"|cups_total".*"1"')
        demo.output.wait_for(r'coffee-maker/state.*"idle"', demo.output.line_count())
        answer = kith("call", "-h", welcome["mqtt"], "coffee-maker", "brew", "espresso", "--json")
        self.assertTrue(json.loads(answer.stdout)["ok"])
        demo.output.wait_for(r'cups_total".*"2"')
        tea = kith("call", "-h", welcome["mqtt"], "coffee-maker", "brew", "tea", check=False)
        self.assertEqual(tea.returncode, 1)
        self.assertIn("it makes espresso or lungo", tea.stderr)
        demo.signal(signal.SIGINT)
        self.assertEqual(demo.wait(), 0)
        # Its node is gone with it.
        gone = kith("pub", "-h", welcome["mqtt"], "-t", "x", "-m", "y", check=False)
        self.assertEqual(gone.returncode, 1)


if __name__ == "__main__":
    unittest.main()
