"""A loaded node is killed with SIGKILL twenty times; nothing that it acknowledged may be lost."""

import unittest

from durability import Trial, workers_of
from harness import NodeCase

KILLS = 20
SEEDS = (1, 2)


class Sigkill(NodeCase):
    def test_nothing_acknowledged_is_lost(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                data = self.folder / f"data-{seed}"
                trial = Trial(
                    seed=seed,
                    deaths=KILLS,
                    start=lambda life, data=data: self.start_node(
                        "--workers", workers_of(life), data=data
                    ),
                    journals=self.folder / f"journals-{seed}",
                )
                self.assertEqual(trial.run()["violations"], [])
                print(f"\n{trial.acknowledged_count} messages acknowledged, {KILLS} kills")


if __name__ == "__main__":
    unittest.main()
