"""Numbered messages through a network at a steady rate, and what became of them."""

import bisect
import math
import threading
import time

from clients import Ended, number_of, payload


class Flow:
    """A thread publishes, another notes what comes. Lists only grow, so both may be read."""

    def __init__(self, system, source: str, target: str, qos: int, rate_per_s: float = 100):
        self.published = []  # when, by number
        self.came = []  # (number, when)
        self._period_s = 1 / rate_per_s
        self._is_over = threading.Event()
        system.subscribe(target, qos, self._note)
        self._publisher = system.publisher(source, qos)
        self._thread = threading.Thread(target=self._publish, daemon=True)
        self._thread.start()

    def _note(self, content: bytes) -> None:
        self.came.append((number_of(content), time.monotonic()))

    def _publish(self) -> None:
        due = time.monotonic()
        try:
            while not self._is_over.is_set():
                number = len(self.published)
                content = payload(number)
                self.published.append(time.monotonic())
                self._publisher.publish(number, content)
                due += self._period_s
                time.sleep(max(0, due - time.monotonic()))
        except Ended:
            pass

    def has_come_since(self, when: float) -> bool:
        """Something that was published after that time."""
        if not self.came:
            return False
        number = self.came[-1][0]
        return number < len(self.published) and self.published[number] > when

    def wait_for_news(self, since: float, within_s: float) -> bool:
        limit = time.monotonic() + within_s
        while not self.has_come_since(since):
            if time.monotonic() > limit:
                return False
            time.sleep(0.005)
        return True

    def stop(self, settle_s: float) -> None:
        """Publishes no more, and waits for what is on its way."""
        self._is_over.set()
        self._thread.join()
        limit = time.monotonic() + settle_s
        while self.lost() and time.monotonic() < limit:
            time.sleep(0.05)

    def lost(self) -> int:
        return len(self.published) - len({number for number, _ in self.came})

    def doubled(self) -> int:
        return len(self.came) - len({number for number, _ in self.came})

    def first_arrivals(self) -> dict:
        arrivals = {}
        for number, when in self.came:
            arrivals.setdefault(number, when)
        return arrivals

    def resumed_after_s(self, struck: float, until: float, arrivals: dict) -> float:
        """How long a message at the worst waited for what happened at `struck`.

        Counted from there for what was published before. One that never came has waited until the
        next one came that was published after it.
        """
        begin = bisect.bisect(self.published, struck - 5)
        end = bisect.bisect(self.published, until)
        worst, next_arrival = 0.0, math.inf
        for number in range(len(self.published) - 1, begin - 1, -1):
            arrival = arrivals.get(number)
            if arrival is not None:
                next_arrival = arrival if number >= end else min(next_arrival, arrival)
            waited = (next_arrival if arrival is None else arrival)
            if number < end and waited > struck:
                worst = max(worst, waited - max(self.published[number], struck))
        return worst


def quantile(values: list, share: float) -> float:
    """By the nearest rank, as the simulator does."""
    rank = max(1, math.ceil(len(values) * share))
    return sorted(values)[rank - 1]
