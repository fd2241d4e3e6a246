"""Nodes that do not belong any more, and peers that never did: a mesh that goes on without them."""

import shutil
import unittest

from harness import kith
from mesh_nodes import DOWN, MESH_ALPN, UP, MeshCase, dial, read_to_end
from mesh_raw import (
    LINK_STATE,
    RECORD,
    RawPeer,
    frame,
    kind_of,
    link_state,
    origin_of,
    record,
    varint,
)


class ThreeNodes(MeshCase):
    """gw-1, which founded the mesh, cellar and attic: each linked with the other two."""

    def setUp(self):
        super().setUp()
        self.gateway = self.found_and_start("gw-1")
        token = self.invite("gw-1", "--uses", 2)["token"]
        self.cellar = self.started_by_token("cellar", token)
        self.cellar.errors.wait_for(UP)
        self.cellar_port = self.status(self.cellar)["address"]
        self.attic = self.started_by_token("attic", token, "--peer", self.cellar_port)
        self.assert_linked(self.attic, "gw-1", "cellar")
        self.assert_linked(self.cellar, "gw-1", "attic")
        self.assert_linked(self.gateway, "cellar", "attic")

    def names(self, node) -> set[str]:
        return {each["name"] for each in self.status(node)["nodes"]}

    def revoked(self, name: str) -> list[str]:
        return [each["node"] for each in self.mesh(name, "status")["revoked"]]


class Revoking(ThreeNodes):
    def test_a_revoked_node_is_put_out_by_all_and_stays_out(self):
        attic = self.mesh("attic", "status")["node"]
        self.assertEqual(self.mesh("gw-1", "revoke", "attic"), {"revoked": attic})
        for node in (self.gateway, self.cellar):
            node.errors.wait_for(f"put out of the mesh.*{attic}")
        self.until(lambda: self.names(self.gateway), lambda names: names == {"gw-1", "cellar"})
        self.until(lambda: self.names(self.cellar), lambda names: names == {"gw-1", "cellar"})
        self.until(lambda: self.status(self.attic)["links"], lambda links: links == [])
        self.until(lambda: self.revoked("cellar"), lambda revoked: revoked == [attic])
        self.until(lambda: self.link_event(self.cellar, "revoked"), lambda count: count == 1)
        # It goes on dialling, and is refused and counted.
        self.until(lambda: self.link_event(self.cellar, "not_a_member"), lambda count: count > 0)
        # Those that stay have kept their link.
        self.assert_linked(self.gateway, "cellar")
        # Also by a node that starts when nobody is there to tell it.
        self.cellar.stop()
        self.gateway.stop()
        cellar = self.start_node(
            "--mesh", self.cellar_port, "--http", "127.0.0.1:0", data=self.home("cellar")
        )
        self.until(lambda: self.link_event(cellar, "not_a_member"), lambda count: count > 0)
        self.assertEqual(self.status(cellar)["links"], [])

    def test_a_revoked_key_does_not_join_again_and_a_new_one_does(self):
        self.mesh("gw-1", "revoke", "attic")
        self.attic.errors.wait_for(DOWN)
        self.attic.stop()
        old = self.mesh("attic", "status")["node"]
        for path in (self.home("attic") / "mesh").iterdir():
            if path.name != "node.key":
                path.unlink()
        self.join("attic", self.invite("gw-1")["token"])
        refused = self.start_member("attic")
        reason = self.until(lambda: self.status(refused)["reason"], lambda told: ";" in told)
        self.assertIn("revoked", reason)
        self.assertEqual(self.link_event(self.gateway, "join_revoked"), 1)
        refused.stop()
        shutil.rmtree(self.home("attic") / "mesh")
        self.join("attic", self.invite("gw-1")["token"])
        self.start_member("attic").errors.wait_for(UP)
        self.assertNotEqual(self.mesh("attic", "status")["node"], old)


