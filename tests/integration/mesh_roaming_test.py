"""A client that goes from node to node of a mesh keeps its session; old nodes die under it."""

import random
import threading
import unittest

from mesh_nodes import ALONE, MeshCase
from mqtt_raw import ConnectionClosed, RawClient

FOREVER = 0xFFFFFFFF
MOVES = 20
PER_MOVE = 10
SEED = 7


class MeshRoaming(MeshCase):
    def client(self, node, client_id: str, **fields) -> RawClient:
        client = RawClient(node.mqtt)
        self.addCleanup(client.close)
        client.connack = client.connect(client_id, **fields)
        return client

    def durable(self, node, client_id: str) -> RawClient:
        return self.client(
            node, client_id, clean_start=False, properties={"session_expiry_interval": FOREVER}
        )

    def moved(self, node, outcome: str) -> float:
        return self.metric(node, f'session_moves_total{{outcome="{outcome}"}}')

    def test_a_client_that_goes_to_and_fro_gets_all_of_it_once(self):
        nodes = self.line("left", "middle", "right")
        ends = [nodes["left"], nodes["right"]]
        roamer = self.durable(ends[0], "roamer")
        roamer.subscribe("t", 2)
        publisher = self.client(nodes["middle"], "publisher")
        got = []
        for move in range(MOVES):
            for i in range(PER_MOVE):
                publisher.publish("t", str(move * PER_MOVE + i).encode(), 2)
            before = roamer
            roamer = self.durable(ends[(move + 1) % 2], "roamer")
            self.assertTrue(roamer.connack.session_present, move)
            # What was on its way to the old connection is read without an answer: it comes again.
            rest = before.expect_closed()
            self.assertEqual([each.reason for each in rest if each.kind == "DISCONNECT"], [0x8E])
            got += roamer.take_messages(PER_MOVE)
        self.assertEqual(
            sorted(int(each.payload) for each in got), list(range(MOVES * PER_MOVE))
        )
        self.until(  # the page is made anew from time to time
            lambda: self.moved(ends[0], "in") + self.moved(ends[1], "in"),
            lambda count: count == MOVES,
        )
        self.assertEqual(self.moved(ends[0], "timed_out"), 0)

    def test_an_old_node_that_is_killed_at_any_time_loses_nothing(self):
        choose = random.Random(SEED)
        nodes = self.line("left", "middle", "right")
        host, port = nodes["middle"].addresses["mesh"]
        publisher = self.client(nodes["middle"], "publisher")
        sent, got = 0, set()
        roamer = self.durable(nodes["right"], "roamer")
        roamer.subscribe("t", 2)
        for _ in range(4):
            # Something to take along, queued at the right node, and the client is at the left one.
            roamer.disconnect()
            for _ in range(PER_MOVE):
                publisher.publish("t", str(sent).encode(), 2)
                sent += 1
            dying = threading.Timer(choose.uniform(0, 0.03), nodes["right"].kill)
            dying.start()
            try:
                roamer = self.durable(nodes["left"], "roamer")
                if not roamer.connack.session_present:
                    roamer.subscribe("t", 2)
            except ConnectionClosed:
                self.fail("the client is let in whatever dies")
            dying.join()
            nodes["right"] = self.start_member("right", *ALONE, "--peer", f"{host}:{port}")
            while len(got) < sent:
                got.add(int(roamer.take_message().payload))
            # Back, so that the right node has it again; it finds it once it has met the others.
            self.assert_whole(nodes)
            roamer = self.durable(nodes["right"], "roamer")
            self.assertTrue(roamer.connack.session_present)
        self.assertEqual(got, set(range(sent)))


if __name__ == "__main__":
    unittest.main()
