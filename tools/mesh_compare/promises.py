"""Scenarios in which nothing dies: what arrives over bad wires, at once, and after a partition."""

import threading
import time

import systems
import table
from clients import Ended, number_of, payload
from flow import Flow

LOSS = "20%"


def lossy(system, options) -> dict:
    """Every wire of a line loses; publishes at 10/s, then waits for all."""
    system.network.order(f"link * loss={LOSS} delay=1ms")
    began = time.monotonic()
    first, last = system.shape.names[0], system.shape.names[-1]
    flow = Flow(system, first, last, 1, rate_per_s=10)
    while len(flow.published) < options.messages:
        time.sleep(0.05)
    flow.stop(options.patience)
    arrivals = flow.first_arrivals()
    waits = [when - flow.published[number] for number, when in arrivals.items()]
    shown = {"published, QoS 1": len(flow.published), "lost": flow.lost(), "twice": flow.doubled()}
    shown |= table.of_times(waits, 1, "s")
    shown["all in, s"] = time.monotonic() - began
    return shown


def first_publish(system, options) -> dict:
    """A new subscriber at one end; as its SUBACK is there, a message is published at the other."""
    missed, took = 0, []
    source = system.publisher("right", 0)
    for number in range(options.first_repetitions):
        came = threading.Event()

        def note(content, number=number, came=came):
            if number_of(content) == number:
                came.set()

        began = time.monotonic()
        topic = f"first/{number}"  # of which nobody has heard
        subscriber = system.subscribe("left", 0, note, topic)
        took.append((time.monotonic() - began) * 1000)
        source.publish(number, payload(number), topic)
        missed += not came.wait(1)
        subscriber.close()
    return {"repetitions": options.first_repetitions, "missed": missed} | {
        f"connect and subscribe {name}": value for name, value in table.of_times(took, 1).items()
    }


def partition(system, options) -> dict:
    """The wire between two is cut, QoS 1 is published on one side, then it is mended."""
    came = []
    system.subscribe("right", 1, lambda content: came.append(number_of(content)))
    publisher = system.publisher("left", 1)
    publisher.publish(0, payload(0))
    systems.wait_until(lambda: came, "the first message")
    system.network.cut("left", "right")
    cut_at = time.monotonic()
    time.sleep(options.partition_s / 2)
    taken = publish_all(publisher, options.partition_messages, options.patience)
    published_s = time.monotonic() - cut_at
    time.sleep(max(0, options.partition_s - published_s))
    system.network.heal("left")
    healed = time.monotonic()
    wanted = options.partition_messages + 1
    limit = healed + options.patience
    first_s = None
    while len(set(came)) < wanted and time.monotonic() < limit:
        if first_s is None and len(came) > 1:
            first_s = time.monotonic() - healed
        time.sleep(0.02)
    distinct = len(set(came))
    shown = {"published, QoS 1": wanted, "acknowledged to the publisher": taken}
    shown |= {"cut for, s": healed - cut_at, "lost": wanted - distinct}
    shown |= {"twice": len(came) - distinct}
    shown["first after, s"] = "never" if first_s is None else first_s
    shown["all after, s"] = time.monotonic() - healed if distinct == wanted else "never"
    return shown


def publish_all(publisher, count: int, within_s: float) -> int:
    """With 1,000 under way at the most. How many were acknowledged."""
    limit = time.monotonic() + within_s
    before = publisher.acknowledged
    for number in range(1, count + 1):
        while number - (publisher.acknowledged - before) > 1000:
            if time.monotonic() > limit:
                return publisher.acknowledged - before
            time.sleep(0.001)
        try:
            publisher.publish(number, payload(number))
        except Ended:
            break
    while publisher.acknowledged - before < count and time.monotonic() < limit:
        time.sleep(0.01)
    return publisher.acknowledged - before
