"""A loaded node is reloaded and stopped, again and again, each time with another number of workers.

It must stop in time, and what it acknowledged must be there whatever number of workers comes next.
"""

import signal
import time
import unittest

from durability import Trial
from harness import Node, NodeCase
from mqtt_raw import RawClient

STOP_S_MAX = 5.0
WORKERS = (1, 2, 4, 1, 4)
RELOADS = 5


class SignalsUnderLoad(NodeCase):
    def test_nothing_acknowledged_is_lost_by_a_stop(self):
        self.config = self.folder / "kith.toml"
        self.config.write_text('[log]\nlevel = "info"\n')
        trial = Trial(
            seed=1,
            deaths=len(WORKERS),
            start=self.start,
            end=self.reload_and_stop,
            journals=self.folder / "journals",
        )
        self.assertEqual(trial.run()["violations"], [])
        print(f"\n{trial.acknowledged_count} messages acknowledged, {len(WORKERS)} stops")

    def start(self, life: int) -> Node:
        workers = WORKERS[(life - 1) % len(WORKERS)]
        return self.start_node("--config", self.config, "--workers", workers)

    def reload_and_stop(self, node: Node) -> None:
        with RawClient(node.mqtt) as witness:
            witness.connect("witness")
            for _ in range(RELOADS):
                from_line = node.errors.line_count()
                node.signal(signal.SIGHUP)
                node.errors.wait_for("configuration reloaded", from_line)
            witness.ping()
        started = time.monotonic()
        node.stop()
        self.assertLess(time.monotonic() - started, STOP_S_MAX)


if __name__ == "__main__":
    unittest.main()
