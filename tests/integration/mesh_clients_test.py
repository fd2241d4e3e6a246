"""Clients of different nodes of a mesh, as of one broker; nodes die under them."""

import json
import unittest

from harness import kith
from mesh_nodes import ALONE, MeshCase
from mqtt_raw import RawClient

FOREVER = 0xFFFFFFFF
MESSAGES = 300


class MeshClients(MeshCase):
    def relay_between(self, node, other: str) -> str:
        """Over which neighbour the node sends to `other` now, by name."""
        names = {each["id"]: each["name"] for each in self.status(node)["nodes"]}
        host, port = node.addresses["http"]
        where = ("--http", f"{host}:{port}", "--token", node.operator)
        routes = json.loads(kith("mesh", "routes", *where, "--json").stdout)["routes"]
        (way,) = [each for each in routes if names[each["to"]] == other]
        return names[way["next_hop"]]

    def client(self, node, client_id: str, **fields) -> RawClient:
        client = RawClient(node.mqtt)
        self.addCleanup(client.close)
        client.connect(client_id, **fields)
        return client

    def durable(self, node, client_id: str) -> RawClient:
        return self.client(
            node, client_id, clean_start=False, properties={"session_expiry_interval": FOREVER}
        )

    def test_every_qos_reaches_subscribers_of_other_nodes(self):
        nodes = self.line("left", "middle", "right")
        far = self.client(nodes["right"], "far")
        far.subscribe("t/#", 2)
        publisher = self.client(nodes["left"], "publisher")
        for qos in (0, 1, 2):
            publisher.publish(f"t/{qos}", b"hello", qos)
        got = [(each.topic, each.qos) for each in far.take_messages(3)]
        self.assertEqual(got, [("t/0", 0), ("t/1", 1), ("t/2", 2)])
        # And back, at once after the SUBACK.
        near = self.client(nodes["left"], "near")
        near.subscribe("back")
        self.client(nodes["right"], "other").publish("back", b"first")
        self.assertEqual(near.take_message().payload, b"first")

    def test_a_relay_that_dies_loses_nothing_and_repeats_nothing(self):
        nodes = self.line("left", "middle", "right")
        token = self.invite("left", "--uses", "1")["token"]
        left, right = nodes["left"], nodes["right"]
        nodes["detour"] = self.add("detour", token, left, right)
        self.assert_whole(nodes)
        far = self.client(right, "far")
        far.subscribe("t", 2)
        publisher = self.client(left, "publisher")
        for i in range(MESSAGES):
            publisher.publish("t", str(i).encode(), 2)
            if i == MESSAGES // 2:
                nodes[self.relay_between(left, "right")].kill()
        got = [int(each.payload) for each in far.take_messages(MESSAGES)]
        self.assertEqual(got, list(range(MESSAGES)))

    def test_a_receivers_node_that_dies_gets_the_rest_when_it_is_back(self):
        nodes = self.line("left", "right")
        self.durable(nodes["right"], "far").subscribe("t", 2)
        publisher = self.client(nodes["left"], "publisher")
        for i in range(MESSAGES):
            publisher.publish("t", str(i).encode(), 2)
            if i == MESSAGES // 2:
                nodes["right"].kill()
        host, port = nodes["left"].addresses["mesh"]
        nodes["right"] = self.start_member("right", *ALONE, "--peer", f"{host}:{port}")
        got = self.durable(nodes["right"], "far").take_messages(MESSAGES)
        self.assertEqual([int(each.payload) for each in got], list(range(MESSAGES)))

    def test_a_publishers_node_that_dies_sends_what_it_acknowledged(self):
        nodes = self.line("left", "right")
        far = self.durable(nodes["right"], "far")
        far.subscribe("t", 2)
        far.disconnect()
        nodes["right"].kill()
        publisher = self.client(nodes["left"], "publisher")
        for i in range(MESSAGES):
            publisher.publish("t", str(i).encode(), 1)
        nodes["left"].kill()
        # It has no link yet, and knows who wants it all the same.
        nodes["left"] = self.start_member("left", *ALONE)
        self.client(nodes["left"], "publisher").publish("t", b"last", 1)
        host, port = nodes["left"].addresses["mesh"]
        nodes["right"] = self.start_member("right", *ALONE, "--peer", f"{host}:{port}")
        got = self.durable(nodes["right"], "far").take_messages(MESSAGES + 1)
        self.assertEqual(got[-1].payload, b"last")
        self.assertEqual([int(each.payload) for each in got[:-1]], list(range(MESSAGES)))


if __name__ == "__main__":
    unittest.main()
