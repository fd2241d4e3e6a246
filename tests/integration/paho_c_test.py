"""Paho C, as Debian has it."""

import unittest

import client_scenarios
from harness import BINARY
from puppet import Puppet


class PahoC(client_scenarios.Scenarios):
    COMMAND = [BINARY.parent / "tests/integration/kith_paho_c"]

    def puppet_for_a_client(self) -> Puppet:
        """A process each: Paho C has one queue of WebSocket frames for all clients of a process."""
        puppet = Puppet(self.COMMAND)
        self.addCleanup(puppet.kill)
        return puppet


if __name__ == "__main__":
    unittest.main()
