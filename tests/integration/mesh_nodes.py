"""Nodes of a mesh for tests: fresh ones, how they join, and what strangers do to them."""

import base64
import hashlib
import json
import re
import socket
import ssl
import threading
import time
import urllib.request
from pathlib import Path

from harness import DEADLINE_S, NodeCase, create_token, kith

MESH_ALPN = "kith-mesh/1"
JOIN_ALPN = "kith-mesh-join/1"
UP = r"mesh neighbour.*change=up"
ALONE = ("--set", "mesh.discovery=false")  # links to its peers, and nobody else
DOWN = r"mesh neighbour.*change=down"


class MeshCase(NodeCase):
    def home(self, name: str) -> Path:
        return self.folder / name

    def start_member(self, name: str, *arguments, **options):
        """A node on the data of this name, which may belong to no mesh yet."""
        return self.start_node(
            "--mesh", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments,
            data=self.home(name), **options,
        )  # fmt: skip

    def mesh(self, name: str, *arguments) -> dict:
        """What `kith mesh` says of this node's files."""
        return json.loads(kith("mesh", *arguments, "--data", self.home(name), "--json").stdout)

    def invite(self, name: str, *arguments) -> dict:
        return self.mesh(name, "invite", *arguments)

    def join(self, name: str, token: str) -> dict:
        return self.mesh(name, "join", token, "--name", name)

    def status(self, node) -> dict:
        """What the running node says."""
        if not hasattr(node, "operator"):
            node.operator = create_token(node.data, "operator")["token"]
        host, port = node.addresses["http"]
        where = ("--http", f"{host}:{port}", "--token", node.operator)
        return json.loads(kith("mesh", "status", *where, "--json").stdout)

    def until(self, ask, is_done):
        """Asks until the answer is as wanted."""
        deadline = time.monotonic() + DEADLINE_S
        while not is_done(answer := ask()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not as wanted: {answer}")
        return answer

    def assert_linked(self, node, *others: str) -> dict:
        """Waits until the node shows these neighbours, by name, and a link to each."""

        def is_linked(status):
            near = {each["name"] for each in status["nodes"] if each["state"] == "neighbor"}
            return near == set(others) and len(status["links"]) >= len(others)

        return self.until(lambda: self.status(node), is_linked)

    def metric(self, node, name: str) -> float:
        host, port = node.addresses["http"]
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=DEADLINE_S) as answer:
            text = answer.read().decode()
        found = re.search("^kith_" + re.escape(name) + r" (\S+)$", text, re.M)
        return float(found.group(1)) if found else 0.0

    def link_event(self, node, kind: str) -> float:
        return self.metric(node, f'mesh_link_events_total{{kind="{kind}"}}')

    def found_and_start(self, name: str = "gw-1", *arguments):
        """A mesh of one node, which runs."""
        self.invite(name, "--name", name)
        return self.start_member(name, *arguments)

    def started_by_token(self, name: str, token: str, *arguments):
        self.join(name, token)
        return self.start_member(name, *arguments)

    def reachable(self, node) -> set[str]:
        nodes = self.status(node)["nodes"]
        return {each["name"] for each in nodes if each["state"] in ("neighbor", "reachable")}

    def assert_whole(self, nodes: dict) -> None:
        """Every node has a way to all others."""
        for name, node in nodes.items():
            others = nodes.keys() - {name}
            self.until(lambda node=node: self.reachable(node), lambda seen, o=others: seen >= o)

    def add(self, name: str, token: str, *peers):
        """A new member that dials these nodes alone: not where its token says, once it is in."""
        node = self.started_by_token(name, token, *ALONE)
        node.errors.wait_for("the mesh is on")
        node.stop()
        membership = self.home(name) / "mesh/membership"
        lines = membership.read_text().splitlines(keepends=True)
        membership.write_text("".join(each for each in lines if not each.startswith("peer ")))
        dials = []
        for peer in peers:
            host, port = peer.addresses["mesh"]
            dials += ["--peer", f"{host}:{port}"]
        return self.start_member(name, *ALONE, *dials)

    def line(self, *names: str) -> dict:
        """A mesh in which each node dials the one before it."""
        nodes = {names[0]: self.found_and_start(names[0], *ALONE)}
        token = self.invite(names[0], "--uses", str(len(names)))["token"]
        for before, name in zip(names, names[1:]):
            nodes[name] = self.add(name, token, nodes[before])
        self.assert_whole(nodes)
        return nodes


def altered_token(token: str, at: int, replacement: bytes | None = None) -> str:
    """A token with other bytes at `at`, and a check that fits."""
    text = token.removeprefix("kith1.")
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    new = replacement if replacement is not None else bytes([raw[at] ^ 1])
    raw[at : at + len(new)] = new
    body = bytes(raw[:-4])
    whole = body + hashlib.sha256(body).digest()[:4]
    return "kith1." + base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def token_for(token: str, address: tuple[str, int]) -> str:
    """The same invite with another address in it."""
    text = token.removeprefix("kith1.")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    locator = f"{address[0]}:{address[1]}".encode()
    body = raw[:66] + bytes([1, len(locator)]) + locator
    whole = body + hashlib.sha256(body).digest()[:4]
    return "kith1." + base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


EXPIRES_AT, SECRET_AT = 2, 50  # docs/formats/mesh-membership.md


def client_context(alpn: str, identity: Path | None = None) -> ssl.SSLContext:
    """Believes everybody; shows the certificate of the member at `identity`, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    if identity is not None:
        context.load_cert_chain(identity / "certificate.pem", identity / "node.key")
    return context


def dial(address, alpn: str, identity: Path | None = None) -> ssl.SSLSocket:
    raw = socket.create_connection(address, timeout=DEADLINE_S)
    return client_context(alpn, identity).wrap_socket(raw)


def read_to_end(connection: socket.socket) -> bytes:
    """What comes until the other side closes, however it does."""
    everything = b""
    try:
        while piece := connection.recv(65536):
            everything += piece
    except (ConnectionError, ssl.SSLError):
        pass
    return everything


class Impostor:
    """Listens for nodes that want to join, with whatever certificate; keeps what they ask."""

    def __init__(self, certificate: Path, key: Path):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._context.set_alpn_protocols([JOIN_ALPN])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.requests: list[bytes] = []
        self.shaken = threading.Semaphore(0)  # counts the connections that ended
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(DEADLINE_S)

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.settimeout(DEADLINE_S)
            try:
                with self._context.wrap_socket(raw, server_side=True) as connection:
                    if asked := connection.recv(65536):
                        self.requests.append(asked)
            except (OSError, ssl.SSLError):
                pass
            self.shaken.release()
