"""Runs the conformance tests against a mesh of three nodes; those that are listed must fail.

python3 tests/conformance/mesh.py [ARGUMENT...]    arguments go to tests/conformance

A client is on the node that its client id hashes to, so that most talk across nodes; one that is
assigned its id finds its session elsewhere. The nodes are in a line, on free ports, and stopped in
the end.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from harness import DEADLINE_S, Address  # noqa: E402
from mesh_nodes import MeshCase  # noqa: E402

DIFFERENCES = HERE / "differences/mesh.toml"
NODES = ("left", "middle", "right")
CONNECT_BYTES_MAX = 64 * 1024


def client_id_of(packet: bytes) -> bytes | None:
    """Of a CONNECT; nothing if there is not enough of it yet, empty if it is no CONNECT."""
    if not packet:
        return None
    if packet[0] != 0x10:
        return b""
    size, at = 0, 1
    while True:
        if at >= len(packet):
            return None
        size |= (packet[at] & 0x7F) << 7 * (at - 1)
        at += 1
        if not packet[at - 1] & 0x80 or at > 4:
            break
    if len(packet) < at + min(size, CONNECT_BYTES_MAX):
        return None
    body = packet[at : at + size]
    return client_id_in(body)


def client_id_in(body: bytes) -> bytes:
    name_end = 2 + int.from_bytes(body[:2], "big")
    at = name_end + 4
    if body[name_end : name_end + 1] == b"\x05":
        size, shift = 0, 0
        while at < len(body) and shift < 28:
            size |= (body[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not body[at - 1] & 0x80:
                break
        at += size
    return body[at + 2 : at + 2 + int.from_bytes(body[at : at + 2], "big")]


class Spreader:
    """A port behind which the nodes are."""

    def __init__(self, nodes: list[Address]):
        self._nodes = nodes
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def _node_of(self, client_id: bytes) -> Address:
        if not client_id:
            self._turn += 1
            return self._nodes[self._turn % len(self._nodes)]
        return self._nodes[hashlib.sha256(client_id).digest()[0] % len(self._nodes)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = b""
        while (client_id := client_id_of(begun)) is None:
            piece = await reader.read(65536)
            if not piece:
                break
            begun += piece
        there = await asyncio.open_connection(*self._node_of(client_id or b""))
        there[1].write(begun)
        await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()


class Line(MeshCase):
    """Not a test: the mesh, as the tests of meshes make theirs."""

    def runTest(self) -> None:
        nodes = self.line(*NODES)
        spreader = Spreader([node.mqtt for node in nodes.values()])
        command = [sys.executable, HERE, "--target", f"127.0.0.1:{spreader.port}"]
        self.status_of_run = subprocess.run(
            [*command, "--differences", DIFFERENCES, *sys.argv[1:]],
            env=os.environ
            | {
                "KITH_DEADLINE_S": os.environ.get("KITH_DEADLINE_S", str(DEADLINE_S)),
                "KITH_CONFORMANCE_DATA": str(nodes[NODES[0]].data),
            },
            check=False,
        ).returncode


def main() -> int:
    line = Line()
    result = line.run()
    for _, text in result.errors + result.failures:
        print(text, file=sys.stderr)
    return 2 if result.errors or result.failures else line.status_of_run


if __name__ == "__main__":
    sys.exit(main())
