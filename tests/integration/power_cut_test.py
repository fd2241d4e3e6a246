"""A loaded node whose power is cut twenty times; nothing that it acknowledged may be lost.

The node runs on a disk that forgets what was not synced (tests/powercut), so that SIGKILL cuts its
power. In some lives the disk itself ends first, at a seeded change, in the middle of whatever is
written. A mutant that never waits for the disk shows that the test can fail.
"""

import random
import unittest

from durability import Trial, workers_of
from harness import BINARY, Node, NodeCase
from mqtt_raw import RawClient

POWERCUT = BINARY.parent / "tests/powercut/kith_powercut"
CUTS = 20
MUTANT_CUTS = 10
CUTS_IN_START = 24
CHANGES_IN_START = 60  # of the disk, more than a start has
SEED = 1
DURABLE = {"clean_start": False, "properties": {"session_expiry_interval": 3600}}


def disk_options(seed: int, leak: float, cut: int = 0) -> str:
    return f"seed={seed},leak={leak},cut={cut}"


class PowerCut(NodeCase):
    def start_on(self, disk: str, mode: str = "sync", workers: int = 1) -> Node:
        return self.start_node("--workers", workers, command=[POWERCUT, disk, mode])

    def test_nothing_acknowledged_is_lost(self):
        chance = random.Random(SEED)
        cuts = {life: chance.randint(150, 1500) for life in range(2, CUTS + 1, 2)}
        leaks = {life: chance.choice((0, 0.1, 0.9)) for life in range(1, CUTS + 3)}
        trial = Trial(
            seed=SEED,
            deaths=CUTS,
            start=lambda life: self.start_on(
                disk_options(life, leaks[life], cuts.get(life, 0)), workers=workers_of(life)
            ),
            journals=self.folder / "journals",
            messages_per_life_max=200,
            wait_for_death=dict.fromkeys(cuts, self.wait_for_disk),
        )
        self.assertEqual(trial.run()["violations"], [])
        print(f"\n{trial.acknowledged_count} messages acknowledged, {CUTS} cuts")

    @staticmethod
    def wait_for_disk(node: Node) -> None:
        node.errors.wait_for("store cannot write")

    def test_a_store_that_does_not_sync_is_caught(self):
        for leak in (0, 0.5, 0.95):
            with self.subTest(leak=leak):
                data = self.folder / f"mutant-{leak}"
                trial = Trial(
                    seed=SEED,
                    deaths=MUTANT_CUTS,
                    journals=self.folder / f"journals-{leak}",
                    start=lambda life, data=data, leak=leak: self.start_node(
                        data=data, command=[POWERCUT, disk_options(life, leak), "no-sync"]
                    ),
                )
                violations = trial.run()["violations"]
                self.assertTrue(violations)
                print(f"\nleak {leak}: {violations[0]}")

    def test_a_cut_while_starting_loses_nothing(self):
        node = self.start_on(disk_options(SEED, 0))
        with RawClient(node.mqtt) as client:
            client.connect("keeper", **DURABLE)
            client.subscribe("a/#", 2)
        with RawClient(node.mqtt) as client:
            client.connect("publisher")
            client.publish("a/b", b"kept", qos=2, retain=True)
        node.kill()
        chance = random.Random(SEED)
        for i in range(CUTS_IN_START):
            cut = chance.randint(1, CHANGES_IN_START)
            disk = disk_options(i, chance.choice((0, 0.5)), cut)
            node = Node(self.folder / "data", command=[POWERCUT, disk, "sync"])
            try:
                node.wait_until_ready()
            except AssertionError:
                pass  # it ended, as it should without a disk
            node.kill()
        node = self.start_on(disk_options(SEED, 0))
        with RawClient(node.mqtt) as client:
            self.assertTrue(client.connect("keeper", **DURABLE).session_present)
            self.assertEqual(client.take_message().payload, b"kept")
        with RawClient(node.mqtt) as client:
            client.connect("")
            client.subscribe("a/b", 2)
            self.assertTrue(client.take_message().retain)


if __name__ == "__main__":
    unittest.main()
