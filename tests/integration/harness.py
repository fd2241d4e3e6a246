"""Starts the program under test, waits for it by its own lines, stops it by its own pid.

Every wait has an end: DEADLINE_S, far above what is needed, so that reaching it means that
something hangs. No wait is a sleep: output arrives through threads that read pipes.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

Address = tuple[str, int]

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("KITH_BINARY", ROOT / "build/dev/kith"))
SANITIZER_REPORT = re.compile(
    r"(ERROR: (Address|Leak)|WARNING: Thread)Sanitizer|runtime error:|CHECK failed"
)


def is_sanitized(binary: Path) -> bool:
    """Whether a program was built with a sanitizer, which makes it slow and large."""
    if not binary.exists():  # the tests are for something else
        return False
    code = binary.read_bytes()
    return b"__asan_init" in code or b"__tsan_init" in code


SANITIZED = is_sanitized(BINARY)
DEADLINE_S = float(os.environ.get("KITH_DEADLINE_S", 60.0 if SANITIZED else 20.0))


class Output:
    """The lines of a pipe, as they come."""

    def __init__(self, pipe):
        self._lines: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe) -> None:
        with pipe:
            for line in pipe:
                with self._changed:
                    self._lines.append(line.decode(errors="replace").rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def text(self) -> str:
        with self._changed:
            return "\n".join(self._lines)

    def line_count(self) -> int:
        with self._changed:
            return len(self._lines)

    def wait_for(self, pattern: str, from_line: int = 0, within_s: float = DEADLINE_S) -> re.Match:
        """The first line from `from_line` on in which the pattern is found."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while True:
                for i in range(from_line, len(self._lines)):
                    if match := re.search(pattern, self._lines[i]):
                        return match
                from_line = len(self._lines)
                if self._ended:
                    raise AssertionError(f"ended without a line that matches {pattern!r}")
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no line that matches {pattern!r} in time")

    def wait_for_end(self) -> str:
        """Everything, once the process has closed its side."""
        self._thread.join(DEADLINE_S)
        if self._thread.is_alive():
            raise TimeoutError("the output does not end")
        return self.text()


class Process:
    """A program that runs on. It ends with the test, however that ends."""

    def __init__(self, command: list, environment: dict | None = None, stdin=subprocess.DEVNULL):
        self.command = [str(each) for each in command]
        # PR_SET_PDEATHSIG, so that nothing outlives a test that is killed.
        guarded = ["setpriv", "--pdeathsig", "KILL", "--", *self.command]
        self._process = subprocess.Popen(
            guarded,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | (environment or {}),
        )
        self.output = Output(self._process.stdout)
        self.errors = Output(self._process.stderr)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        """On its stdin, which was asked for with stdin=subprocess.PIPE."""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, within_s: float = DEADLINE_S) -> int:
        """The exit status, with all output read."""
        status = self._process.wait(within_s)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.output.wait_for_end()
        self.errors.wait_for_end()
        return status

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def report(self) -> str:
        return f"{' '.join(self.command)}\n{self.output.text()}\n{self.errors.text()}"


class Node(Process):
    """`kith run`, ready when made. Listeners are off, but MQTT, unless asked for."""

    def __init__(self, data: Path, *arguments, command: list | None = None, **options):
        self.data = data
        listeners = ["--mqtt", "127.0.0.1:0", "--mqtts", "off", "--http", "off"]
        super().__init__(
            [*(command or [BINARY, "run"]), "--data", data, *listeners, *arguments], **options
        )
        self.addresses: dict[str, Address] = {}

    def wait_until_ready(self, within_s: float = DEADLINE_S) -> "Node":
        line = self.output.wait_for(r"^kith: ready (.*)", within_s=within_s).group(1)
        for word in line.split():
            name, _, address = word.partition("=")
            host, _, port = address.rpartition(":")
            self.addresses[name] = (host.strip("[]"), int(port))
        return self

    @property
    def mqtt(self) -> Address:
        return self.addresses["mqtt"]

    @property
    def ca_file(self) -> Path:
        return self.data / "ca.pem"

    def stop(self) -> None:
        """As an operator does; anything but a clean end fails the test."""
        self.signal(signal.SIGTERM)
        status = self.wait()
        if status != 0:
            raise AssertionError(f"the node ended with {status}:\n{self.report()}")
        self.check_sanitizers()

    def check_sanitizers(self) -> None:
        if SANITIZER_REPORT.search(self.errors.text()):
            raise AssertionError(f"a sanitizer or a check reports:\n{self.report()}")

    def resident_bytes(self) -> int:
        return self.status_bytes("VmRSS")

    def own_bytes(self) -> int:
        """What is resident of its own memory: all but the files that are mapped."""
        return self.status_bytes("RssAnon")

    def status_bytes(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the node is gone")


def kith(*arguments, check: bool = True) -> subprocess.CompletedProcess:
    """Runs a command of the program to its end."""
    done = subprocess.run(
        [BINARY, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"kith {arguments} ended with {done.returncode}: {done.stderr}")
    return done


def create_token(data: Path, role: str = "machine") -> dict:
    """With the keys token and id."""
    return json.loads(kith("token", "create", "--data", data, "--role", role, "--json").stdout)


class NodeCase(unittest.TestCase):
    """A test with a directory of its own and nodes that are stopped, and checked, at its end."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kith-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start_node(self, *arguments, data: Path | None = None, **options) -> Node:
        node = Node(data or self.folder / "data", *arguments, **options)
        self.addCleanup(self._end, node)
        return node.wait_until_ready()

    def _end(self, node: Node) -> None:
        if node.is_running():
            node.stop()
        node.check_sanitizers()
