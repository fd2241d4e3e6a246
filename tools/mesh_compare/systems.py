"""What is compared: Kith, mosquitto with bridges, NATS with leaf nodes at a cluster.

Each runs one process in each place of a network and gives clients to measure with. `Shape` says
who dials whom; every system makes of it what its documentation says: Kith a mesh, mosquitto
bridges, that must form no loop, NATS leaf nodes, whose remote has several addresses.
"""

import json
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from clients import JetStreamPublisher, Mqtt, Nats, packet, text
from networks import PROGRAM_PATH, Child, Network

START_S_MAX = 60
MQTT_PORT, BRIDGE_PORT, MESH_PORT, HTTP_PORT = 1883, 1884, 7883, 8080
NATS_PORT, LEAF_PORT, ROUTE_PORT, MONITOR_PORT = 4222, 7422, 6222, 8222
TOPIC = "plant/line"


class Failed(Exception):
    """A system did not become what a scenario needs; why."""


@dataclass
class Shape:
    """`hubs` are those that others turn to. Without, each dials the one before it."""

    names: list
    wires: list
    hubs: list = field(default_factory=list)

    def dials(self, name: str) -> list:
        """Whom a mesh node dials: neighbours before it. Hubs come last: who returns, dials."""
        wires = {*self.wires, *((b, a) for a, b in self.wires)}
        ordered = [each for each in self.names if each not in self.hubs] + self.hubs
        before = ordered[: ordered.index(name)]
        return [other for other in before if (other, name) in wires]


def line(*names: str) -> Shape:
    return Shape(list(names), list(zip(names, names[1:])))


def diamond() -> Shape:
    """Two ways from left to right. The wire between the hubs is for those who need one there."""
    wires = [("up", "down"), ("up", "left"), ("down", "left"), ("up", "right"), ("down", "right")]
    return Shape(["up", "down", "left", "right"], wires, ["up", "down"])


def wait_until(is_true, what: str, within_s: float = START_S_MAX) -> None:
    limit = time.monotonic() + within_s
    while not is_true():
        if time.monotonic() > limit:
            raise Failed(f"{what}: not within {within_s:.0f} s")
        time.sleep(0.02)


def run(*command) -> str:
    words = [str(each) for each in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command[:4]))}: {done.stderr.strip()}")
    return done.stdout


