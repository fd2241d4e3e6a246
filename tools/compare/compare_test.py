import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import table
import cases
from brokers import (
    BrokerError,
    Ceiling,
    FlashMq,
    FlashMqOneThread,
    Kith,
    KithOneWorker,
    Mosquitto,
    accepts_mqtt,
)
from cases import Case, Setup

FOLDER = Path(__file__).resolve().parent

# Accepts every CONNECT.
ACCEPT_ALL = """
def accept_all(server):
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(64)
            connection.sendall(bytes.fromhex("20020000"))

"""

# A node and a load generator in one, as the contract describes them: port 0, a ready line, JSON.
FAKE_KITH = """
import json, os, pathlib, socket, sys

if sys.argv[1] == "version":
    print("kith 9.8.7")
elif sys.argv[1] == "run":
    workers = sys.argv[sys.argv.index("--workers") + 1] if "--workers" in sys.argv else "all"
    pathlib.Path(__file__).with_name("kith.workers").write_text(workers)
    assert sys.argv[sys.argv.index("--mqtt") + 1] == "127.0.0.1:0"
    pathlib.Path(__file__).with_name("kith.arguments").write_text(" ".join(sys.argv))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        pathlib.Path(__file__).with_name("kith.port").write_text(str(port))
        print("kith: claim at http://...", flush=True)
        print(f"kith: ready mqtt=127.0.0.1:{port} http=127.0.0.1:1", flush=True)
        accept_all(server)
elif sys.argv[1] == "config":
    assert sys.argv[2:5] == ["acl", "set", "bench"]
    assert "${machine}" in sys.stdin.read()
elif sys.argv[1] == "machine":
    sys.exit("kith: machine: no") if sys.argv[3] != "press-07" else 0
elif sys.argv[1] == "token":
    print(json.dumps({"id": "1", "token": "kk_secret"}))
elif "--list" in sys.argv:
    print('{"scenario": "one"}')
    print('{"scenario": "two"}')
elif sys.argv[2] == "broken":
    sys.exit("kith: broken: it is")
else:
    pid = int(sys.argv[sys.argv.index("--pid") + 1])
    os.kill(pid, 0)
    target = sys.argv[sys.argv.index("--target") + 1]
    started = pathlib.Path(__file__).with_name("kith.port")
    port = started.read_text() if started.exists() else "none"
    rate = 2000 if target.endswith(":" + port) else 1000
    assert float(sys.argv[sys.argv.index("--seconds") + 1]) > 0
    print(json.dumps({"rate": rate, "p99_us": 12.5, "rss_bytes": 1048576, "undelivered": 0}))
"""

# Reads the port from its settings and accepts every CONNECT.
FAKE_MOSQUITTO = """
import re, socket, sys
if sys.argv[1] == "-h":
    print("mosquitto version 2.0.11")
    sys.exit(3)
settings = open(sys.argv[2]).read()
port = int(re.search(r"listener (\\d+) 127", settings).group(1))
persistence = "persistence true" in settings
assert persistence == ("autosave_interval 1" in settings)
with socket.create_server(("127.0.0.1", port)) as server:
    accept_all(server)
"""

FAKE_CEILING = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(f"kith_ceiling: ready mqtt=127.0.0.1:{server.getsockname()[1]}", flush=True)
    accept_all(server)
"""

# Reads its settings, tells in which shape it runs, and accepts every CONNECT.
FAKE_FLASHMQ = """
import os, pathlib, re, socket, sys
if sys.argv[1] == "-V":
    print("FlashMQ Version 1.26.2")
    print("License")
    sys.exit(0)
assert sys.argv[1] == "-c"
settings = open(sys.argv[2]).read()
assert os.path.isdir(re.search(r"storage_dir (\\S+)", settings).group(1))
shape = re.findall("thread_count 1|tcp_nodelay true", settings)
pathlib.Path(__file__).with_name("flashmq.shape").write_text(",".join(shape))
port = int(re.search(r"port (\\d+)", settings).group(1))
with socket.create_server(("127.0.0.1", port)) as server:
    accept_all(server)
