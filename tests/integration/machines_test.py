"""Machines that need no server find each other, with a node and without; strangers get nothing."""

import json
import signal
import subprocess
import unittest

from harness import BINARY, DEADLINE_S, NodeCase, Process, create_token, kith
from lan import Lan, can_make_namespaces

MACHINE = BINARY.parent / "tests/integration/kith_machine_c"
EXAMPLES = BINARY.parent / "examples"
CODE = r"([0-9A-Z]{5}-[0-9A-Z]{5})"


class Machine(Process):
    """A program in C that does what it is told on stdin."""

    def __init__(self, where: list[str], name: str, *arguments):
        super().__init__([*where, MACHINE, name, *arguments], stdin=subprocess.PIPE)
        self._asked = 0

    def ask(self, command: str) -> str:
        """Its answer to a command."""
        line = self._asked
        self.tell(command)
        found = self.output.wait_for(r"^(ok|failed .*|answer .*)$", from_line=line)
        self._asked = self.output.text().splitlines().index(found.group(0), line) + 1
        return found.group(0)

    def hears(self, what: str) -> None:
        self.output.wait_for(f"^message {what}$")


@unittest.skipUnless(can_make_namespaces(), "network namespaces cannot be made here")
class Machines(NodeCase):
    def setUp(self):
        super().setUp()
        self.lan = Lan(3)
        self.addCleanup(self.lan.close)
        self.founder = self.folder / "founder"
        self.founder.mkdir(mode=0o700)

    def on(self, i: int, *arguments) -> dict:
        """What a command of the program says on machine i."""
        return json.loads(self.lan.run(i, BINARY, *arguments, "--json"))

    def run_on(self, i: int, *command) -> Process:
        process = Process([*self.lan.inside(i), *command])
        self.addCleanup(self.end, process)
        return process

    def machine(self, i: int, name: str, *arguments) -> Machine:
        machine = Machine(self.lan.inside(i), name, *arguments)
        self.addCleanup(self.end, machine)
        return machine

    def end(self, process: Process) -> None:
        if process.is_running():
            process.kill()
        report = process.errors.text()
        self.assertNotRegex(report, "Sanitizer|runtime error|CHECK failed")

    def found(self) -> None:
        kith("mesh", "invite", "--data", self.founder, "--name", "founder")

    def token(self, i: int) -> str:
        """Of the mesh whose key is on machine i, where something runs that answers."""
        return self.on(i, "mesh", "invite", "--data", self.founder, "--role", "leaf")["token"]

    def node_on_3(self):
        return self.start_node(
            "--mesh", "0.0.0.0:7883", "--http", "127.0.0.1:0", data=self.founder,
            command=[*self.lan.inside(3), BINARY, "run"],
        )  # fmt: skip

    def two(self) -> tuple[Machine, Machine]:
        """A clock on machine 1, which has founded the mesh, and a coffee maker on machine 2."""
        self.found()
        clock = self.machine(1, "alarm-clock", "--mesh", self.founder)
        clock.output.wait_for("^link down: nobody of its mesh is there$")
        coffee = self.machine(2, "coffee-maker", "--mesh", self.token(1),
                              "--directory", self.folder / "coffee")  # fmt: skip
        for machine in (clock, coffee):
            self.assertEqual(machine.ask("wait"), "ok")
        return clock, coffee

    def test_two_talk_and_call_where_no_node_runs(self):
        clock, coffee = self.two()
        self.assertEqual(coffee.ask("serve brew"), "ok")
        self.assertEqual(coffee.ask("subscribe alarm-clock/#"), "ok")
        self.assertEqual(clock.ask("publish alarm-clock/state ringing"), "ok")
        coffee.hears("alarm-clock/state: ringing")
        clock.tell("say alarm-clock/time 07:00")
        clock.output.wait_for("^said ok$")
        coffee.hears("alarm-clock/time: 07:00")
        self.assertEqual(clock.ask("call coffee-maker brew lungo"), "answer lungo")
        self.assertEqual(clock.ask("call coffee-maker brew no milk"),
                         "failed refused: it does not do that")  # fmt: skip
        self.assertEqual(clock.ask("call toaster toast dark"),
                         "failed absent: toaster serves no calls now")  # fmt: skip
        self.assertEqual(coffee.ask("unsubscribe alarm-clock/#"), "ok")
        self.assertIn("failed invalid", coffee.ask("unsubscribe alarm-clock/#"))
        self.assertIn("failed invalid", coffee.ask("publish a/#/b x"))
        coffee.kill()
        clock.output.wait_for("^link down", from_line=2)
        self.assertIn("failed absent", clock.ask("call coffee-maker brew lungo"))

    def test_the_examples_make_coffee_where_no_node_runs(self):
        self.found()
        clock = self.run_on(1, EXAMPLES / "alarm_clock", "--mesh", self.founder, "--every", "2")
        clock.output.wait_for("nobody of its mesh")
        maker = self.run_on(2, EXAMPLES / "coffee_maker", "--mesh", self.token(1), "--data",
                            self.folder / "coffee", "--speed", "100")  # fmt: skip
        clock.output.wait_for("^alarm-clock: linked to its mesh$")
        clock.output.wait_for("^alarm-clock: coffee in [0-9]+ s$")
        maker.output.wait_for("^coffee-maker: ready$")
        for program in (clock, maker):
            program.signal(signal.SIGTERM)
            self.assertEqual(program.wait(), 0, program.report())

    def test_they_are_of_a_nodes_mesh_and_go_on_without_it(self):
        self.found()
        node = self.node_on_3()
        operator = create_token(self.founder, "operator")["token"]
        host, port = node.addresses["http"]
        at_node = ("--http", f"{host}:{port}", "--token", operator)
        machines = {}
        for i, name in ((1, "alarm-clock"), (2, "coffee-maker")):
            machines[name] = self.machine(i, name, "--mesh", self.token(3),
                                          "--directory", self.folder / name)  # fmt: skip
            self.assertEqual(machines[name].ask("wait"), "ok")
        clock, coffee = machines["alarm-clock"], machines["coffee-maker"]

        # They are nodes of its mesh, and of the role that they have.
        def told():
            return {each["name"]: each for each in self.on(3, "mesh", "status", *at_node)["nodes"]}

        self.until(lambda: {"alarm-clock", "coffee-maker"} <= told().keys())
        for name in machines:
            self.assertEqual(told()[name]["state"], "neighbor")
            self.assertEqual(told()[name]["role"], "leaf")

        # MQTT clients of the node hear them and are heard, and call them.
        self.assertEqual(coffee.ask("serve brew"), "ok")
        self.assertEqual(coffee.ask("subscribe kitchen/#"), "ok")
        mqtt = f"{node.mqtt[0]}:{node.mqtt[1]}"
        listener = self.run_on(3, BINARY, "sub", "-h", mqtt, "-t", "alarm-clock/#", "-v")
        self.lan.run(3, BINARY, "pub", "-h", mqtt, "-t", "kitchen/light", "-m", "on",
                     "-q", "1")  # fmt: skip
        coffee.hears("kitchen/light: on")
        self.assertEqual(
            self.lan.run(3, BINARY, "call", "-h", mqtt, "coffee-maker", "brew", "lungo").strip(),
            "lungo",
        )
        self.until(lambda: clock.ask("publish alarm-clock/state ringing") == "ok"
                   and "ringing" in listener.output.text())  # fmt: skip

        # Nobody needs the node.
        node.kill()
        self.assertEqual(clock.ask("call coffee-maker brew espresso"), "answer espresso")
        self.assertEqual(clock.ask("publish kitchen/clock 07:00"), "ok")
        coffee.hears("kitchen/clock: 07:00")

    def test_one_without_a_mesh_exchanges_nothing_until_it_is_paired(self):
        self.found()
        clock = self.machine(1, "alarm-clock", "--mesh", self.founder)
        clock.output.wait_for("^link down: nobody of its mesh is there$")
        coffee = self.machine(2, "coffee-maker", "--mesh", self.folder / "coffee")
        code = coffee.output.wait_for(f"^code {CODE}$").group(1)
        coffee.output.wait_for("^link down: it belongs to no mesh$")
        coffee.tell("say coffee-maker/state idle")
        coffee.tell("serve brew")
        wrong = "AAAAA-AAAAA" if code != "AAAAA-AAAAA" else "BBBBB-BBBBB"
        refused = subprocess.run(
            [*self.lan.inside(1), BINARY, "mesh", "pair", wrong, "--data", self.founder,
             "--wait", "2"], capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no machine with this code", refused.stderr)
        self.assertNotIn("link up", coffee.output.text() + clock.output.text())
        paired = self.on(1, "mesh", "pair", code.lower(), "--data", self.founder)
        self.assertEqual(paired["name"], "coffee-maker")
        coffee.output.wait_for("^link up$")
        coffee.output.wait_for("^ok$")  # it serves now
        self.assertEqual(clock.ask("wait"), "ok")
        self.assertEqual(clock.ask("call coffee-maker brew lungo"), "answer lungo")

    def test_machines_alone_are_paired_from_any_computer_of_the_network(self):
        clock = self.machine(1, "alarm-clock", "--mesh", self.folder / "clock")
        coffee = self.machine(2, "coffee-maker", "--mesh", self.folder / "coffee")
        self.pair_and_call(clock, coffee, 3)

    def test_two_on_one_computer_need_no_network(self):
        self.lan.run(1, "ip", "link", "set", "eth0", "down")
        clock = self.machine(1, "alarm-clock", "--mesh", self.folder / "clock")
        coffee = self.machine(1, "coffee-maker", "--mesh", self.folder / "coffee")
        self.pair_and_call(clock, coffee, 1)

    def pair_and_call(self, clock: Machine, coffee: Machine, computer: int) -> None:
        for machine in (clock, coffee):
            code = machine.output.wait_for(f"^code {CODE}$").group(1)
            self.on(computer, "mesh", "pair", code, "--data", self.founder)
        for machine in (clock, coffee):
            self.assertEqual(machine.ask("wait"), "ok")
        self.assertEqual(coffee.ask("serve brew"), "ok")
        self.assertEqual(clock.ask("call coffee-maker brew lungo"), "answer lungo")

    def test_an_invite_can_be_answered_where_no_node_runs(self):
        serving = self.run_on(3, BINARY, "mesh", "invite", "--data", self.founder, "--role", "leaf",
                              "--uses", "2", "--serve", "--json")  # fmt: skip
        token = json.loads(serving.output.wait_for('"token"').string)["token"]
        clock, coffee = (
            self.machine(i, name, "--mesh", token, "--directory", self.folder / name)
            for i, name in ((1, "alarm-clock"), (2, "coffee-maker"))
        )
        for machine in (clock, coffee):
            self.assertEqual(machine.ask("wait"), "ok")
        self.assertEqual(serving.wait(), 0, serving.report())
        self.assertEqual(coffee.ask("serve brew"), "ok")
        self.assertEqual(clock.ask("call coffee-maker brew lungo"), "answer lungo")

    def test_a_stranger_on_the_same_network_reads_and_sends_nothing(self):
        self.found()
        node = self.node_on_3()
        clock = self.machine(1, "alarm-clock", "--mesh", self.token(3),
                             "--directory", self.folder / "clock")  # fmt: skip
        self.assertEqual(clock.ask("wait"), "ok")
        self.assertEqual(clock.ask("subscribe #"), "ok")
        other = self.folder / "other"
        other.mkdir(mode=0o700)
        kith("mesh", "invite", "--data", other, "--name", "stranger")
        stranger = self.machine(2, "stranger", "--mesh", other, "--peer", "10.77.0.3:7883")
        stranger.tell("subscribe #")
        stranger.tell("publish alarm-clock/state forged")
        operator = create_token(self.founder, "operator")["token"]
        host, port = node.addresses["http"]

        def counted(name: str) -> float:
            page = self.lan.run(3, "python3", "-c", FETCH, f"http://{host}:{port}/metrics", operator)
            return sum(float(line.split()[-1]) for line in page.splitlines() if name in line)

        self.until(lambda: counted('beacons_total{verdict="other_mesh"}') > 0)
        self.until(lambda: counted('link_events_total{kind="handshake_broken"}') > 0)
        self.assertEqual(clock.ask("publish alarm-clock/secret 4711"), "ok")
        clock.hears("alarm-clock/secret: 4711")
        self.assertNotIn("message", stranger.output.text())
        self.assertNotIn("link up", stranger.output.text())
        self.assertNotIn("forged", clock.output.text())

    def until(self, is_so) -> None:
        for _ in range(2000):  # each asks a process: the test's own deadline is above that
            if is_so():
                return
        self.fail("it does not become so")


FETCH = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]})
print(urllib.request.urlopen(request).read().decode())
"""

if __name__ == "__main__":
    unittest.main()
