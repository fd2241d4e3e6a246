"""The line by which a soak is judged."""

import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from soak import fit  # noqa: E402: behind the path to what it includes


class Fit(unittest.TestCase):
    def test_a_straight_line_is_found_without_doubt(self):
        line = fit([(float(x), 100.0 + 2.0 * x) for x in range(60)])
        self.assertAlmostEqual(line.slope, 120.0)
        self.assertAlmostEqual(line.uncertainty, 0.0)
        self.assertAlmostEqual(line.sure_slope, 120.0)
        self.assertAlmostEqual(line.mean, 159.0)

    def test_noise_is_told_as_uncertainty(self):
        chance = random.Random(1)
        line = fit([(float(x), chance.gauss(1000.0, 10.0)) for x in range(300)])
        self.assertLess(abs(line.slope), line.uncertainty)
        self.assertLess(line.uncertainty, 3.0)
        self.assertLess(line.sure_slope, 0.0)

    def test_steps_make_less_sure_than_noise_of_the_same_size(self):
        chance = random.Random(1)
        noise = [(float(x), chance.choice((0.0, 20.0))) for x in range(300)]
        steps = [(float(x), 20.0 * (x // 30 % 2)) for x in range(300)]
        self.assertGreater(fit(steps).uncertainty, 2 * fit(noise).uncertainty)


if __name__ == "__main__":
    unittest.main()
