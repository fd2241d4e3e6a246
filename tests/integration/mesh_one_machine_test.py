"""Messages for one: a node's inbox, the nearest provider, requests that nobody answers, and the
directory of machines, with real nodes."""

import json
import time
import unittest

from harness import kith
from mesh_nodes import MeshCase
from mqtt_raw import RawClient


class OneMachine(MeshCase):
    def client(self, node, client_id: str) -> RawClient:
        client = RawClient(node.mqtt)
        self.addCleanup(client.close)
        client.connect(client_id)
        return client

    def where(self, node) -> tuple:
        self.status(node)
        host, port = node.addresses["http"]
        return ("--http", f"{host}:{port}", "--token", node.operator)

    def find(self, node, *arguments, check: bool = True):
        return kith("mesh", "find", *arguments, *self.where(node), "--json", check=check)

    def names(self, node, *arguments) -> list:
        found = self.find(node, *arguments, check=False)
        items = json.loads(found.stdout)["items"] if found.stdout else []
        return [each["machine"] for each in items]

    def test_a_node_is_reached_by_name_and_a_service_at_the_nearest(self):
        nodes = self.line("left", "middle", "right")
        here = self.client(nodes["right"], "here")
        here.subscribe("$to/node/right/#", 1)
        self.client(nodes["right"], "far").subscribe("$to/any/print/#", 1)
        near = self.client(nodes["middle"], "near")
        near.subscribe("$to/any/print/#", 1)
        publisher = self.client(nodes["left"], "publisher")
        publisher.publish("$to/node/right/ping", b"by name", 1)
        self.assertEqual(here.take_message().payload, b"by name")
        publisher.publish("$to/any/print/jobs", b"1", 1)
        self.assertEqual(near.take_message().payload, b"1")
        own = self.client(nodes["left"], "own")
        own.subscribe("$to/any/print/#", 1)
        publisher.publish("$to/any/print/jobs", b"2", 1)
        self.assertEqual(own.take_message().payload, b"2")
        # What is behind them came first: nobody else got a job.
        publisher.publish("$to/node/right/ping", b"again", 1)
        self.assertEqual(here.take_message().payload, b"again")

    def test_a_call_to_nobody_of_the_mesh_ends_at_once(self):
        nodes = self.line("left", "right")
        host, port = nodes["left"].mqtt
        begin = time.monotonic()
        called = kith("call", "-h", f"{host}:{port}", "-W", "60", "oven", "temp", check=False)
        self.assertEqual(called.returncode, 1)
        self.assertIn("serves no calls now", called.stderr)
        self.assertLess(time.monotonic() - begin, 30)

    def test_machines_are_found_by_what_they_are_until_they_go(self):
        nodes = self.line("left", "right")
        oven = self.client(nodes["right"], "oven-1")
        entry = {"type": "oven", "capabilities": ["heat", "grill"], "topics": ["oven/temp"]}
        oven.publish("$mesh/dir/oven-1", json.dumps(entry).encode(), 1)
        looker = self.client(nodes["left"], "looker")
        looker.subscribe("$mesh/dir/+", 1)
        self.assertEqual(self.names(nodes["right"], "--type", "oven"), ["oven-1"])
        self.assertEqual(self.names(nodes["right"], "--type", "kettle"), [])
        found = json.loads(self.find(nodes["right"], "--capability", "grill").stdout)["items"][0]
        self.assertEqual(found["node_name"], "right")
        self.assertEqual(found["topics"], ["oven/temp"])
        oven.close()
        self.until(lambda: self.names(nodes["right"]), lambda names: names == [])


if __name__ == "__main__":
    unittest.main()
