"""The live comparison, with Kith alone and few repetitions: it measures, nothing is lost."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, DEADLINE_S, ROOT

sys.path.insert(0, str(ROOT / "tools/mesh_compare"))

import networks  # noqa: E402

MISSING = networks.missing()


@unittest.skipIf(MISSING, MISSING)
class MeshCompareTest(unittest.TestCase):
    def play(self, name: str, *arguments) -> dict:
        with tempfile.TemporaryDirectory(prefix="kith-test-") as folder:
            file = Path(folder) / "tables.json"
            command = [
                sys.executable, "tools/mesh_compare", "--scenario", name, "--systems", "kith",
                "--kith", BINARY, "--repetitions", "2", "--json", file, *arguments,
            ]  # fmt: skip
            done = subprocess.run(
                [str(each) for each in command], cwd=ROOT, capture_output=True, text=True,
                timeout=4 * DEADLINE_S, check=False,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return json.loads(file.read_text())[name]["Kith"]

    def assert_nothing_is_lost(self, shown: dict) -> None:
        self.assertEqual(shown["repetitions"], 2)
        self.assertGreater(shown["published"], 200)
        self.assertEqual((shown["lost"], shown["twice"]), (0, 0))

    def test_a_relay_is_killed(self):
        self.assert_nothing_is_lost(self.play("kill"))

    @unittest.skipIf(networks.missing_firewall(), networks.missing_firewall())
    def test_a_wire_is_cut(self):
        shown = self.play("cut")
        self.assert_nothing_is_lost(shown)
        self.assertGreater(float(shown["most, ms"].replace(",", "")), 60)  # before that nobody may


if __name__ == "__main__":
    unittest.main()
