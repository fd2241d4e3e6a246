"""The link emulator between two namespaces: the same seed loses the same packets."""

import select
import sys
import time
import unittest

from harness import BINARY, DEADLINE_S, ROOT

sys.path.insert(0, str(ROOT / "tools/mesh_compare"))

import networks  # noqa: E402

EMULATOR = BINARY.with_name("linkemu")
PORT = 7000
MISSING = networks.missing() or networks.missing_emulator(EMULATOR)


@unittest.skipIf(MISSING, MISSING)
class LinkEmulatorTest(unittest.TestCase):
    def wire(self, seed: int) -> networks.Network:
        network = networks.Network(["a", "b"], [("a", "b")], EMULATOR, seed)
        self.addCleanup(network.end)
        self.source = self.datagrams(network["a"], network.address("a", "b"))
        self.sink = self.datagrams(network["b"], network.address("b", "a"))
        self.there = (network.address("b", "a"), PORT)
        return network

    def datagrams(self, place: networks.Place, address: str):
        with place.inside():
            opened = networks.socket.socket(networks.socket.AF_INET, networks.socket.SOCK_DGRAM)
        self.addCleanup(opened.close)
        opened.setsockopt(networks.socket.SOL_SOCKET, networks.socket.SO_RCVBUF, 1 << 20)
        opened.bind((address, PORT))
        opened.settimeout(DEADLINE_S)
        return opened

    def send(self, network, numbers) -> None:
        """All of them into the wire: the kernel's queue before it loses what is too much."""
        before = self.entered(network)
        for count, number in enumerate(numbers, 1):
            self.source.sendto(str(number).encode(), self.there)
            if count % 100 == 0 or count == len(numbers):
                deadline = time.monotonic() + DEADLINE_S
                while self.entered(network) < before + count:
                    self.assertLess(time.monotonic(), deadline)

    @staticmethod
    def entered(network) -> int:
        line = next(line for line in network.counters() if " to b " in line)
        return int(line.split("entered=")[1].split()[0])

    def received(self, count: int) -> list[int]:
        return [int(self.sink.recv(100)) for _ in range(count)]

    def passed(self, seed: int) -> list[int]:
        """Which of 500 datagrams leave a wire that loses a fifth of them."""
        network = self.wire(seed)
        network.order("link a-b loss=20% delay=1ms+-1ms")
        self.send(network, range(500))
        network.order("link a-b clear delay=3ms")
        self.send(network, [-1])
        came = []
        while (number := int(self.sink.recv(100))) >= 0:
            came.append(number)
        network.end()
        return came

    def test_the_same_seed_loses_the_same_packets(self):
        first = self.passed(7)
        self.assertEqual(first, self.passed(7))
        self.assertEqual(first, sorted(first))
        self.assertTrue(350 < len(first) < 450, len(first))
        self.assertNotEqual(first, self.passed(8))

    def test_a_cut_is_for_one_direction(self):
        network = self.wire(1)
        network.order("link a-b to b cut=yes")
        self.send(network, [1])
        self.sink.sendto(b"2", (network.address("a", "b"), PORT))
        self.assertEqual(self.source.recv(100), b"2")
        self.assertFalse(select.select([self.sink], [], [], 0)[0])
        network.order("link a-b cut=no")
        self.send(network, [3])
        self.assertEqual(self.received(1), [3])

    def test_a_delay_is_waited_for(self):
        network = self.wire(1)
        network.order("link a-b to b delay=150ms")
        began = time.monotonic()
        self.send(network, [1])
        self.received(1)
        self.assertGreaterEqual(time.monotonic() - began, 0.15)

    def test_a_line_may_be_for_later(self):
        network = self.wire(1)
        network._tell("t=300ms link * cut=yes")
        deadline = time.monotonic() + DEADLINE_S
        while all("cut=0" in line for line in network.counters()):
            self.assertLess(time.monotonic(), deadline)
            self.source.sendto(b"1", self.there)

    def test_a_wrong_line_ends_it(self):
        network = self.wire(1)
        with self.assertRaises(OSError):
            network.order("link a-c loss=20%")


if __name__ == "__main__":
    unittest.main()
