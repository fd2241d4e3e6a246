"""The configuration as its user meets it: files, flags, and what is said when they are wrong."""

import json
import subprocess
import unittest

from harness import BINARY, DEADLINE_S, ROOT, NodeCase, kith

# Name: (file, what must be said of it, besides the file).
WRONG_FILES = {
    "a word without a value": ("name = \n", ":1:"),
    "an unknown key": ('\n[mqtt]\nadress = "off"\n', ":3: unknown key mqtt.adress; did you mean"),
    "an unknown table": ("[mqttt]\nx = 1\n", "mqttt"),
    "a number out of range": ("[mqtt]\npacket_bytes_max = 5\n", ":2: mqtt.packet_bytes_max"),
    "a text for a number": ('workers = "many"\n', ":1: workers"),
    "a number for a text": ("name = 7\n", ":1: name"),
    "an address without a port": ('[mqtt]\naddress = "localhost"\n', ":2: mqtt.address"),
    "a port out of range": ('[mqtt]\naddress = "127.0.0.1:70000"\n', ":2: mqtt.address"),
    "an unknown level": ('[log]\nlevel = "loud"\n', ":2: log.level"),
    "a duration without a unit": ('[mqtt]\nconnect_timeout = "5"\n', ":2: mqtt.connect_timeout"),
    "a key twice": ("workers = 1\nworkers = 2\n", ":2"),
    "bytes that are no text": (b"name = \"\xff\xfe\"\n", ":1:"),
    "an open network without a word": ('[mqtt]\naddress = "0.0.0.0:0"\n', "mqtt.address"),
    "a certificate without its key": ('[tls]\ncertificate = "a.pem"\n', "tls.key"),
}


def run_briefly(*arguments) -> subprocess.CompletedProcess:
    """`kith run` that is expected to refuse."""
    return kith("run", *arguments, check=False)


class Files(NodeCase):
    def write(self, content: str | bytes):
        path = self.folder / "kith.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def test_a_wrong_file_is_refused_with_its_place(self):
        for name, (content, place) in WRONG_FILES.items():
            with self.subTest(name):
                path = self.write(content)
                for done in (
                    run_briefly("--config", path, "--data", self.folder / "data"),
                    kith("config", "check", path, check=False),
                ):
                    self.assertEqual(done.returncode, 1, done)
                    self.assertIn(str(path), done.stderr)
                    self.assertIn(place, done.stderr)
                    self.assertEqual(done.stdout, "")

    def test_a_refused_configuration_leaves_no_directory(self):
        run_briefly("--config", self.write("workers = -1\n"), "--data", self.folder / "data")
        self.assertFalse((self.folder / "data").exists())

    def test_a_file_that_is_not_there_is_wrong_usage(self):
        self.assertEqual(run_briefly("--config", self.folder / "none.toml").returncode, 2)

    def test_check_answers_in_json(self):
        wrong = kith("config", "check", "--json", self.write("workers = -1\n"), check=False)
        self.assertEqual(wrong.returncode, 1)
        said = json.loads(wrong.stdout)
        self.assertFalse(said["ok"])
        self.assertIn(":1: workers", said["problem"])
        right = kith("config", "check", "--json", self.write("workers = 1\n"))
        self.assertEqual(json.loads(right.stdout), {"ok": True})

    def test_the_reference_is_a_configuration_that_holds(self):
        path = self.write(kith("config", "reference").stdout)
        kith("config", "check", path)
        self.assertEqual(kith("config", "show", path).stdout, path.read_text())

    def test_the_documentation_is_what_the_program_says(self):
        page = (ROOT / "docs/reference/configuration.md").read_text()
        self.assertEqual(kith("config", "reference", "--markdown").stdout, page)


class Flags(NodeCase):
    def test_flags_win_over_the_file(self):
        path = self.folder / "kith.toml"
        path.write_text('[mqtt]\naddress = "off"\n')
        node = self.start_node("--config", path)
        self.assertIn("mqtt", node.addresses)

    def test_set_takes_any_key(self):
        node = self.start_node("--set", "log.format=json")
        line = node.errors.wait_for(".*recovered.*").group()
        self.assertIsInstance(json.loads(line), dict)

    def test_wrong_flags_are_refused_with_their_name(self):
        for arguments, status, said in (
            (["--set", "mqtt.adress=off"], 1, "mqtt.adress"),
            (["--set", "workers"], 2, "KEY=VALUE"),
            (["--workers", "-1"], 1, "workers"),
            (["--log", "loud"], 1, "log.level"),
            (["--mqtt", "nowhere"], 1, "mqtt.address"),
            (["--nonsense"], 2, "--nonsense"),
        ):
            with self.subTest(arguments):
                done = run_briefly("--data", self.folder / "data", *arguments)
                self.assertEqual(done.returncode, status, done)
                self.assertIn(said, done.stderr)

    def test_what_is_off_is_not_in_the_ready_line(self):
        node = self.start_node()
        self.assertEqual(list(node.addresses), ["mqtt"])

    def test_every_command_explains_itself(self):
        commands = [["run"], ["pub"], ["sub"], ["bench"], ["token"], ["token", "create"],
                    ["config"], ["config", "check"], ["version"]]
        for command in commands:
            with self.subTest(command):
                done = kith(*command, "--help")
                self.assertIn(command[-1], done.stdout)
                self.assertEqual(done.stderr, "")
        self.assertEqual(kith(check=False).returncode, 2)

    def test_the_version_is_one_line(self):
        done = subprocess.run([BINARY, "--version"], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=True)
        self.assertRegex(done.stdout, r"^kith \d+\.\d+\.\d+\S*\n$")


if __name__ == "__main__":
    unittest.main()
