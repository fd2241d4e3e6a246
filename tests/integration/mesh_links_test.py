"""A running node and its mesh: the port, the ready line, and what the commands show."""

import json
import unittest

from harness import NodeCase, create_token, kith
from mesh_nodes import UP, MeshCase

HTTP = ("--http", "127.0.0.1:0")


class MeshLinks(NodeCase):
    def ask(self, node, *arguments) -> dict:
        token = create_token(node.data, "operator")["token"]
        host, port = node.addresses["http"]
        done = kith("mesh", *arguments, "--http", f"{host}:{port}", "--token", token, "--json")
        return json.loads(done.stdout)

    def test_a_node_of_no_mesh_opens_no_port_and_says_why(self):
        node = self.start_node("--mesh", "127.0.0.1:0", *HTTP)
        self.assertNotIn("mesh", node.addresses)
        status = self.ask(node, "status")
        self.assertEqual(status["state"], "off")
        self.assertEqual(status["reason"], "this node belongs to no mesh")
        self.assertEqual((status["nodes"], status["links"]), ([], []))
        self.assertEqual(self.ask(node, "peers"), {"peers": [], "links": []})
        self.assertEqual(self.ask(node, "routes"), {"routes": []})
        host, port = node.addresses["http"]
        token = create_token(node.data, "operator")["token"]
        told = kith("mesh", "routes", "--http", f"{host}:{port}", "--token", token).stdout
        self.assertEqual(told, "the mesh is off: this node belongs to no mesh\n")

    def test_a_member_prints_its_port_and_dials_its_peers(self):
        node = self.start_node()
        node.stop()
        founded = json.loads(
            kith("mesh", "invite", "--data", node.data, "--name", "gw-1", "--json").stdout
        )
        # Nobody listens on port 1.
        member = self.start_node(
            "--mesh", "127.0.0.1:0", "--peer", "127.0.0.1:1", "--peer", "localhost:1",
            *HTTP,
            data=node.data,
        )
        self.assertEqual(member.addresses["mesh"][0], "127.0.0.1")
        status = self.ask(member, "status")
        self.assertEqual((status["state"], status["node"]), ("on", founded["node"]))
        self.assertEqual(
            status["nodes"],
            [
                {
                    "id": founded["node"],
                    "name": "gw-1",
                    "role": "router",
                    "state": "self",
                    "leaving": False,
                }
            ],
        )
        peers = self.ask(member, "peers")["peers"]
        self.assertEqual([each["peer"] for each in peers], ["127.0.0.1:1", "localhost:1"])
        self.assertEqual(self.ask(member, "routes"), {"routes": []})

    def test_a_peer_without_a_port_is_refused_with_its_key(self):
        done = kith("run", "--peer", "gw-1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("mesh.peers", done.stderr)
        self.assertIn("HOST:PORT", done.stderr)


class MeshWays(MeshCase):
    def ask(self, node, *arguments, check=True):
        self.status(node)  # has a token from then on
        host, port = node.addresses["http"]
        where = ("--http", f"{host}:{port}", "--token", node.operator)
        return kith("mesh", *arguments, *where, check=check)

    def linked_pair(self):
        gateway = self.found_and_start()
        cellar = self.started_by_token("cellar", self.invite("gw-1")["token"])
        cellar.errors.wait_for(UP)
        self.assert_linked(gateway, "cellar")
        return gateway, cellar

    def test_a_trace_tells_each_hop_and_what_is_measured_of_it(self):
        gateway, _ = self.linked_pair()

        def trace():
            return json.loads(self.ask(gateway, "trace", "cellar", "--json", check=False).stdout)

        # A link is one when both ends have told of it.
        told = self.until(trace, lambda answer: answer["state"] == "reachable")
        self.assertEqual([hop["name"] for hop in told["hops"]], ["gw-1", "cellar"])
        first, last = told["hops"]
        self.assertEqual(first["cost"], told["cost"])
        self.assertGreater(first["rtt_ms"], 0)
        self.assertIsNone(last["cost"])
        text = self.ask(gateway, "trace", "cellar").stdout
        self.assertIn("by link state: no message was sent", text)
        self.assertRegex(text, r" 0 gw-1 \(\w+\): cost \d+; measured [\d.]+ ms, 0 % lost")
        back = json.loads(
            self.ask(gateway, "trace", "gw-1", "--from", "cellar", "--json").stdout
        )
        self.assertEqual([hop["name"] for hop in back["hops"]], ["cellar", "gw-1"])
        self.assertIsNone(back["hops"][0]["rtt_ms"])
        nobody = self.ask(gateway, "trace", "attic", check=False)
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("no node of the mesh has this id or name", nobody.stderr)

    def test_top_shows_links_with_their_rates(self):
        gateway, cellar = self.linked_pair()
        top = json.loads(self.ask(gateway, "top", "--json").stdout)
        self.assertEqual((top["state"], top["nodes"], top["reached"]), ("on", 2, 2))
        (link,) = top["links"]
        self.assertEqual((link["name"], link["state"]), ("cellar", "up"))
        self.assertGreater(link["in_bytes_per_s"], 0)  # hellos
        self.assertEqual(link["custody"], 0)
        table = self.ask(cellar, "top").stdout
        self.assertIn("cellar: 2 of 2 nodes reached, 1 links", table)
        self.assertRegex(table, r"TO +STATE +RTT ms +LOSS % +COST +QUEUE B +CUSTODY")
        self.assertRegex(table, r"gw-1 +up ")

    def test_the_mesh_stands_in_retained_topics(self):
        gateway, _ = self.linked_pair()
        mqtt = ":".join(map(str, gateway.addresses["mqtt"]))

        def topics():
            done = kith("sub", "-h", mqtt, "-t", "$mesh/#", "--json", "-W", 1, check=False)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            return {line["topic"]: line["payload"] for line in lines}

        def is_whole(seen):
            kinds = [topic.split("/")[1] for topic in seen]
            return (kinds.count("nodes"), kinds.count("links"), kinds.count("drops")) == (2, 1, 1)

        seen = self.until(topics, is_whole)
        (link,) = [json.loads(text) for topic, text in seen.items() if "/links/" in topic]
        self.assertEqual(link["state"], "up")
        nodes = [json.loads(text) for topic, text in seen.items() if "/nodes/" in topic]
        self.assertEqual(sorted(node["name"] for node in nodes), ["cellar", "gw-1"])

    def test_top_of_a_node_without_a_mesh_says_why(self):
        node = self.start_member("gw-1")
        told = self.ask(node, "top").stdout
        self.assertEqual(told, "the mesh is off: this node belongs to no mesh\n")


if __name__ == "__main__":
    unittest.main()
