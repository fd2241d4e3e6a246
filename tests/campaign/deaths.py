"""A node that dies many times under load, by SIGKILL or with its power; and mutants that must fail.

A campaign is a row of trials, each with a data directory, a seed and journals of its own; a trial
has ROUNDS_PER_TRIAL deaths at most. So what one finds can be repeated alone, by its seed.
"""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from durability import Trial, workers_of
from harness import BINARY, Node

POWERCUT = BINARY.parent / "tests/powercut/kith_powercut"
ROUNDS_PER_TRIAL = 20
MUTANT_ROUNDS = 6
MUTANT_PATIENCE_S = 1.0
NO_LEAKS = "seed=1,leak=0"
# Changes of the store that a mutant loses, as triggers in its database.
FORGETS_QOS_2 = """CREATE TRIGGER IF NOT EXISTS mutant AFTER INSERT ON inbound BEGIN
    DELETE FROM inbound WHERE session = new.session AND packet_id = new.packet_id; END"""
FORGETS_RETAINED = """CREATE TRIGGER IF NOT EXISTS mutant AFTER INSERT ON retained BEGIN
    DELETE FROM retained WHERE tenant = new.tenant AND topic = new.topic; END"""


@dataclass
class Setting:
    """Where a trial runs, and the node of each of its lives."""

    folder: Path
    seed: int

    def start(self, life: int, command: list | None = None) -> Node:
        workers = ("--workers", workers_of(life))
        self.node = Node(self.folder / "data", *workers, command=command)
        return self.node.wait_until_ready()

    def start_on(self, disk: str, mode: str, life: int) -> Node:
        return self.start(life, [POWERCUT, disk, mode])


def sigkill(setting: Setting, rounds: int) -> Trial:
    return Trial(
        seed=setting.seed,
        deaths=rounds,
        start=setting.start,
        journals=setting.folder / "journals",
    )


def powercut(setting: Setting, rounds: int) -> Trial:
    """In every other life the disk ends first, in the middle of whatever is written."""
    chance = random.Random(setting.seed)
    cuts = {life: chance.randint(150, 1500) for life in range(2, rounds + 1, 2)}
    leaks = {life: chance.choice((0, 0.1, 0.9)) for life in range(1, rounds + 3)}

    def start(life: int) -> Node:
        disk = f"seed={setting.seed * 1000 + life},leak={leaks[life]},cut={cuts.get(life, 0)}"
        return setting.start_on(disk, "sync", life)

    def wait_for_disk(node: Node) -> None:
        node.errors.wait_for("store cannot write")

    return Trial(
        seed=setting.seed,
        deaths=rounds,
        start=start,
        journals=setting.folder / "journals",
        messages_per_life_max=200,
        wait_for_death=dict.fromkeys(cuts, wait_for_disk),
    )


def mutant_of_disk(mode: str) -> Callable[[Setting, int], Trial]:
    def make(setting: Setting, rounds: int) -> Trial:
        trial = sigkill(setting, rounds)
        trial.start = lambda life: setting.start_on(NO_LEAKS, mode, life)
        return trial

    return make


def mutant_of_store(trigger: str) -> Callable[[Setting, int], Trial]:
    def make(setting: Setting, rounds: int) -> Trial:
        def start(life: int) -> Node:
            if life == 2:  # the first has made the database
                database = sqlite3.connect(setting.folder / "data/messages.db")
                database.execute(trigger)
                database.close()
            return setting.start(life)

        trial = sigkill(setting, rounds)
        trial.start = start
        return trial

    return make


MUTANTS = {
    "no-sync": mutant_of_disk("no-sync"),
    "hasty": mutant_of_disk("hasty"),
    "forgets-qos-2": mutant_of_store(FORGETS_QOS_2),
    "forgets-retained": mutant_of_store(FORGETS_RETAINED),
}


@dataclass
class Campaign:
    """Trials until `rounds` deaths are done. `say` gets a line a round."""

    make: Callable[[Setting, int], Trial]
    rounds: int
    seed: int
    say: Callable[[str], None] = print

    def run(self) -> dict:
        total: dict = {"rounds": 0, "trials": 0, "seeds": [], "violation_count": 0, "found": []}
        while total["rounds"] < self.rounds:
            rounds = min(ROUNDS_PER_TRIAL, self.rounds - total["rounds"])
            seed = self.seed + total["trials"]
            verdict = self._run_trial(seed, rounds, total["rounds"])
            total["rounds"] += rounds
            total["trials"] += 1
            total["seeds"].append(seed)
            violations = verdict.pop("violations")
            total["found"] += [{"seed": seed, "what": what} for what in violations]
            for key, count in verdict.items():
                total[key] = total.get(key, 0) + count
        return total

    def _run_trial(self, seed: int, rounds: int, rounds_before: int) -> dict:
        folder = Path(tempfile.mkdtemp(prefix="kith-campaign-"))
        setting = Setting(folder, seed)
        trial = self.make(setting, rounds)
        trial.on_life = lambda life, count: self.say(
            f"round {rounds_before + life} of {self.rounds}, seed {seed}: "
            f"{count} acknowledged so far"
        )
        try:
            verdict = trial.run()
        except (AssertionError, TimeoutError) as error:
            verdict = {"violation_count": 1, "violations": [f"the trial broke off: {error}"]}
        finally:
            setting.node.kill()
        if verdict["violations"]:
            self.say(f"seed {seed} found something; its journals and data stay in {folder}")
        else:
            shutil.rmtree(folder)
        return verdict


def mutants_are_found(names: list[str], seed: int, say: Callable[[str], None]) -> dict[str, str]:
    """By name, what gave the mutant away; empty if nothing did."""
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="kith-mutant-") as folder:
            setting = Setting(Path(folder), seed)
            try:
                trial = MUTANTS[name](setting, MUTANT_ROUNDS)
                trial.patience_s = MUTANT_PATIENCE_S
                violations = trial.run()["violations"]
            finally:
                setting.node.kill()
        found[name] = violations[0] if violations else ""
        say(f"mutant {name}: {found[name] or 'NOT FOUND'}")
    return found
