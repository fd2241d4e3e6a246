"""Runs the conformance tests against Debian's mosquitto; those that are listed must fail.

python3 tests/conformance/mosquitto.py [ARGUMENT...]    arguments go to tests/conformance

It is started as differences/mosquitto.toml says, on free ports, and stopped in the end.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIFFERENCES = HERE / "differences/mosquitto.toml"
START_S = 10.0


def main() -> int:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    if program is None:
        print("mosquitto is not installed; ./dev conformance installs it", file=sys.stderr)
        return 2
    ports = free_ports(2)
    configuration = tomllib.loads(DIFFERENCES.read_text())["configuration"]
    for port in ports:
        configuration = configuration.replace("PORT", str(port), 1)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(configuration)
        file.flush()
        with subprocess.Popen([program, "-c", file.name], stderr=subprocess.DEVNULL) as broker:
            try:
                wait_for(ports[0])
                return run(ports, sys.argv[1:])
            finally:
                broker.terminate()


def free_ports(count: int) -> list[int]:
    """Free at this moment: mosquitto takes no port 0."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def run(ports: list[int], arguments: list[str]) -> int:
    mqtt, websocket = (f"127.0.0.1:{port}" for port in ports)
    command = [sys.executable, HERE, "--target", mqtt, "--websocket", websocket]
    return subprocess.run(
        [*command, "--differences", DIFFERENCES, *arguments], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
