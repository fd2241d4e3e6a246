"""A running node and its mesh: the port, the ready line, and what the commands show."""

import json
import unittest

from harness import NodeCase, create_token, kith

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


if __name__ == "__main__":
    unittest.main()
