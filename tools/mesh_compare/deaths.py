"""Scenarios in which something between two clients dies, and how long they notice it."""

import signal
import time

import systems
import table
from flow import Flow

SETTLE_S = 1.0  # of undisturbed traffic before each death
ALONE_MAX = 10
LASTED_S = 5.5  # where what dies comes back: a link that lasted 5 s is dialled sooner again


def two_ways(system, strike, mend, options, is_told=False) -> dict:
    """Traffic over one of two relays: `strike` the one that it takes, wait, `mend`.

    `is_told`: its neighbours hear of it from its kernel.
    """
    flow = Flow(system, "left", "right", options.qos)
    if not flow.wait_for_news(0, systems.START_S_MAX):
        raise systems.Failed("nothing arrives")
    struck = []
    for _ in range(repetitions_of(system, options, is_told)):
        system.wait_whole()
        mended = time.monotonic()
        if not flow.wait_for_news(mended, options.patience):
            raise systems.Failed("nothing arrives after it was mended")
        time.sleep(SETTLE_S)
        victim = system.relay("left", "right")
        at = time.monotonic()
        strike(system, victim)
        resumed = flow.wait_for_news(at + 0.4, options.patience)
        struck.append((at, time.monotonic(), resumed))
        mend(system, victim)
    flow.stop(settle_s_of(system))
    return verdict(flow, struck, options)


def verdict(flow: Flow, struck: list, options) -> dict:
    arrivals = flow.first_arrivals()
    waits = [flow.resumed_after_s(at, until, arrivals) for at, until, _ in struck]
    gave_up = sum(not resumed for _, _, resumed in struck)
    shown = {"repetitions": len(struck)}
    shown |= table.of_times([wait * 1000 for wait in waits], 1)
    if gave_up:
        shown[f"mended before it resumed, after {options.patience:.0f} s"] = gave_up
    shown |= {"published": len(flow.published), "lost": flow.lost(), "twice": flow.doubled()}
    return shown


def repetitions_of(system, options, is_told: bool) -> int:
    if isinstance(system, systems.Kith):
        return options.repetitions
    count = min(options.repetitions, options.peer_repetitions)
    return count if is_told or system.is_tuned else min(count, 1)


def settle_s_of(system) -> float:
    """JetStream sends again after 30 s by default."""
    return getattr(system, "ack_wait_s", 4) * 2 + 5


def kill(system, options) -> dict:
    def strike(system, victim):
        system.signal(victim, signal.SIGKILL)

    def mend(system, victim):
        system.revive(victim)

    return two_ways(system, strike, mend, options, is_told=True)


def freeze(system, options) -> dict:
    def strike(system, victim):
        system.signal(victim, signal.SIGSTOP)

    def mend(system, victim):
        system.signal(victim, signal.SIGCONT)
        system.renew(victim)

    return two_ways(system, strike, mend, options)


def cut(system, options) -> dict:
    def strike(system, victim):
        system.network.cut("left", victim)

    def mend(system, victim):
        system.network.heal("left")
        system.renew(victim)

    return two_ways(system, strike, mend, options)


def one_way(system, options) -> dict:
    def strike(system, victim):
        system.network.cut(victim, "left", ["in"])

    def mend(system, victim):
        system.network.heal(victim)
        system.renew(victim)

    return two_ways(system, strike, mend, options)


def crash_alone(system, options) -> dict:
    """The only relay is killed; after half a second it starts again."""
    flow = Flow(system, "left", "right", options.qos)
    if not flow.wait_for_news(0, systems.START_S_MAX):
        raise systems.Failed("nothing arrives")
    struck = []
    for _ in range(min(repetitions_of(system, options, True), ALONE_MAX)):
        system.wait_whole()
        if not flow.wait_for_news(time.monotonic(), options.patience):
            raise systems.Failed("nothing arrives after it was mended")
        time.sleep(LASTED_S)
        system.signal("middle", signal.SIGKILL)
        time.sleep(0.5)
        system.revive("middle")
        at = time.monotonic()
        resumed = flow.wait_for_news(at, options.patience)
        struck.append((at, time.monotonic(), resumed))
    flow.stop(settle_s_of(system))
    return verdict(flow, struck, options)
