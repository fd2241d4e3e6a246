"""A network of machines: namespaces of the kernel, each with eth0 on a bridge with multicast.

Machine i (from 1) has 10.77.0.i; on one of IPv6, fd77::i and nothing of IPv4. A namespace lives as
long as a process that holds it.
"""

import shutil
import subprocess

from harness import DEADLINE_S, Process


def can_make_namespaces() -> bool:
    """Whether this user may, and the tools are there."""
    if not all(shutil.which(tool) for tool in ("ip", "unshare", "nsenter")):
        return False
    tried = ["unshare", "--net", "ip", "link", "add", "br0", "type", "bridge"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


class Lan:
    def __init__(self, count: int, ipv6: bool = False):
        self._ipv6 = ipv6
        self._holders = [self._hold() for _ in range(count + 1)]  # the first is the bridge's
        self._bridge("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self._bridge("ip", "link", "set", "br0", "up")
        for i in range(1, count + 1):
            self._plug(i)

    @staticmethod
    def _hold() -> Process:
        holder = Process(["unshare", "--net", "sh", "-c", "echo held; exec cat"],
                         stdin=subprocess.PIPE)  # fmt: skip
        holder.output.wait_for("held")
        return holder

    def _bridge(self, *command) -> None:
        self._run(self._holders[0].pid, *command)

    def _plug(self, i: int) -> None:
        machine = self._holders[i].pid
        self._bridge("ip", "link", "add", f"port{i}", "type", "veth",
                     "peer", "name", "eth0", "netns", str(machine))  # fmt: skip
        self._bridge("ip", "link", "set", f"port{i}", "master", "br0", "up")
        # IPv6 would look for a double of its address for a second.
        address = (f"fd77::{i}/64", "nodad") if self._ipv6 else (f"10.77.0.{i}/24",)
        self._run(machine, "ip", "address", "add", address[0], "dev", "eth0", *address[1:])
        self._run(machine, "ip", "link", "set", "lo", "up")
        self._run(machine, "ip", "link", "set", "eth0", "up")

    @staticmethod
    def _run(pid: int, *command) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["nsenter", "--net", "--target", str(pid), "--", *map(str, command)],
            capture_output=True, text=True, timeout=DEADLINE_S, check=True,
        )  # fmt: skip

    def inside(self, i: int) -> list[str]:
        """What comes before a command that is to run on machine i."""
        return ["nsenter", "--net", "--target", str(self._holders[i].pid), "--"]

    def run(self, i: int, *command) -> str:
        return self._run(self._holders[i].pid, *command).stdout

    def close(self) -> None:
        for holder in self._holders:
            holder.kill()