class BadPeers(ThreeNodes):
    """The attic's files are in wrong hands; the gateway and the cellar have nothing else to do."""

    def setUp(self):
        super().setUp()
        self.attic.stop()
        self.attic_files = self.home("attic") / "mesh"
        self.assert_linked(self.gateway, "cellar")
        self.ids = {each["name"]: int(each["id"], 16) for each in self.status(self.cellar)["nodes"]}
        self.lines_before = self.gateway.errors.line_count()

    def tearDown(self):
        """Whatever was tried: the others have not noticed."""
        self.assert_linked(self.gateway, "cellar")
        self.assert_linked(self.cellar, "gw-1")
        cellar = f"node={self.ids['cellar']:016x}"
        since = self.gateway.errors.text().splitlines()[self.lines_before :]
        self.assertEqual([line for line in since if cellar in line and "down" in line], [])

    def link(self) -> RawPeer:
        peer = RawPeer(self.gateway.addresses["mesh"], self.attic_files)
        self.addCleanup(peer.close)
        return peer

    def drops(self, reason: str) -> float:
        return self.metric(self.gateway, f'mesh_drops_total{{reason="{reason}"}}')

    def test_a_member_of_another_mesh_gets_no_link(self):
        stranger = self.home("stranger")
        kith("mesh", "invite", "--data", stranger)
        before = self.link_event(self.gateway, "handshake_broken")
        try:
            with dial(self.gateway.addresses["mesh"], MESH_ALPN, stranger / "mesh") as link:
                self.assertEqual(read_to_end(link), b"")
        except OSError:
            pass  # refused in the handshake, or right behind it
        self.until(
            lambda: self.link_event(self.gateway, "handshake_broken"),
            lambda count: count == before + 1,
        )

    def test_what_it_says_in_the_name_of_another_is_not_believed(self):
        with self.link() as peer:
            peer.become_a_neighbor()
            newest = (0xFFFFFFFF, 1)
            body = link_state(0, "usurper")
            peer.send(record(peer.key, self.ids["cellar"], LINK_STATE, newest, body))
            self.until(lambda: self.drops("forged"), lambda count: count == 1)
        self.assertNotIn("usurper", self.names(self.gateway))
        self.assertIn("cellar", self.names(self.gateway))

    def test_what_it_repeats_of_another_changes_nothing(self):
        with self.link() as peer:
            peer.become_a_neighbor()
            peer.ask_for(self.ids["cellar"], LINK_STATE)
            while not (old := self.told_by(peer, "cellar")):
                peer.take()
            # The cellar says something newer: that it has another name.
            self.cellar.stop()
            membership = self.home("cellar") / "mesh" / "membership"
            membership.write_text(membership.read_text().replace("name cellar", "name vault"))
            self.cellar = self.start_member("cellar")
            self.until(lambda: self.names(self.gateway), lambda names: "vault" in names)
            for each in old:
                peer.send(each)
            body = link_state(0, "x")
            peer.send(record(peer.key, self.ids["attic"], LINK_STATE, (2**31, 1), body))
            self.until(lambda: self.names(self.gateway), lambda names: "x" in names)
            self.assertEqual(self.names(self.gateway), {"gw-1", "vault", "x"})
        self.cellar.stop()
        membership.write_text(membership.read_text().replace("name vault", "name cellar"))
        self.cellar = self.start_member("cellar")
        self.assert_linked(self.gateway, "cellar")
        self.lines_before = self.gateway.errors.line_count()

    def told_by(self, peer: RawPeer, name: str) -> list[bytes]:
        """Its LinkState records."""
        return [
            each
            for each in peer.records
            if origin_of(each) == self.ids[name] and kind_of(each) == LINK_STATE
        ]

    def test_nonsense_ends_its_link_and_is_counted(self):
        with self.link() as peer:
            peer.send(frame(RECORD, b"nonsense"))
            peer.take_until_the_end()
        self.assertEqual(self.drops("malformed"), 1)
        with self.link() as peer:
            peer.send(varint(2**30) + b"\x18")  # longer than any frame
            peer.take_until_the_end()
        self.assertEqual(self.link_event(self.gateway, "malformed"), 1)
        with self.link() as peer:
            peer.send(b"\x80" * 64)  # a length without an end
            peer.take_until_the_end()
        self.assertEqual(self.link_event(self.gateway, "malformed"), 2)

    def test_a_flood_harms_nobody_but_whoever_floods(self):
        with self.link() as peer:
            peer.become_a_neighbor()
            forged = record(peer.key, self.ids["cellar"], LINK_STATE, (0xFFFFFFFF, 1), b"x" * 999)
            count = 5000
            for _ in range(count // 50):
                peer.send(forged * 50)
            self.until(lambda: self.drops("forged"), lambda forgeries: forgeries == count)
        self.assertIn("cellar", self.names(self.gateway))


class BadLeaf(MeshCase):
    def test_a_leaf_that_speaks_for_others_is_not_heard(self):
        gateway = self.found_and_start()
        token = self.invite("gw-1", "--role", "leaf")["token"]
        leaf = self.started_by_token("leaf", token)
        leaf.errors.wait_for(UP)
        gateway_id = int(self.status(leaf)["nodes"][0]["id"], 16)
        leaf.stop()
        with RawPeer(gateway.addresses["mesh"], self.home("leaf") / "mesh") as peer:
            peer.become_a_neighbor()
            body = link_state(0, "usurper")
            for version in range(1, 11):
                peer.send(record(peer.key, gateway_id ^ 1, LINK_STATE, (version, 1), body))
            self.until(
                lambda: self.metric(gateway, 'mesh_drops_total{reason="not_authorized"}'),
                lambda count: count == 10,
            )


if __name__ == "__main__":
    unittest.main()
