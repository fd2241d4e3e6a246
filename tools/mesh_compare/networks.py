"""Computers and wires: namespaces of the kernel, each pair of which may have a wire.

A wire is a pair of veth devices, or, where it is to lose or delay, a link of linkemu. A node
reaches its neighbour by the address of its end of their wire. A namespace lives as long as a
process that holds it, and everything here ends with this program, however that ends.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
CLONE_NEWNS = 0x00020000
COMMAND_S_MAX = 20
ETHERNET_BYTES = 14
PROGRAM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str:
    """Why there can be no namespaces here, or nothing."""
    for tool in ("ip", "unshare", "nsenter", "setpriv"):
        if shutil.which(tool, path=PROGRAM_PATH) is None:
            return f"{tool} is not installed"
    tried = ["unshare", "--net", "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"]
    if subprocess.run(tried, capture_output=True, check=False).returncode != 0:
        return "network namespaces are not permitted"
    return ""


def leave_mounts() -> None:
    """What this thread and its children mount from now on ends with them."""
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def missing_firewall() -> str:
    return "" if shutil.which("nft", path=PROGRAM_PATH) else "nft is not installed"


def missing_emulator(program) -> str:
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun may not be opened"
    return "" if os.access(program, os.X_OK) else f"{program} is not built"


class Child:
    """A process that ends with this one. Made by the main thread, whose end it shares."""

    def __init__(self, command, **options):
        guarded = ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)]
        self.process = subprocess.Popen(guarded, **options)

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


class Place:
    """One computer: a namespace with a loopback."""

    def __init__(self, name: str):
        self.name = name
        self._holder = Child(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo held; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self._holder.process.stdout.readline() != "held\n":
            raise OSError(f"no namespace for {name}")
        self.path = f"/proc/{self._holder.pid}/ns/net"

    def command(self, *command) -> list[str]:
        return ["nsenter", f"--net={self.path}", "--", *map(str, command)]

    def start(self, *command, **options) -> Child:
        return Child(self.command(*command), **options)

    def run(self, *command, stdin: str = "") -> str:
        done = subprocess.run(
            self.command(*command), input=stdin, capture_output=True, text=True,
            timeout=COMMAND_S_MAX, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            what = " ".join(map(str, command[:4]))
            raise OSError(f"{what} at {self.name}: {done.stderr.strip()}")
        return done.stdout

    @contextlib.contextmanager
    def inside(self):
        """This thread is there: sockets that it makes stay there."""
        with open("/proc/thread-self/ns/net") as home, open(self.path) as there:
            self._enter(there)
            try:
                yield
            finally:
                self._enter(home)

    @staticmethod
    def _enter(network) -> None:
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def connect(self, port: int, host: str = "127.0.0.1", timeout_s: float = 5) -> socket.socket:
        with self.inside():
            stream = socket.create_connection((host, port), timeout=timeout_s)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.settimeout(None)
        return stream

    def link_bytes(self, device: str) -> tuple[int, int]:
        """What a veth has received and sent, from the headers of IP on."""
        for line in self.run("cat", "/proc/net/dev").splitlines():
            name, _, numbers = line.partition(":")
            if name.strip() == device:
                fields = numbers.split()
                received = int(fields[0]) - ETHERNET_BYTES * int(fields[1])
                return received, int(fields[8]) - ETHERNET_BYTES * int(fields[9])
        raise OSError(f"no {device} at {self.name}")

    def end(self) -> None:
        self._holder.end()


class Network:
    """Places by name, and wires between them: pairs of names."""

    def __init__(self, names, wires, emulator=None, seed: int = 1):
        self.places = {}
        self._emulator = None
        self._lock = threading.Lock()
        self._addresses = {}  # (of, towards): the address of the one on the wire to the other
        try:
            for name in names:
                self.places[name] = Place(name)
            for number, (a, b) in enumerate(wires):
                self._addresses[a, b] = f"10.{number + 1}.0.1"
                self._addresses[b, a] = f"10.{number + 1}.0.2"
            if emulator is None:
                for a, b in wires:
                    self._plug(a, b)
            else:
                self._emulate(emulator, seed, wires)
        except BaseException:
            self.end()
            raise

    def __getitem__(self, name: str) -> Place:
        return self.places[name]

    def address(self, of: str, towards: str) -> str:
        return self._addresses[of, towards]

    def all_addresses(self) -> list[str]:
        return list(self._addresses.values())

    def neighbors(self, of: str) -> list[str]:
        return [b for a, b in self._addresses if a == of]

    @staticmethod
    def device(towards: str) -> str:
        return f"to-{towards}"

    def _plug(self, a: str, b: str) -> None:
        far = self.places[b]
        self.places[a].run("ip", "link", "add", self.device(b), "type", "veth", "peer", "name",
                           self.device(a), "netns", str(far._holder.pid))  # fmt: skip
        for of, towards in ((a, b), (b, a)):
            place = self.places[of]
            place.run("ip", "address", "add", self.address(of, towards), "peer",
                      self.address(towards, of) + "/32", "dev", self.device(towards))  # fmt: skip
            place.run("ip", "link", "set", self.device(towards), "up")

    def _emulate(self, program, seed: int, wires) -> None:
        command = [program, "--seed", seed]
        for a, b in wires:
            ends = [f"{self.places[of].path}:{self.device(to)}:{self.address(of, to)}"
                    for of, to in ((a, b), (b, a))]  # fmt: skip
            command += ["--link", f"{a}-{b}={','.join(ends)}"]
        self._emulator = Child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._emulator.process.stdout.readline() != "linkemu: ready\n":
            raise OSError("linkemu did not start")

    def order(self, line: str) -> None:
        """To linkemu, which has done it when this returns: "link a-b to b loss=20%"."""
        with self._lock:
            self._tell(line)
            answer = self._emulator.process.stdout.readline()
        if not answer.startswith("done"):
            raise OSError(f"linkemu: {line}: {answer}")

    def counters(self) -> list[str]:
        """What linkemu has counted, a line for each direction of each wire."""
        lines = []
        with self._lock:
            self._tell("counters")
            while not (line := self._emulator.process.stdout.readline()).startswith("counted"):
                if not line:
                    raise OSError("linkemu has ended")
                lines.append(line.strip())
        return lines

    def _tell(self, line: str) -> None:
        self._emulator.process.stdin.write(line + "\n")
        self._emulator.process.stdin.flush()

    def cut(self, at: str, towards: str, directions=("in", "out")) -> None:
        """At one end of the wire, by the firewall: nothing passes, and nobody is told."""
        rules = "add table inet cut\n"
        for direction in directions:
            hook, which = ("input", "iifname") if direction == "in" else ("output", "oifname")
            rules += f"add chain inet cut {hook} {{ type filter hook {hook} priority 0; }}\n"
            rules += f'add rule inet cut {hook} {which} "{self.device(towards)}" drop\n'
        self.places[at].run("nft", "-f", "-", stdin=rules)

    def heal(self, at: str) -> None:
        self.places[at].run("nft", "delete", "table", "inet", "cut")

    def end(self) -> None:
        if self._emulator is not None:
            self._emulator.end()
        for place in self.places.values():
            place.end()
