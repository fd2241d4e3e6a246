"""Campaigns: the same tests as always, but long, and with other seeds.

python3 tests/campaign sigkill|powercut [--rounds N] [--seed S] [--mutants NAMES|all|none] [--json]
python3 tests/campaign soak [--minutes M] [--clients N] [--seed S] [--json]

KITH_BINARY names the node; what a campaign finds it names with the seed that repeats it. Exit
status 1 if it found something, or if a mutant was not found.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import deaths  # noqa: E402: behind the path to what it includes
import soak  # noqa: E402
from swarm import Pace  # noqa: E402

FOUND_SHOWN_MAX = 20
QUICK_SLOPE_BYTES_PER_MINUTE_MAX = 64 * 1024 * 1024


def main() -> int:
    options = parse()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"campaign: {text}", file=sys.stderr if options.json else sys.stdout, flush=True)

    report = {"campaign": options.kind, "seed": options.seed, **run(options, say)}
    report["wall_s"] = round(time.monotonic() - started, 1)
    if options.json:
        print(json.dumps(report))
    else:
        summarize(report, say)
    missed = [name for name, how in report.get("mutants", {}).items() if not how]
    return 1 if report["found"] or missed else 0


def parse():
    parser = argparse.ArgumentParser(prog="campaign", description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, rounds, about in (
        ("sigkill", 200, "kill a loaded node with SIGKILL, again and again"),
        ("powercut", 20, "cut the power of a loaded node, on a disk that forgets"),
    ):
        kind = kinds.add_parser(name, help=about)
        kind.add_argument("--rounds", type=int, default=rounds, help=f"deaths; {rounds}")
        kind.add_argument(
            "--mutants",
            default="all",
            metavar="NAME,...",
            help=f"broken nodes that must be found; all, none, or of: {', '.join(deaths.MUTANTS)}",
        )
    kind = kinds.add_parser("soak", help="thousands of clients that come, talk and die")
    kind.add_argument("--minutes", type=float, default=10.0, help="10")
    kind.add_argument("--clients", type=int, default=5000, help="5000")
    kind.add_argument("--quick", action="store_true", help="short lives, for a short time")
    for kind in kinds.choices.values():
        kind.add_argument("--seed", type=int, default=1, help="what happens follows from it; 1")
        kind.add_argument("--json", action="store_true", help="one object in the end")
    return parser.parse_args()


def run(options, say) -> dict:
    if options.kind == "soak":
        return run_soak(options, say)
    make = {"sigkill": deaths.sigkill, "powercut": deaths.powercut}[options.kind]
    report = deaths.Campaign(make, options.rounds, options.seed, say).run()
    chosen = {"all": list(deaths.MUTANTS), "none": []}.get(options.mutants)
    names = options.mutants.split(",") if chosen is None else chosen
    report["mutants"] = deaths.mutants_are_found(names, options.seed, say)
    return report


def run_soak(options, say) -> dict:
    """Quick ones are too short for a slope that means anything: only a gross leak shows."""
    # Under AddressSanitizer, what is freed is kept back for as long as there is room for it.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    pace = Pace((0.5, 4.0), (0.1, 0.5), 0.5) if options.quick else Pace()
    campaign = soak.Soak(options.minutes, options.clients, options.seed, say, pace)
    if options.quick:
        campaign.slope_bytes_per_minute_max = QUICK_SLOPE_BYTES_PER_MINUTE_MAX
    return campaign.run()


def summarize(report: dict, say) -> None:
    for found in report["found"][:FOUND_SHOWN_MAX]:
        say(f"FOUND with seed {found['seed']}: {found['what']}")
    facts = {key: value for key, value in report.items() if not isinstance(value, (list, dict))}
    for key, value in report.items():
        if isinstance(value, dict) and key != "mutants":
            say(f"{key}: " + ", ".join(f"{name} {each}" for name, each in value.items()))
    say(", ".join(f"{key} {value}" for key, value in facts.items()))


if __name__ == "__main__":
    sys.exit(main())
