"""The checker must find each thing that it is for, and nothing in a clean record."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKER = Path(__file__).with_name("checker.py")
S = 1_000_000_000

# A session, two members of a group, one publisher, one life, one death.
CLEAN = {
    "node": [
        ["life", 1, 1], ["reading", 2], ["read", 3], ["end", 50, 1], ["life", 60, 2],
        ["reading", 61], ["value", 62, "retained/p", "p#3", True], ["read", 63], ["drained", 90],
    ],
    "s": [
        ["connected", 5, False, False], ["subscribed", 6, "load/#", 2, ""],
        ["got", 21, "p#1", "load/1", 2, True], ["connected", 65, True, True],
        ["got", 70, "p#2", "load/1", 1, True],
    ],
    "m1": [["connected", 5, False, False], ["subscribed", 6, "load/#", 2, "crew"],
           ["got", 21, "p#1", "load/1", 2, True]],
    "m2": [["connected", 5, False, False], ["subscribed", 7, "load/#", 2, "crew"],
           ["got", 71, "p#2", "load/1", 1, True]],
    "p": [
        ["connected", 8, False, False], ["send", 10, "p#1", "load/1", 2],
        ["send", 11, "p#2", "load/1", 1], ["ack", 20, "p#1"], ["ack", 22, "p#2"],
        ["retain", 25, "p#3", "retained/p", 1], ["retained", 26, "retained/p"],
        ["send", 40, "p#4", "load/1", 0],
    ],
}  # fmt: skip


class Checker(unittest.TestCase):
    def setUp(self):
        self.journals = json.loads(json.dumps(CLEAN))

    def check(self) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, lines in self.journals.items():
                text = "".join(json.dumps(line) + "\n" for line in lines)
                (Path(folder) / f"{name}.jsonl").write_text(text)
            done = subprocess.run(
                [sys.executable, CHECKER, folder], capture_output=True, text=True, check=False
            )
        verdict = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if verdict["violations"] else 0, done.stderr)
        return verdict["violations"]

    def check_finds(self, *texts: str) -> None:
        found = self.check()
        for text in texts:
            self.assertTrue(any(text in each for each in found), (text, found))

    def drop(self, journal: str, *start) -> None:
        kept = [line for line in self.journals[journal] if tuple(line[: len(start)]) != start]
        self.assertLess(len(kept), len(self.journals[journal]))
        self.journals[journal] = kept

    def test_nothing_is_found_where_nothing_is_wrong(self):
        self.assertEqual(self.check(), [])

    def test_wrong_usage_is_no_verdict(self):
        done = subprocess.run([sys.executable, CHECKER], capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)

    def test_a_trial_without_an_end_is_found(self):
        self.drop("node", "drained")
        self.check_finds("came to no end")

    def test_an_error_of_a_client_is_found(self):
        self.journals["p"].append(["error", 30, "AssertionError: PUBREC for p#9"])
        self.check_finds("p: AssertionError")

    def test_a_word_that_nobody_knows_is_found(self):
        self.journals["p"].append(["sendd", 30])
        self.check_finds("does not know the word")

    def test_a_lost_message_is_found_of_a_session_and_of_a_group(self):
        self.drop("s", "got", 70)
        self.drop("m2", "got", 71)
        self.check_finds("s: 1 acknowledged", "crew: 1 acknowledged")

    def test_what_was_not_acknowledged_may_be_lost(self):
        self.drop("s", "got", 70)
        self.drop("m2", "got", 71)
        self.drop("p", "ack", 22)
        self.assertEqual(self.check(), [])

    def test_what_was_sent_before_suback_may_be_lost(self):
        self.drop("s", "got", 21)
        self.journals["s"][1][1] = 10.5
        self.assertEqual(self.check(), [])

    def test_a_message_twice_at_qos_2_is_found_of_a_session_and_of_a_group(self):
        self.journals["s"].append(["got", 80, "p#1", "load/1", 2, True])
        self.journals["m2"].append(["got", 80, "p#1", "load/1", 2, True])
        self.check_finds("s: p#1 arrived 2 times", "m2: p#1 arrived 2 times")

    def test_a_message_twice_at_qos_1_is_as_it_may_be(self):
        self.journals["s"].append(["got", 80, "p#2", "load/1", 1, True])
        self.assertEqual(self.check(), [])

    def test_a_message_of_qos_0_may_be_lost_but_not_doubled(self):
        self.journals["s"].append(["got", 80, "p#4", "load/1", 0, True])
        self.assertEqual(self.check(), [])
        self.journals["s"].append(["got", 81, "p#4", "load/1", 0, True])
        self.check_finds("p#4 arrived 2 times")

    def test_a_wrong_order_is_found_of_a_session_only(self):
        for who in ("s", "m1"):
            self.drop(who, "got", 21)
            self.journals[who].append(["got", 80, "p#1", "load/1", 2, True])
        self.assertEqual(self.check(), ["s: p#1 arrived behind a later one"])

    def test_what_nobody_sent_is_found(self):
        self.journals["s"] += [
            ["got", 80, "p#9", "load/1", 2, True],
            ["got", 81, "p#1", "load/2", 2, True],
            ["got", 82, "p#2", "load/1", 1, False],
        ]
        self.check_finds("'p#9' to load/1", "'p#1' to load/2", "'p#2' to load/1")

    def test_a_higher_qos_than_that_of_the_message_is_found(self):
        self.journals["s"][-1][4] = 2
        self.check_finds("came at QoS 2")

    def test_a_lost_session_is_found(self):
        self.journals["s"][3][2] = False
        self.check_finds("s: the session is gone")

    def test_what_is_left_over_is_found(self):
        self.journals["s"].append(["left over", 95, "a packet"])
        self.check_finds("still got a packet")

    def test_a_lost_retained_value_is_found(self):
        self.drop("node", "value")
        self.check_finds("retained/p has nothing")

    def test_an_old_retained_value_is_found(self):
        self.journals["p"].append(["retain", 30, "p#5", "retained/p", 1])
        self.journals["p"].append(["retained", 31, "retained/p"])
        self.check_finds("retained/p has p#3, but p#5")

    def test_a_retained_value_that_was_sent_and_not_acknowledged_is_possible(self):
        self.journals["p"].append(["retain", 30, "p#5", "retained/p", 1])
        self.assertEqual(self.check(), [])

    def test_a_cleared_value_that_is_still_there_is_found(self):
        self.journals["p"] += [["retain", 30, "", "retained/p", 1], ["retained", 31, "retained/p"]]
        self.check_finds("retained/p has p#3, but nothing")

    def test_a_retained_value_that_nobody_wrote_or_that_comes_twice_is_found(self):
        self.journals["node"] += [["value", 62.1, "retained/p", "p#8", True],
                                  ["value", 62.2, "retained/q", "x", True]]
        self.check_finds("retained/p was shown twice", "retained/q has 'x'")

    def with_will(self, *lines: list, delay_s: int = 0) -> None:
        self.journals["s"][1][2] = "#"
        self.journals["w"] = [["will", 15, "w", "will/w", delay_s], ["bound", 16, "w"], *lines]

    def test_a_lost_will_is_found(self):
        self.with_will()
        self.check_finds("the will of w was not published")
        self.journals["s"].append(["got", 80, "w", "will/w", 2, True])
        self.assertEqual(self.check(), [])

    def test_a_will_that_may_not_have_been_on_disk_may_be_lost(self):
        self.with_will()
        self.drop("w", "bound")
        self.assertEqual(self.check(), [])

    def test_a_will_of_one_that_came_back_in_time_is_found(self):
        self.with_will(["back", 65, "w"], delay_s=3000)
        self.assertEqual(self.check(), [])
        self.journals["s"].append(["got", 80, "w", "will/w", 2, True])
        self.check_finds("the will of w was published")

    def test_a_will_of_one_that_left_is_found_if_that_is_on_disk(self):
        self.with_will(["left", 30, "w"])
        self.journals["s"].append(["got", 80, "w", "will/w", 2, True])
        self.assertEqual(self.check(), [])
        self.journals["p"] += [["send", 31, "p#6", "x", 1], ["ack", 32, "p#6"]]
        self.check_finds("the will of w was published")


if __name__ == "__main__":
    unittest.main()
