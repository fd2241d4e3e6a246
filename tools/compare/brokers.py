"""Brokers to measure: started afresh on a free port of the loopback, stopped by their pid."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cases import Case, Setup

READY_S_MAX = 20
STOP_S_MAX = 10
POLL_S = 0.001  # fine: the time until a broker is ready is measured, too

# MQTT 3.1.1 CONNECT with a clean session, the client id "ready" and a keep-alive of 60 s.
CONNECT = bytes.fromhex("1011 0004 4d515454 04 02 003c 0005 7265616479")
CONNACK_ACCEPTED = bytes.fromhex("2002 0000")

# Its defaults, but: no log, no delay on small writes (which it ships off), and as long a queue as
# Kith's, so that neither drops what the other keeps. docs/guide/measure.md shows both.
MOSQUITTO_SETTINGS = """\
listener {port} 127.0.0.1
allow_anonymous true
log_type none
set_tcp_nodelay true
max_queued_messages 10000
"""
WITHOUT_PERSISTENCE = "persistence false\n"
# What it promises at most: everything is written once a second, and not synced. As Debian ships it
# it writes every 30 minutes.
WITH_PERSISTENCE = """\
persistence true
persistence_location {folder}/
autosave_interval 1
"""

# Its defaults, but: a port, everybody let in, its log out of the way. It keeps sessions in a folder
# of its own, which it writes from time to time, whatever the case wants.
FLASHMQ_SETTINGS = """\
allow_anonymous true
quiet true
log_file {folder}/log
storage_dir {folder}/data
{more}
listen {{
    protocol mqtt
    inet_protocol ip4
    inet4_bind_address 127.0.0.1
    port {port}
    {listen}
}}
"""


# A role as a machine may have one. The second rule allows the load's topics, bench-.../NUMBER.
TOPIC_ROLE = "bench"
MACHINE = "press-07"
TOPIC_RULES = """\
allow both plant/${machine}/#
allow both +/+
allow subscribe alarms/#
"""

DEFAULT_SETUP = Setup()


class BrokerError(Exception):
    """A broker did not start, or ended before it was stopped."""


@dataclass
class Running:
    name: str
    address: str  # HOST:PORT
    pid: int
    ready_ms: float  # from its start until it accepts a client
    token: str = ""  # for the load; empty: it needs none


class Broker:
    name: str

    def __init__(self, program: str):
        self._program = program

    def is_there(self) -> bool:
        return shutil.which(self._program) is not None

    def can(self, case: Case) -> bool:
        return not case.is_for_kith


class Mosquitto(Broker):
    name = "mosquitto"

    def version(self) -> str:
        """`mosquitto version 2.0.11` is the first line of its help."""
        done = subprocess.run([self._program, "-h"], capture_output=True, text=True, check=False)
        return done.stdout.partition("\n")[0].removeprefix("mosquitto version ").strip()

    @contextmanager
    def running(self, setup: Setup = DEFAULT_SETUP):
        # It gives up its rights when root starts it, but not to a folder that it cannot write to.
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            settings = Path(folder) / "mosquitto.conf"
            port = free_port()
            kept = WITH_PERSISTENCE if setup.persistence else WITHOUT_PERSISTENCE
            settings.write_text((MOSQUITTO_SETTINGS + kept).format(port=port, folder=folder))
            with started([self._program, "-c", str(settings)], Path(folder)) as process:
                address = f"127.0.0.1:{port}"
                wait_until(process, lambda: accepts_mqtt(address), self.name)
                yield Running(self.name, address, process.pid, process.age_ms())


class FlashMq(Broker):
    """FlashMQ as it comes."""

    name = "flashmq"
    more = listen = ""

    def version(self) -> str:
        """`FlashMQ Version 1.26.2` is the first line, a license follows."""
        done = subprocess.run([self._program, "-V"], capture_output=True, text=True, check=False)
        return done.stdout.partition("\n")[0].removeprefix("FlashMQ Version ").strip()

    @contextmanager
    def running(self, setup: Setup = DEFAULT_SETUP):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "data").mkdir()
            settings = Path(folder) / "flashmq.conf"
            port = free_port()
            places = {"port": port, "folder": folder, "more": self.more, "listen": self.listen}
            settings.write_text(FLASHMQ_SETTINGS.format(**places))
            with started([self._program, "-c", str(settings)], Path(folder)) as process:
                address = f"127.0.0.1:{port}"
                wait_until(process, lambda: accepts_mqtt(address), self.name)
                yield Running(self.name, address, process.pid, process.age_ms())


class FlashMqOneThread(FlashMq):
    """The same with one thread and without delay of small writes, as it is fastest."""

    name = "flashmq-1"
    more = "thread_count 1"
    listen = "tcp_nodelay true"


class Ceiling(Broker):
    """What one thread could reach: bench/ceiling."""

    name = "ceiling"

    def version(self) -> str:
        return ""

    def can(self, case: Case) -> bool:
        return case.is_for_ceiling

    @contextmanager
    def running(self, setup: Setup = DEFAULT_SETUP):
        with tempfile.TemporaryDirectory() as folder:
            with started([self._program], Path(folder)) as process:
                output = Path(folder) / "output"
                wait_until(process, lambda: ready_address(output), self.name)
                yield Running(self.name, ready_address(output), process.pid, process.age_ms())


class Kith(Broker):
    """A worker for each core that it may run on, which is the default."""

    name = "kith"
    more: tuple[str, ...] = ()

    def version(self) -> str:
        command = [self._program, "version"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip().removeprefix("kith ")

    def can(self, case: Case) -> bool:
        return True

    def token(self, data: str) -> str:
        """Of a machine with the topic role TOPIC_ROLE, which is made for it."""
        self._tool(["config", "acl", "set", TOPIC_ROLE, "--data", data], TOPIC_RULES)
        self._tool(["machine", "add", MACHINE, "--data", data])
        token = ["token", "create", "--role", "machine", "--topics", TOPIC_ROLE]
        printed = self._tool([*token, "--machine", MACHINE, "--data", data, "--json"])
        return json.loads(printed)["token"]

    def _tool(self, arguments: list[str], words: str = "") -> str:
        command = [self._program, *arguments]
        done = subprocess.run(command, input=words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    @contextmanager
    def running(self, setup: Setup = DEFAULT_SETUP):
        with tempfile.TemporaryDirectory() as folder:
            token = self.token(f"{folder}/data") if setup.topic_roles else ""
            other = "127.0.0.1:0" if setup.all_listeners else "off"
            command = [self._program, "run", "--data", f"{folder}/data", "--mqtt", "127.0.0.1:0"]
            command += ["--mqtts", other, "--http", other, *self.more]
            if setup.workers is not None:
                command += ["--workers", str(setup.workers)]
            with started(command, Path(folder)) as process:
                output = Path(folder) / "output"
                wait_until(process, lambda: ready_address(output), self.name)
                address = ready_address(output)
                wait_until(process, lambda: accepts_mqtt(address), self.name)
                yield Running(self.name, address, process.pid, process.age_ms(), token)


class KithOneWorker(Kith):
    name = "kith-1"
    more = ("--workers", "1")

    def can(self, case: Case) -> bool:
        return not case.is_for_kith


@contextmanager
def started(command: list[str], folder: Path):
    """The process, with its output in the file `output` of the folder; stopped at the end."""
    began = time.monotonic()
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    process.output = folder / "output"
    process.age_ms = lambda: 1000 * (time.monotonic() - began)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(process: subprocess.Popen, is_ready, name: str) -> None:
    deadline = time.monotonic() + READY_S_MAX
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            why = "does not answer" if process.poll() is None else f"ended with {process.poll()}"
            raise BrokerError(f"{name} {why}: {process.output.read_text(errors='replace')[-500:]}")
        time.sleep(POLL_S)


def ready_address(output: Path) -> str | None:
    """The address of MQTT in the line by which a program says that it serves."""
    for line in output.read_text(errors="replace").splitlines():
        if line.startswith(("kith: ready ", "kith_ceiling: ready ")):
            for word in line.split():
                if word.startswith("mqtt="):
                    return word.removeprefix("mqtt=")
    return None


def accepts_mqtt(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1) as connection:
            connection.sendall(CONNECT)
            return connection.recv(4) == CONNACK_ACCEPTED
    except OSError:
        return False


def free_port() -> int:
    """A port that was free a moment ago; mosquitto cannot be asked to take any."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
