import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import table
from brokers import BrokerError, Kith, Mosquitto

FOLDER = Path(__file__).resolve().parent

# A node and a load generator in one, as the contract describes them: port 0, a ready line, JSON.
FAKE_KITH = """
import json, os, signal, sys
if sys.argv[1] == "version":
    print("kith 9.8.7")
elif sys.argv[1] == "run":
    assert sys.argv[sys.argv.index("--mqtt") + 1] == "127.0.0.1:0"
    print("kith: claim at http://...", flush=True)
    print("kith: ready mqtt=127.0.0.1:4242 http=127.0.0.1:1", flush=True)
    signal.pause()
elif "--list" in sys.argv:
    print('{"name": "one"}')
    print('{"name": "two"}')
elif sys.argv[2] == "broken":
    sys.exit(3)
else:
    pid = int(sys.argv[sys.argv.index("--pid") + 1])
    os.kill(pid, 0)
    target = sys.argv[sys.argv.index("--target") + 1]
    rate = 2000 if target.endswith(":4242") else 1000
    print(json.dumps({"rate": rate, "p99_us": 12.5, "rss_bytes": 1048576}))
"""

# Reads the port from its settings and accepts every CONNECT.
FAKE_MOSQUITTO = """
import re, socket, sys
if sys.argv[1] == "-h":
    print("mosquitto version 2.0.11")
    sys.exit(3)
settings = open(sys.argv[2]).read()
port = int(re.search(r"listener (\\d+) 127", settings).group(1))
with socket.create_server(("127.0.0.1", port)) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(64)
            connection.sendall(bytes.fromhex("20020000"))
"""


class WithPrograms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name, text):
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
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
            self.assertEqual(running.address, "127.0.0.1:4242")
            os.kill(running.pid, 0)
        self.assert_gone(running.pid)

    def test_mosquitto_is_ready_when_it_accepts_a_client(self):
        broker = Mosquitto(self.program("mosquitto", FAKE_MOSQUITTO))
        self.assertEqual(broker.version(), "2.0.11")
        with broker.running() as running:
            os.kill(running.pid, 0)
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
        first = ["one, mosquitto", "one, kith", "two, mosquitto", "two, kith"]
        second = ["one, kith", "one, mosquitto", "two, kith", "two, mosquitto"]
        expected = [f"[1/2] {each}" for each in first] + [f"[2/2] {each}" for each in second]
        self.assertEqual(order, expected)
        text = document.read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n"), text)
        self.assertIn("mosquitto 2.0.11, kith 9.8.7; medians of 2 interleaved rounds", text)
        self.assertNotIn("old", text)
        self.assertEqual(len(json.loads(raw.read_text())["two"]["kith"]), 2)

    def test_one_broker_alone_has_no_ratio(self):
        done = self.compare("--brokers", "kith", "--rounds", "1", "one")
        self.assertIn("| one | messages/s | 2.00 k |\n", done.stdout)

    def test_a_failing_load_generator_fails_the_run(self):
        done = self.compare("--rounds", "1", "broken")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ended with 3", done.stderr)


class Table(unittest.TestCase):
    def test_numbers_have_three_digits(self):
        self.assertEqual(table.rate_text(12_345_678), "12.3 M")
        self.assertEqual(table.rate_text(999), "999")
        self.assertEqual(table.rate_text(1_000), "1.00 k")
        self.assertEqual(table.bytes_text(600), "600 B")
        self.assertEqual(table.bytes_text(3 * 2**20), "3.00 MiB")
        self.assertEqual(table.significant(0.07), "0.07")

    def test_the_median_and_half_the_spread_are_shown(self):
        rate = table.METRICS[0]
        self.assertEqual(table.cell([900.0, 1000.0, 1100.0], rate), "1.00 k (±10 %)")
        self.assertEqual(table.cell([], rate), "-")

    def test_a_measure_that_no_run_has_is_left_out(self):
        measured = table.Measured("idle", {"a": [{"rss_bytes": 600}], "b": [{"rate": None}]})
        lines = table.rows([measured], ["a", "b"])
        self.assertEqual(lines[2:], ["| idle | resident | 600 B | - | - |"])

    def test_a_document_without_marks_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.md"
            path.write_text("nothing")
            with self.assertRaisesRegex(ValueError, "lacks the lines"):
                table.write_between_marks(path, [])


if __name__ == "__main__":
    unittest.main()
