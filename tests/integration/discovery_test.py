"""Nodes on one network find each other, and tools that know nothing of Kith find them."""

import json
import shutil
import subprocess
import unittest

from harness import BINARY, DEADLINE_S, NodeCase, Process, create_token, kith
from lan import Lan, can_make_namespaces

AVAHI = ("avahi-daemon", "avahi-browse", "dbus-daemon")

DBUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""


@unittest.skipUnless(can_make_namespaces(), "network namespaces cannot be made here")
class Discovery(NodeCase):
    def lan(self, count: int, ipv6: bool = False) -> Lan:
        lan = Lan(count, ipv6)
        self.addCleanup(lan.close)
        self.any = "[::]" if ipv6 else "0.0.0.0"
        self.founder = "[fd77::1]" if ipv6 else "10.77.0.1"
        return lan

    def start_on(self, lan: Lan, i: int, *arguments, under=()):
        return self.start_node(
            "--mesh", f"{self.any}:7883", "--http", "127.0.0.1:0", *arguments,
            data=self.folder / f"node-{i}",
            command=[*lan.inside(i), *under, BINARY, "run"],
        )  # fmt: skip

    def mesh(self, lan: Lan, i: int, node, what: str) -> dict:
        if not hasattr(node, "operator"):
            node.operator = create_token(node.data, "operator")["token"]
        host, port = node.addresses["http"]
        return json.loads(
            lan.run(i, BINARY, "mesh", what, "--http", f"{host}:{port}",
                    "--token", node.operator, "--json")
        )  # fmt: skip

    def reachable(self, lan: Lan, i: int, node) -> set[str]:
        nodes = self.mesh(lan, i, node, "status")["nodes"]
        return {each["name"] for each in nodes if each["state"] in ("neighbor", "reachable")}

    def until(self, ask, wanted) -> None:
        answer = None
        for _ in range(2000):  # each asks the node: the test's own deadline is above that
            answer = ask()
            if answer == wanted:
                return
        self.fail(f"{answer} instead of {wanted}")

    def make_members(self, lan: Lan, count: int) -> None:
        """Nodes 1 to count of a mesh, known by their certificates alone, stopped again."""
        founder_data = self.folder / "node-1"
        founder_data.mkdir(mode=0o700)
        invited = json.loads(
            kith("mesh", "invite", "--data", founder_data, "--name", "node-1", "--uses", count,
                 "--address", f"{self.founder}:7883", "--json").stdout
        )  # fmt: skip
        founder = self.start_on(lan, 1, "--set", "mesh.discovery=false")
        for i in range(2, count + 1):
            data = self.folder / f"node-{i}"
            data.mkdir(mode=0o700)
            kith("mesh", "join", invited["token"], "--data", data, "--name", f"node-{i}")
            node = self.start_on(lan, i, "--set", "mesh.discovery=false")
            self.until(lambda: "node-1" in self.reachable(lan, i, node), True)
            node.stop()
            # Where it was let in is not to help it.
            membership = data / "mesh" / "membership"
            lines = membership.read_text().splitlines(keepends=True)
            membership.write_text("".join(line for line in lines if not line.startswith("peer ")))
        founder.stop()

    def test_three_find_one_another_and_nobody_names_a_peer(self):
        lan = self.lan(3)
        self.make_members(lan, 3)
        nodes = {i: self.start_on(lan, i) for i in (1, 2, 3)}
        names = {f"node-{i}" for i in nodes}
        for i, node in nodes.items():
            self.until(lambda: self.reachable(lan, i, node), names - {f"node-{i}"})
            self.assertEqual(self.mesh(lan, i, node, "peers")["peers"], [])
        nodes[3].stop()
        self.until(lambda: self.reachable(lan, 1, nodes[1]), {"node-2"})
        again = self.start_on(lan, 3)
        self.until(lambda: self.reachable(lan, 3, again), {"node-1", "node-2"})

    def test_three_find_one_another_where_there_is_no_ipv4(self):
        lan = self.lan(3, ipv6=True)
        self.make_members(lan, 3)
        nodes = {i: self.start_on(lan, i) for i in (1, 2, 3)}
        names = {f"node-{i}" for i in nodes}
        for i, node in nodes.items():
            self.until(lambda: self.reachable(lan, i, node), names - {f"node-{i}"})
            for link in self.mesh(lan, i, node, "status")["links"]:
                self.assertTrue(link["address"].startswith("["), link)

    def test_a_peer_is_where_the_dns_says_that_the_service_is(self):
        lan = self.lan(2)
        self.make_members(lan, 2)
        alone = ("--set", "mesh.discovery=false")
        self.start_on(lan, 1, *alone)
        server = Process([*lan.inside(1), "python3", "-c", NAME_SERVER])
        self.addCleanup(server.kill)
        server.output.wait_for("serving")
        resolver = self.folder / "resolv.conf"
        resolver.write_text("nameserver 10.77.0.1\n")
        own_resolver = ("unshare", "--mount", "sh", "-c",
                        f'mount --bind {resolver} /etc/resolv.conf && exec "$@"', "sh")  # fmt: skip
        node = self.start_on(
            lan, 2, *alone, "--peer", "dns-srv:_kith-mesh._tcp.example", under=own_resolver
        )
        self.until(lambda: self.reachable(lan, 2, node), {"node-1"})

    def test_an_unpaired_node_is_heard_and_left_alone(self):
        lan = self.lan(2)
        self.make_members(lan, 1)
        member = self.start_on(lan, 1)
        self.start_on(lan, 2, "--set", "mesh.announce_unpaired=true")
        host, port = member.addresses["http"]
        token = create_token(member.data, "operator")["token"]

        def unpaired_heard():
            page = lan.run(1, "python3", "-c", FETCH, f"http://{host}:{port}/metrics", token)
            line = next(
                each for each in page.splitlines()
                if each.startswith('kith_mesh_beacons_total{verdict="unpaired"}')
            )  # fmt: skip
            return float(line.split()[1]) > 0

        self.until(unpaired_heard, True)
        self.assertEqual(self.reachable(lan, 1, member), set())

    @unittest.skipUnless(all(map(shutil.which, AVAHI)), "avahi-daemon, avahi-utils, dbus: missing")
    def test_avahi_browse_sees_a_node(self):
        lan = self.lan(2)
        self.make_members(lan, 1)
        node = self.start_on(lan, 1)
        browse = self.avahi_on(lan, 2)
        seen = ""
        for _ in range(20):
            seen = browse("-rtp", "_kith._tcp")
            if "=;" in seen:
                break
        resolved = [line for line in seen.splitlines() if line.startswith("=")]
        self.assertTrue(resolved, seen)
        fields = resolved[0].split(";")
        self.assertEqual(fields[3], "node-1")
        self.assertEqual(fields[4], "_kith._tcp")
        self.assertEqual(fields[8], "7883")
        status = self.mesh(lan, 1, node, "status")
        for text in ("v=1", f"id={status['node']}", "role=router", "mesh="):
            self.assertIn(text, fields[9])
        self.assertIn("10.77.0.1", seen)
        node.stop()
        for _ in range(20):
            if not browse("-tp", "_kith._tcp"):
                return
        self.fail("no good-bye was heard")

    def avahi_on(self, lan: Lan, i: int):
        """An unmodified Avahi on machine i; returns how to browse there."""
        folder = self.folder / f"avahi-{i}"
        folder.mkdir()
        socket = folder / "bus"
        config = folder / "bus.conf"
        config.write_text(DBUS_CONFIG.format(socket=socket))
        (folder / "avahi.conf").write_text(
            "[server]\nhost-name=browser\nuse-ipv6=no\nallow-interfaces=eth0\n"
            "[publish]\npublish-workstation=no\n"
        )
        bus = f"unix:path={socket}"
        daemons = [
            Process(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"])
        ]
        daemons[0].output.wait_for("unix:")
        # A mount namespace of its own, since the daemon's pid file has one place in the system.
        daemons.append(
            Process(
                [*lan.inside(i), "unshare", "--mount", "sh", "-c",
                 "mount -t tmpfs none /run && mkdir -p /run/avahi-daemon && exec avahi-daemon "
                 f"--file {folder / 'avahi.conf'} --no-drop-root --no-chroot --no-rlimits "
                 "--no-proc-title"],
                environment={"DBUS_SYSTEM_BUS_ADDRESS": bus},
            )
        )  # fmt: skip
        for daemon in reversed(daemons):
            self.addCleanup(daemon.kill)
        daemons[1].errors.wait_for("Server startup complete")

        def browse(*arguments) -> str:
            return subprocess.run(
                ["avahi-browse", *arguments],
                env={"DBUS_SYSTEM_BUS_ADDRESS": bus, "PATH": "/usr/bin:/bin"},
                capture_output=True, text=True, timeout=DEADLINE_S, check=False,
            ).stdout  # fmt: skip

        return browse


# Answers for one service and its host, whatever it is asked besides.
NAME_SERVER = """
import socket, struct
port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
port.bind(("10.77.0.1", 53))
print("serving", flush=True)
while True:
    question, sender = port.recvfrom(512)
    end = question.index(0, 12) + 5
    kind = struct.unpack(">H", question[end - 4:end - 2])[0]
    host = bytes([2]) + b"gw" + bytes([7]) + b"example" + bytes([0])
    data = {33: struct.pack(">HHH", 10, 5, 7883) + host, 1: bytes([10, 77, 0, 1])}.get(kind)
    answer = b"" if data is None else struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
    head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 0 if data is None else 1, 0, 0)
    port.sendto(head + question[12:end] + answer, sender)
"""

FETCH = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]})
print(urllib.request.urlopen(request).read().decode())
"""

if __name__ == "__main__":
    unittest.main()
