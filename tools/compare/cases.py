"""What is measured: the scenarios of `kith bench` with their settings, and how the brokers run."""

import resource
from dataclasses import dataclass

# Descriptors that are not idle connections, in the load generator and in a broker.
OTHER_DESCRIPTORS = 200


@dataclass(frozen=True)
class Setup:
    """How a broker is started for a case."""

    # Peers keep sessions and messages if they can: mosquitto writes them every second. Kith always
    # keeps them.
    persistence: bool = False
    # Kith with its console and TLS, which a load over plain MQTT does not need.
    all_listeners: bool = False
    # Kith with so many workers, one a core by default.
    workers: int | None = None
    # Kith with a token for the load whose topic role does not simply allow everything.
    topic_roles: bool = False


@dataclass(frozen=True)
class Case:
    title: str
    scenario: str  # START is none of kith bench's
    options: tuple[str, ...] = ()
    setup: Setup = Setup()
    seconds: float = 3
    warm_up_s: float = 1

    @property
    def is_for_kith(self) -> bool:
        """Compares Kith with itself."""
        return self.setup.workers is not None or self.setup.topic_roles

    @property
    def is_for_ceiling(self) -> bool:
        is_kept = "--durable" in self.options
        return self.scenario in CEILING_SCENARIOS and not is_kept and not self.is_for_kith

    def arguments(self, seconds: float | None) -> list[str]:
        times = ["--seconds", str(seconds or self.seconds), "--warm-up", str(self.warm_up_s)]
        return [self.scenario, *times, *self.options]


# Measured without load: the time until a broker answers, and what it then holds.
START = "start"

KEEPS = Setup(persistence=True)

# What bench/ceiling can do, unless a session is to be kept.
CEILING_SCENARIOS = {
    "one-to-one",
    "one-to-many",
    "many-to-one",
    "pairs",
    "qos1",
    "qos1-pairs",
    "latency",
}



def inside_kith(title: str, scenario: str, options: tuple[str, ...] = ()) -> list[Case]:
    """The same with one worker and with two, by where the clients are; and with topic roles."""
    two = Setup(workers=2)
    roles = Setup(workers=2, topic_roles=True)
    return [
        Case(f"{title}, 1 worker", scenario, options, Setup(workers=1)),
        Case(f"{title}, 2 workers, same one", scenario, (*options, "--placement", "same"), two),
        Case(f"{title}, 2 workers, across", scenario, (*options, "--placement", "cross"), two),
        Case(f"{title}, 2 workers, mixed", scenario, options, two),
        Case(f"{title}, same one, topic roles", scenario, (*options, "--placement", "same"), roles),
    ]


CASES = [
    Case("start", START, setup=Setup(all_listeners=True)),
    Case("one-to-one, open loop", "one-to-one"),
    Case("one-to-one, window 2,000", "one-to-one", ("--window", "2000")),
    *inside_kith("one-to-one, window 2,000", "one-to-one", ("--window", "2000")),
    Case("one-to-many, 500, window 64", "one-to-many"),
    Case("one-to-many, 500, one at a time", "one-to-many", ("--window", "1")),
    Case("many-to-one, 200, window 4,000", "many-to-one"),
    Case("pairs, 50, window 100", "pairs"),
    Case("qos1, 20 in flight", "qos1"),
    *inside_kith("qos1, 20 in flight", "qos1"),
    Case("qos1-pairs, 50, 20 in flight", "qos1-pairs"),
    Case("qos2, 20 in flight", "qos2"),
    Case("qos1, durable, 20 in flight", "qos1", ("--durable",), KEEPS),
    Case(
        "qos1-pairs, 50, durable, 100 in flight",
        "qos1-pairs",
        ("--durable", "--window", "100"),
        KEEPS,
    ),
    Case("latency at 2,000/s", "latency"),
    Case("latency at 2,000/s, QoS 1", "latency", ("--qos", "1")),
    Case("latency at 2,000/s, 40,000/s beside", "latency", ("--background", "40000")),
    Case("idle", "idle", seconds=1),
    Case(
        "subscriptions, 1,000,000 of 100 clients",
        "subscriptions",
        ("--count", "1000000", "--connections", "100"),
    ),
    Case("retained, 500,000", "retained", ("--count", "500000"), KEEPS),
]


def cases_of(scenarios: list[str]) -> list[Case]:
    """The cases of these scenarios; one with its defaults for a scenario that has none."""
    return [
        case
        for name in scenarios
        for case in [each for each in CASES if each.scenario == name] or [Case(name, name)]
    ]


def provide_descriptors() -> int:
    """Raises the soft limit, which the brokers inherit, to the hard one and returns that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def within(cases: list[Case], descriptors: int) -> list[Case]:
    """The cases with as many idle connections as a process may have descriptors."""
    connections = min(19_000, descriptors - OTHER_DESCRIPTORS)
    sized = ("--connections", str(connections))
    return [
        Case(f"idle, {connections:,}", case.scenario, sized, case.setup, case.seconds)
        if case.scenario == "idle"
        else case
        for case in cases
    ]
