"""Two clients who keep talking to each other, whatever others do to the node meanwhile."""

import threading

from harness import DEADLINE_S, Address
from mqtt_raw import RawClient

TOPIC = "bystanders/talk"


class Bystanders:
    """While the block runs, each message waits for its answer; it must end without a complaint.

    with Bystanders(node.mqtt) as bystanders: ...
    """

    def __init__(self, address: Address):
        self.exchanged_count = 0
        self._address = address
        self._is_over = threading.Event()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._has_begun = threading.Event()

    def __enter__(self):
        self._thread.start()
        self._has_begun.wait(DEADLINE_S)
        return self

    def __exit__(self, kind, *_):
        self._is_over.set()
        self._thread.join(2 * DEADLINE_S)
        if kind is None and self._thread.is_alive():
            raise AssertionError("the bystanders hang")
        if kind is None and self._problem is not None:
            raise AssertionError(
                f"bystanders disturbed after {self.exchanged_count} messages"
            ) from self._problem

    def _run(self) -> None:
        try:
            with RawClient(self._address) as one, RawClient(self._address) as other:
                one.connect("bystander-one-7c1d")
                other.connect("bystander-other-7c1d")
                other.subscribe(TOPIC, 1)
                while not self._is_over.is_set() or self.exchanged_count == 0:
                    self._exchange(one, other)
                    self._has_begun.set()
        except Exception as problem:  # told by __exit__, on the test's thread
            self._problem = problem
            self._has_begun.set()

    def _exchange(self, one: RawClient, other: RawClient) -> None:
        payload = b"%d" % self.exchanged_count
        one.publish(TOPIC, payload, qos=1)
        got = other.take_message()
        if (got.topic, got.payload) != (TOPIC, payload):
            raise AssertionError(f"{got} instead of {payload!r}")
        self.exchanged_count += 1