class System:
    name = ""
    is_tuned = False

    @classmethod
    def extended(cls, shape: Shape) -> Shape:
        """With what this system needs beside what all have."""
        return shape

    def __init__(self, program: str, folder: Path, shape: Shape, network: Network):
        self.program, self.folder, self.shape, self.network = program, folder, shape, network
        self.nodes = {}
        self.clients = []
        self.disk = None

    def start(self) -> None:
        for name in self.shape.names:
            self.start_node(name)

    def start_node(self, name: str) -> None:
        raise NotImplementedError

    def wait_whole(self) -> None:
        raise NotImplementedError

    def relay(self, source: str, target: str) -> str:
        """The neighbour over which what `source` publishes goes to `target`."""
        return self.dialled_by(source, self.link_port)

    def dialled_by(self, name: str, port: int) -> str:
        """The neighbour with which this node has a connection that it has made itself."""
        near = self.network.neighbors(name)
        addresses = {self.network.address(other, name): other for other in near}
        for row in self.network[name].run("cat", "/proc/net/tcp").splitlines()[1:]:
            fields = row.split()
            raw, remote_port = fields[2].split(":")
            host = ".".join(str(int(raw[i : i + 2], 16)) for i in (6, 4, 2, 0))
            if fields[3] == "01" and int(remote_port, 16) == port and host in addresses:
                return addresses[host]
        raise Failed(f"{name} is connected to nobody")

    def signal(self, name: str, number: int) -> None:
        self.nodes[name].signal(number)
        if number == signal.SIGKILL:
            self.nodes[name].process.wait()

    def revive(self, name: str) -> None:
        self.nodes[name].end()
        self.start_node(name)

    def renew(self, name: str) -> None:
        """This one was cut off or stopped, and is no more: the next death is to be as the first."""

    def wait_for_port(self, name: str, port: int) -> None:
        def answers():
            try:
                self.network[name].connect(port, timeout_s=1).close()
                return True
            except OSError:
                if self.nodes[name].process.poll() is not None:
                    raise Failed(f"{self.name}: {name} has ended; see its log") from None
                return False

        wait_until(answers, f"{self.name}: port {port} of {name}")

    def mqtt(self, at: str, client_id: str, is_clean: bool = True) -> Mqtt:
        client = Mqtt(self.network[at].connect(MQTT_PORT), client_id, is_clean)
        self.clients.append(client)
        return client

    def publisher(self, at: str, qos: int):
        """With `publish(number, content)` and `acknowledged`."""
        return MqttPublisher(self.mqtt(at, f"publisher-{at}").listen(), qos)

    def subscribe(self, at: str, qos: int, on_message, topic: str = TOPIC):
        """`on_message(content)` is called by a thread, until what this returns is closed."""
        client = self.mqtt(at, f"subscriber-{at}")
        client.subscribe(topic, qos)
        return client.listen(on_message)

    def raw_publisher(self, at: str, content: bytes):
        """A connection, and the bytes that publish this with QoS 0."""
        client = self.mqtt(at, f"flood-{at}").listen()
        return client.stream, packet(0x30, text(TOPIC) + content)

    def raw_subscriber(self, at: str, content_bytes: int):
        """A connection, and how many bytes each message of QoS 0 has on it."""
        client = self.mqtt(at, f"drain-{at}")
        client.subscribe(TOPIC, 0)
        return client.stream, len(packet(0x30, text(TOPIC) + bytes(content_bytes)))

    def cpu_s(self, name: str) -> float:
        fields = Path(f"/proc/{self.nodes[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def resident_bytes(self, name: str) -> int:
        status = Path(f"/proc/{self.nodes[name].pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def log(self, name: str):
        return (self.folder / f"{name}.log").open("ab")

    def end(self) -> None:
        for client in self.clients:
            client.close()
        for node in self.nodes.values():
            node.end()


class MqttPublisher:
    def __init__(self, client: Mqtt, qos: int):
        self._client, self._qos = client, qos

    @property
    def acknowledged(self) -> int:
        return self._client.acknowledged

    def publish(self, _, content: bytes, topic: str = TOPIC) -> None:
        self._client.publish(topic, content, self._qos)


class Kith(System):
    name = "Kith"
    link_port = MESH_PORT
    options = ()

    def start(self) -> None:
        """All become members on loopback, one after the other, before they have a network."""
        first = self.shape.names[0]
        run(self.program, "mesh", "invite", "--data", self.folder / first, "--name", first)
        issuer = self._alone(first)
        try:
            for name in self.shape.names[1:]:
                self._join(name, self.folder / first)
        finally:
            issuer.end()
        self._tokens = {}
        super().start()

    def _alone(self, name: str) -> Child:
        node = Child([self.program, "run", "--data", self.folder / name, "--mqtt", "127.0.0.1:0",
                      "--mqtts", "off", "--http", "off", "--mesh", "127.0.0.1:0", "--workers", "1",
                      "--log", "error", "--set", "mesh.discovery=false"],
                     stdout=subprocess.PIPE, stderr=self.log(name), text=True)  # fmt: skip
        while (said := node.process.stdout.readline()) and not said.startswith("kith: ready"):
            pass
        if not said:
            raise Failed(f"Kith: {name} did not start")
        return node

    def _join(self, name: str, issuer: Path) -> None:
        folder = self.folder / name
        token = json.loads(run(self.program, "mesh", "invite", "--data", issuer, "--json"))["token"]
        run(self.program, "mesh", "join", token, "--data", folder, "--name", name)
        node = self._alone(name)
        wait_until(lambda: (folder / "mesh/certificate.pem").exists(), f"certificate of {name}")
        node.signal(signal.SIGTERM)
        node.process.wait()
        node.end()
        membership = folder / "mesh/membership"
        lines = membership.read_text().splitlines(keepends=True)
        membership.write_text("".join(each for each in lines if not each.startswith("peer ")))

    def start_node(self, name: str) -> None:
        command = [self.program, "run", "--data", self.folder / name, "--mqtt",
                   f"127.0.0.1:{MQTT_PORT}", "--mqtts", "off", "--http", f"127.0.0.1:{HTTP_PORT}",
                   "--mesh", f"0.0.0.0:{MESH_PORT}", "--workers", "1", "--log", "info",
                   "--set", "mesh.discovery=false", *self.options]  # fmt: skip
        for peer in self.shape.dials(name):
            command += ["--peer", f"{self.network.address(peer, name)}:{MESH_PORT}"]
        self.nodes[name] = self.network[name].start(
            *command, stdout=subprocess.DEVNULL, stderr=self.log(name))  # fmt: skip
        self.wait_for_port(name, MQTT_PORT)

    def renew(self, name: str) -> None:
        """A link that has stalled is waited for longer, for a minute; a new one is not."""
        self.revive(name)

    def ask(self, name: str, what: str) -> dict:
        if name not in self._tokens:
            made = run(self.program, "token", "create", "--role", "operator",
                       "--data", self.folder / name, "--json")  # fmt: skip
            self._tokens[name] = json.loads(made)["token"]
        return json.loads(self.network[name].run(
            self.program, "mesh", what, "--http", f"127.0.0.1:{HTTP_PORT}",
            "--token", self._tokens[name], "--json"))  # fmt: skip

    def reaches(self, name: str) -> set:
        nodes = self.ask(name, "status")["nodes"]
        return {each["name"] for each in nodes if each["state"] in ("neighbor", "reachable")}

    def neighbors(self, name: str) -> set:
        nodes = self.ask(name, "status")["nodes"]
        return {each["name"] for each in nodes if each["state"] == "neighbor"}

    def wait_whole(self) -> None:
        for name in self.nodes:
            others = self.nodes.keys() - {name}
            near = set(self.network.neighbors(name)) & self.nodes.keys()
            wait_until(lambda: self.reaches(name) >= others, f"{name} reaches all")
            wait_until(lambda: self.neighbors(name) >= near, f"{name} has links")

    def relay(self, source: str, target: str) -> str:
        names = {each["id"]: each["name"] for each in self.ask(source, "status")["nodes"]}
        routes = self.ask(source, "routes")["routes"]
        return next(names[each["next_hop"]] for each in routes if names[each["to"]] == target)

    def metric(self, name: str, pattern: str) -> float:
        """The sum of those whose name and labels begin so."""
        stream = self.network[name].connect(HTTP_PORT)
        stream.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := stream.recv(1 << 16):
            answer += piece
        stream.close()
        found = re.findall("^" + pattern + r"\S* (\S+)$", answer.decode(), re.M)
        return sum(map(float, found))


class Mosquitto(System):
    name = "mosquitto"
    link_port = BRIDGE_PORT
    bridge = ("cleansession false", "try_private true")
    queue = ()

    def start_node(self, name: str) -> None:
        lines = ["allow_anonymous true", "user root", "set_tcp_nodelay true", *self.queue,
                 "persistence true", f"persistence_location {self.folder / name}/",
                 f"listener {MQTT_PORT} 127.0.0.1", f"listener {BRIDGE_PORT} 0.0.0.0",
                 *self.secure_listener()]  # fmt: skip
        targets = self.bridge_targets(name)
        if targets:
            addresses = [f"{self.network.address(to, name)}:{BRIDGE_PORT}" for to in targets]
            lines += [f"connection {name}-out", f"address {' '.join(addresses)}",
                      "round_robin false", "topic # both 2", f"remote_clientid bridge-{name}",
                      "notifications false", *self.bridge, *self.secure_bridge()]  # fmt: skip
        (self.folder / name).mkdir(exist_ok=True)
        file = self.folder / f"{name}.conf"
        file.write_text("\n".join(lines) + "\n")
        self.nodes[name] = self.network[name].start(
            self.program, "-c", file, stdout=subprocess.DEVNULL, stderr=self.log(name))  # fmt: skip
        self.wait_for_port(name, MQTT_PORT)

    def secure_listener(self) -> list:
        return []

    def secure_bridge(self) -> list:
        return []

    def bridge_targets(self, name: str) -> list:
        """Hubs in a chain; all others at the first hub that answers. So there is never a loop."""
        if not self.shape.hubs:
            return self.shape.dials(name)
        if name in self.shape.hubs:
            return self.shape.hubs[: self.shape.hubs.index(name)][-1:]
        return self.shape.hubs

    def wait_whole(self) -> None:
        for name in self.nodes:
            targets = self.bridge_targets(name)
            if targets:
                wait_until(lambda: self._is_bridged(name), f"bridge of {name}", 150)

    def _is_bridged(self, name: str) -> bool:
        try:
            return self.dialled_by(name, BRIDGE_PORT) != ""
        except Failed:
            return False


class MosquittoTls(Mosquitto):
    """As Kith's links are: both sides have a certificate."""

    name = "mosquitto, TLS"

    def start(self) -> None:
        self.key, self.certificate = make_certificate(self.folder, self.network)
        super().start()

    def secure_listener(self) -> list:
        return [f"cafile {self.certificate}", f"certfile {self.certificate}",
                f"keyfile {self.key}", "require_certificate true"]  # fmt: skip

    def secure_bridge(self) -> list:
        return [f"bridge_cafile {self.certificate}", f"bridge_certfile {self.certificate}",
                f"bridge_keyfile {self.key}", "bridge_tls_version tlsv1.3"]  # fmt: skip


class MosquittoTuned(Mosquitto):
    """The shortest times that it takes, and queues that keep all."""

    name = "mosquitto tuned"
    is_tuned = True
    bridge = (*Mosquitto.bridge, "keepalive_interval 5", "restart_timeout 1 1")
    queue = ("max_queued_messages 0", "max_inflight_messages 0")


class NatsServers(System):
    """Leaf nodes at a cluster of hubs; JetStream of the hubs keeps what is to be acknowledged."""

    name = "NATS"
    link_port = LEAF_PORT
    timing = ""
    retry_s, ack_wait_s = 5.0, 30.0  # of clients and consumers

    @classmethod
    def extended(cls, shape: Shape) -> Shape:
        """A third hub: a JetStream cluster survives the loss of one of three."""
        if not shape.hubs:
            return shape
        wires = [(hub, "spare") for hub in shape.hubs]
        return Shape(["spare", *shape.names], [*shape.wires, *wires], [*shape.hubs, "spare"])

    def start_node(self, name: str) -> None:
        hubs = self.shape.hubs
        leaf = self._remotes(name)
        lines = [f"server_name: {name}", f"listen: 0.0.0.0:{NATS_PORT}",
                 f"http: 127.0.0.1:{MONITOR_PORT}", self.timing]  # fmt: skip
        if name in hubs or not hubs:
            leaf += f' listen: "0.0.0.0:{LEAF_PORT}", no_advertise: true {self.secure(True)}'
        if name in hubs:
            routes = [f'"nats-route://{self.network.address(other, name)}:{ROUTE_PORT}"'
                      for other in hubs if other != name]  # fmt: skip
            lines += [f'cluster {{ name: hub, listen: "0.0.0.0:{ROUTE_PORT}", no_advertise: true,'
                      f" routes: [{', '.join(routes)}] }}"]  # fmt: skip
        if name in hubs or (not hubs and name == self.shape.names[0]):
            lines += [f'jetstream {{ domain: hub, store_dir: "{self.folder / name}" }}']
        lines += [f"leafnodes {{ {leaf} }}"]
        file = self.folder / f"{name}.conf"
        file.write_text("\n".join(lines) + "\n")
        self.nodes[name] = self.network[name].start(
            self.program, "-c", file, stdout=subprocess.DEVNULL, stderr=self.log(name))  # fmt: skip
        self.wait_for_port(name, NATS_PORT)

    def _remotes(self, name: str) -> str:
        hubs = self.shape.hubs
        if name in hubs:
            return ""
        targets = [hub for hub in hubs if hub in self.network.neighbors(name)]
        targets = targets if hubs else self.shape.dials(name)
        if not targets:
            return ""
        urls = [f'"nats-leaf://{self.network.address(to, name)}:{LEAF_PORT}"' for to in targets]
        return f"remotes: [ {{ urls: [{', '.join(urls)}] {self.secure(False)} }} ],"

    def secure(self, listens: bool) -> str:
        return ""

    def wait_whole(self) -> None:
        for name in self.nodes:
            if self._remotes(name):
                wait_until(lambda: self._is_leaf(name), f"{name} is a leaf", 150)

    def _is_leaf(self, name: str) -> bool:
        try:
            return self.dialled_by(name, LEAF_PORT) != ""
        except Failed:
            return False

    def nats(self, at: str) -> Nats:
        client = Nats(self.network[at].connect(NATS_PORT))
        self.clients.append(client)
        return client

    def publisher(self, at: str, qos: int):
        if qos == 0:
            return CorePublisher(self.nats(at))
        self._keep()
        publisher = JetStreamPublisher(self.nats(at), TOPIC.replace("/", "."), self.retry_s)
        self.clients.append(publisher)
        return publisher

    def _keep(self) -> None:
        """A stream over all hubs. It may take a while until they have a leader."""
        if getattr(self, "is_kept", False):
            return
        asked = {"name": "KEPT", "subjects": [TOPIC.replace("/", ".")], "storage": "file",
                 "num_replicas": max(1, len(self.shape.hubs))}  # fmt: skip
        client = self.nats((self.shape.hubs or self.shape.names)[0])
        wait_until(lambda: "error" not in client.request("$JS.hub.API.STREAM.CREATE.KEPT", asked),
                   "a stream of JetStream")  # fmt: skip
        self.is_kept = True

    def raw_publisher(self, at: str, content: bytes):
        line = f"PUB {TOPIC.replace('/', '.')} {len(content)}\r\n"
        return self.nats(at).stream, line.encode() + content + b"\r\n"

    def raw_subscriber(self, at: str, content_bytes: int):
        stream = self.network[at].connect(NATS_PORT)
        stream.sendall(f"CONNECT {{}}\r\nSUB {TOPIC.replace('/', '.')} 1\r\nPING\r\n".encode())
        seen = b""
        while not seen.endswith(b"PONG\r\n"):
            seen += stream.recv(4096)
        line = f"MSG {TOPIC.replace('/', '.')} 1 {content_bytes}\r\n"
        return stream, len(line) + content_bytes + 2

    def subscribe(self, at: str, qos: int, on_message, topic: str = TOPIC):
        client = self.nats(at)
        if qos == 0:
            subject = topic.replace("/", ".")
            client.subscribe(subject, lambda subject, content, reply: on_message(content))
            return client

        def take(_, content, reply):
            client.publish(reply, b"+ACK")
            on_message(content)

        self._keep()
        client.subscribe("to.subscriber", take)
        config = {"durable_name": "subscriber", "deliver_subject": "to.subscriber",
                  "ack_policy": "explicit", "ack_wait": int(self.ack_wait_s * 1e9),
                  "deliver_policy": "all", "max_ack_pending": 20_000}  # fmt: skip
        asked = {"stream_name": "KEPT", "config": config}
        subject = "$JS.hub.API.CONSUMER.DURABLE.CREATE.KEPT.subscriber"
        wait_until(lambda: "error" not in client.request(subject, asked), "a consumer of JetStream")
        return client


class CorePublisher:
    acknowledged = 0

    def __init__(self, client: Nats):
        self._client = client

    def publish(self, _, content: bytes, topic: str = TOPIC) -> None:
        self._client.publish(topic.replace("/", "."), content)


class NatsTuned(NatsServers):
    """A ping a second, one may go unanswered; clients ask again soon."""

    name = "NATS tuned"
    is_tuned = True
    timing = 'ping_interval: "1s"\nping_max: 1\nwrite_deadline: "1s"'
    retry_s, ack_wait_s = 0.25, 1.0


class NatsTls(NatsServers):
    """As Kith's links are: both sides have a certificate."""

    name = "NATS, TLS"

    def start(self) -> None:
        self.key, self.certificate = make_certificate(self.folder, self.network)
        super().start()

    def secure(self, listens: bool) -> str:
        verify = ", verify: true" if listens else ""
        files = f'cert_file: "{self.certificate}", key_file: "{self.key}"'
        return f', tls: {{ {files}, ca_file: "{self.certificate}"{verify} }}'


def make_certificate(folder: Path, network: Network) -> tuple[Path, Path]:
    """A key and a certificate by itself, for all addresses; all nodes share it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ",".join(f"IP:{address}" for address in network.all_addresses())
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes", "-days", "2", "-subj", "/CN=compare", "-addext", f"subjectAltName={names}",
        "-keyout", key, "-out", certificate)  # fmt: skip
    return key, certificate


SYSTEMS = {
    "kith": Kith,
    "mosquitto": Mosquitto,
    "mosquitto-tuned": MosquittoTuned,
    "mosquitto-tls": MosquittoTls,
    "nats": NatsServers,
    "nats-tuned": NatsTuned,
    "nats-tls": NatsTls,
}


def program_of(kind, options) -> str:
    """Where it is, or nothing."""
    if kind is Kith:
        return str(Path(options.kith).resolve()) if Path(options.kith).exists() else ""
    name = "mosquitto" if issubclass(kind, Mosquitto) else "nats-server"
    return shutil.which(name, path=PROGRAM_PATH) or ""