"""


class WithPrograms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name, text):
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\n{ACCEPT_ALL}{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)


class Brokers(WithPrograms):
    def assert_gone(self, pid):
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def test_kith_tells_its_address_and_is_stopped(self):
        broker = Kith(self.program("kith", FAKE_KITH))
        self.assertEqual(broker.version(), "9.8.7")
        with broker.running() as running:
            port = (self.folder / "kith.port").read_text()
            self.assertEqual(running.address, f"127.0.0.1:{port}")
            self.assertGreater(running.ready_ms, 0)
            os.kill(running.pid, 0)
        self.assert_gone(running.pid)

    def test_kith_may_have_one_worker(self):
        program = self.program("kith", FAKE_KITH)
        for kind, workers in ((Kith, "all"), (KithOneWorker, "1")):
            with kind(program).running():
                self.assertEqual((self.folder / "kith.workers").read_text(), workers)

    def test_kith_has_the_workers_and_the_topic_roles_of_its_setup(self):
        broker = Kith(self.program("kith", FAKE_KITH))
        with broker.running() as running:
            self.assertEqual(running.token, "")
        self.assertNotIn("--workers", (self.folder / "kith.arguments").read_text())
        with broker.running(Setup(workers=2, topic_roles=True)) as running:
            self.assertEqual(running.token, "kk_secret")
        self.assertIn("--workers 2", (self.folder / "kith.arguments").read_text())

    def test_a_token_that_is_not_made_is_an_error_with_its_words(self):
        broker = Kith(self.program("kith", "raise SystemExit('kith: no role')"))
        with self.assertRaisesRegex(BrokerError, "ended with 1: kith: no role"):
            with broker.running(Setup(topic_roles=True)):
                pass

    def test_mosquitto_is_ready_when_it_accepts_a_client(self):
        broker = Mosquitto(self.program("mosquitto", FAKE_MOSQUITTO))
        self.assertEqual(broker.version(), "2.0.11")
        for setup in (Setup(), Setup(persistence=True)):
            with broker.running(setup) as running:
                os.kill(running.pid, 0)
            self.assert_gone(running.pid)

    def test_the_ceiling_tells_its_address(self):
        broker = Ceiling(self.program("kith_ceiling", FAKE_CEILING))
        self.assertEqual(broker.version(), "")
        with broker.running() as running:
            self.assertTrue(accepts_mqtt(running.address))
        self.assert_gone(running.pid)

    def test_flashmq_runs_in_two_shapes(self):
        program = self.program("flashmq", FAKE_FLASHMQ)
        shapes = {FlashMq: "", FlashMqOneThread: "thread_count 1,tcp_nodelay true"}
        for kind, shape in shapes.items():
            broker = kind(program)
            self.assertEqual(broker.version(), "1.26.2")
            with broker.running(Setup(persistence=True)) as running:
                self.assertTrue(accepts_mqtt(running.address))
            self.assertEqual((self.folder / "flashmq.shape").read_text(), shape)
            self.assert_gone(running.pid)

    def test_a_broker_that_ends_is_an_error_with_its_words(self):
        broker = Kith(self.program("kith", "print('no such key')\nraise SystemExit(2)\n"))
        with self.assertRaisesRegex(BrokerError, "ended with 2: no such key"):
            with broker.running():
                pass


class WholeRun(WithPrograms):
    def compare(self, *arguments):
        command = [sys.executable, str(FOLDER), "--kith", self.program("kith", FAKE_KITH)]
        command += ["--mosquitto", self.program("mosquitto", FAKE_MOSQUITTO), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_measures_every_scenario_on_both_in_turn(self):
        document = self.folder / "benchmarks.md"
        document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
        raw = self.folder / "raw.json"
        done = self.compare("--rounds", "2", "--write", str(document), "--json", str(raw))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| one | messages/s | 1.00 k (±0 %) | 2.00 k (±0 %) | 2.00 |", done.stdout)
        order = [line.split(": ")[0] for line in done.stdout.splitlines() if line[:1] == "["]
        names = ["start", "one", "two"]
        first = [f"{name}, {broker}" for name in names for broker in ("mosquitto", "kith")]
        second = [f"{name}, {broker}" for name in names for broker in ("kith", "mosquitto")]
        expected = [f"[1/2] {each}" for each in first] + [f"[2/2] {each}" for each in second]
        self.assertEqual(order, expected)
        text = document.read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n"), text)
        self.assertIn("mosquitto 2.0.11, kith 9.8.7; ", text)
        self.assertIn("Medians of 2 rounds in turn", text)
        self.assertRegex(text, r"\| start \| ready, ms \| \d")
        self.assertNotIn("undelivered", text)
        self.assertNotIn("old", text)
        runs = json.loads(raw.read_text())
        self.assertEqual([each["case"] for each in runs], names)
        self.assertEqual(len(runs[2]["runs"]["kith"]), 2)

    def test_the_ceiling_runs_where_it_can_and_has_a_ratio(self):
        self.program("kith_ceiling", FAKE_CEILING)
        done = self.compare("--rounds", "1", "pairs", "qos1", "idle")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("kith 9.8.7, ceiling; ", done.stdout)
        self.assertIn("| ceiling | kith / mosquitto | kith / ceiling |\n", done.stdout)
        self.assertIn(
            "| pairs, 50, window 100 | messages/s | 1.00 k | 2.00 k | 1.00 k | 2.00 | 2.00 |",
            done.stdout,
        )
        self.assertRegex(done.stdout, r"qos1, durable.* 1.00 k \| 2.00 k \| - \| 2.00 \| - \|\n")
        self.assertNotRegex(done.stdout, r"idle.*, ceiling:")

    def test_a_ceiling_that_is_not_built_is_left_out(self):
        done = self.compare("--rounds", "1", "one")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ceiling is left out: there is no such program", done.stderr)
        self.assertIn("| mosquitto | kith | kith / mosquitto |", done.stdout)
        done = self.compare("--brokers", "ceiling", "pairs")
        self.assertEqual(done.returncode, 1)

    def test_a_peer_is_measured_in_its_shapes_or_left_out(self):
        program = self.program("flashmq", FAKE_FLASHMQ)
        done = self.compare("--rounds", "1", "--peer", f"flashmq={program}", "one")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| kith / mosquitto | kith / flashmq | kith / flashmq-1 |", done.stdout)
        self.assertIn(", flashmq 1.26.2, flashmq-1 1.26.2; ", done.stdout)
        done = self.compare("--rounds", "1", "--peer", f"flashmq={program}-gone", "one")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("flashmq-1 is left out", done.stderr)

    def test_an_unknown_peer_is_refused(self):
        for text in ("nobody=/bin/true", "flashmq", "flashmq="):
            done = self.compare("--peer", text)
            self.assertEqual(done.returncode, 2)
            self.assertIn("is not one of flashmq", done.stderr)

    def test_one_broker_alone_has_no_ratio(self):
        done = self.compare("--brokers", "kith", "--rounds", "1", "one")
        self.assertIn("| one | messages/s | 2.00 k |\n", done.stdout)

    def test_a_failing_load_generator_fails_the_run(self):
        done = self.compare("--rounds", "1", "broken")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ended with 1: kith: broken: it is", done.stderr)


class Cases(unittest.TestCase):
    def test_a_scenario_without_cases_of_its_own_has_its_defaults(self):
        self.assertEqual(cases.cases_of(["sideways"]), [Case("sideways", "sideways")])
        latency = cases.cases_of(["latency"])
        self.assertGreater(len(latency), 1)
        arguments = latency[1].arguments(seconds=7)
        self.assertEqual(arguments[:3], ["latency", "--seconds", "7"])
        self.assertIn("--qos", arguments)

    def test_idle_connections_fit_into_the_descriptors(self):
        for descriptors, connections in ((1024, 824), (1_000_000, 19_000)):
            (case,) = cases.within(cases.cases_of(["idle"]), descriptors)
            self.assertIn(str(connections), case.arguments(None))
        others = cases.cases_of(["pairs"])
        self.assertEqual(cases.within(others, 1024), others)


    def test_placements_and_topic_roles_are_for_kith_alone(self):
        alone = [case for case in cases.CASES if case.is_for_kith]
        self.assertIn("qos1, 20 in flight, 2 workers, across", [case.title for case in alone])
        for case in alone:
            self.assertTrue(Kith("kith").can(case))
            self.assertFalse(Mosquitto("mosquitto").can(case) or Ceiling("ceiling").can(case))

    def test_the_ceiling_keeps_nothing(self):
        for_ceiling = [case.title for case in cases.CASES if case.is_for_ceiling]
        self.assertIn("latency at 2,000/s, QoS 1", for_ceiling)
        self.assertFalse([title for title in for_ceiling if "durable" in title or "qos2" in title])


class Table(unittest.TestCase):
    def test_numbers_have_three_digits(self):
        self.assertEqual(table.rate_text(12_345_678), "12.3 M")
        self.assertEqual(table.rate_text(999), "999")
        self.assertEqual(table.rate_text(1_000), "1.00 k")
        self.assertEqual(table.bytes_text(600), "600 B")
        self.assertEqual(table.bytes_text(3 * 2**20), "3.00 MiB")
        self.assertEqual(table.significant(0.07), "0.07")

    def test_the_median_and_half_the_spread_are_shown(self):
        rate = next(metric for metric in table.METRICS if metric.key == "rate")
        self.assertEqual(table.cell([900.0, 1000.0, 1100.0], rate), "1.00 k (±10 %)")
        self.assertEqual(table.cell([], rate), "-")

    def test_a_measure_that_no_run_has_is_left_out(self):
        measured = table.Measured("idle", {"a": [{"rss_bytes": 600}], "b": [{"rate": None}]})
        lines = table.rows([measured], ["a", "b"])
        self.assertEqual(lines[2:], ["| idle | resident | 600 B | - | - |"])

    def test_what_says_nothing_has_no_row(self):
        runs = [{"undelivered": 0, "generator_cpu_share": 0.5}]
        self.assertEqual(table.rows([table.Measured("x", {"a": runs})], ["a"])[2:], [])
        runs = [{"undelivered": 0.25, "generator_cpu_share": 0.95}]
        lines = table.rows([table.Measured("x", {"a": runs})], ["a"])[2:]
        self.assertEqual(lines[0], "| x | undelivered | 25.0 % |")
        self.assertIn("generator, of a core", lines[1])

    def test_a_document_without_marks_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.md"
            path.write_text("nothing")
            with self.assertRaisesRegex(ValueError, "lacks the lines"):
                table.write_between_marks(path, [])


if __name__ == "__main__":
    unittest.main()
