"""Two fresh nodes, a token, and a mesh; and everything that must not become a member."""

import struct
import time
import unittest

from harness import DEADLINE_S, kith
from mesh_nodes import (
    EXPIRES_AT,
    JOIN_ALPN,
    MESH_ALPN,
    SECRET_AT,
    UP,
    Impostor,
    MeshCase,
    altered_token,
    dial,
    read_to_end,
    token_for,
)


class Joining(MeshCase):
    def test_a_node_with_a_token_becomes_a_member_when_it_runs_and_stays_one(self):
        gateway = self.found_and_start()
        token = self.invite("gw-1", "--role", "leaf")["token"]
        cellar = self.started_by_token("cellar", token)
        cellar.errors.wait_for(UP)
        self.assert_linked(gateway, "cellar")
        status = self.assert_linked(cellar, "gw-1")
        self.assertEqual(status["state"], "on")
        (own,) = [each for each in status["nodes"] if each["state"] == "self"]
        self.assertEqual((own["name"], own["role"]), ("cellar", "leaf"))
        files = self.mesh("cellar", "status")
        self.assertEqual((files["state"], files["issuer"]), ("member", False))
        self.assertNotIn(token[6:60], (self.home("cellar") / "mesh/membership").read_text())
        (_, used) = self.mesh("gw-1", "status")["invites"]
        self.assertEqual([each["name"] for each in used["used_by"]], ["cellar"])
        self.assertEqual(self.link_event(gateway, "join_accepted"), 1)
        # It needs nothing to find the mesh again.
        cellar.stop()
        cellar = self.start_member("cellar")
        self.assertIn("mesh", cellar.addresses, "its port is open from the start now")
        cellar.errors.wait_for(UP)
        self.assert_linked(cellar, "gw-1")

    def test_both_run_already_when_the_mesh_is_founded_and_joined(self):
        gateway = self.start_member("gw-1")
        cellar = self.start_member("cellar")
        self.assertEqual(self.status(cellar)["reason"], "this node belongs to no mesh")
        made = self.invite("gw-1", "--name", "gw-1")
        self.assertTrue(made["founded"])
        gateway.errors.wait_for("the mesh is on")
        self.assertEqual(made["addresses"], [self.status(gateway)["address"]])
        self.join("cellar", made["token"])
        cellar.errors.wait_for(UP)
        self.assert_linked(gateway, "cellar")
        self.assert_linked(cellar, "gw-1")

    def test_a_shelf_of_nodes_joins_by_one_token(self):
        gateway = self.found_and_start()
        token = self.invite("gw-1", "--uses", 3)["token"]
        names = ("a", "b", "c")
        for name in names:
            self.join(name, token)
        for node in [self.start_member(name) for name in names]:
            node.errors.wait_for(UP)
        self.assert_linked(gateway, *names)
        (_, used) = self.mesh("gw-1", "status")["invites"]
        self.assertEqual(used["uses_left"], 0)

    def test_an_issuer_that_is_away_is_found_once_it_is_there(self):
        made = self.invite("gw-1", "--name", "gw-1")
        gateway = self.start_member("gw-1")
        address = self.status(gateway)["address"]
        token = self.invite("gw-1")["token"]
        gateway.stop()
        cellar = self.started_by_token("cellar", token)
        reason = self.until(lambda: self.status(cellar)["reason"], lambda told: address in told)
        self.assertIn("has a token", reason)
        self.start_node("--mesh", address, "--http", "off", data=self.home("gw-1"))
        cellar.errors.wait_for(UP)
        self.assertEqual(made["founded"], True)


class NotJoining(MeshCase):
    def refusal(self, name: str, token: str) -> str:
        """What a node says that tries to join with this token, once it was told something."""
        node = self.started_by_token(name, token)
        reason = self.until(lambda: self.status(node)["reason"], lambda told: ";" in told)
        self.assertEqual(self.mesh(name, "status")["state"], "joining")
        node.stop()
        return reason

    def test_a_token_with_a_wrong_secret_is_refused(self):
        gateway = self.found_and_start()
        token = altered_token(self.invite("gw-1")["token"], SECRET_AT)
        self.assertIn("does not know this invite", self.refusal("cellar", token))
        self.assertEqual(self.link_event(gateway, "join_not_invited"), 1, "and not asked again")

    def test_a_used_token_is_refused(self):
        gateway = self.found_and_start()
        token = self.invite("gw-1")["token"]
        self.started_by_token("cellar", token).errors.wait_for(UP)
        self.assertIn("used up", self.refusal("attic", token))
        self.assertEqual(self.link_event(gateway, "join_used_up"), 1)
        self.assert_linked(gateway, "cellar")

    def test_a_token_that_has_ended_is_refused(self):
        gateway = self.found_and_start()
        token = self.invite("gw-1", "--expires", "1s")["token"]
        while kith("mesh", "join", token, "--data", self.home("x"), check=False).returncode == 0:
            pass  # until the clock says so; a second at most
        # Whoever prolongs it by himself can type it, and is refused by whoever made it.
        later_ms = int(time.time() * 1000) + 900_000
        self.join("cellar", altered_token(token, EXPIRES_AT, struct.pack(">Q", later_ms)))
        node = self.start_member("cellar")
        reason = self.until(lambda: self.status(node)["reason"], lambda told: ";" in told)
        self.assertIn("expired", reason)
        self.assertEqual(self.link_event(gateway, "join_expired"), 1)

    def test_an_issuer_of_another_mesh_is_told_nothing(self):
        self.found_and_start()
        token = self.invite("gw-1")["token"]
        stranger = self.home("stranger")
        kith("mesh", "invite", "--data", stranger)
        # It shows its own root behind its certificate, as an issuer does.
        chain = stranger / "mesh" / "shown.pem"
        both = [(stranger / "mesh" / name).read_text() for name in ("certificate.pem", "root.pem")]
        chain.write_text("".join(both))
        chain.chmod(0o600)
        impostor = Impostor(chain, stranger / "mesh" / "node.key")
        self.addCleanup(impostor.close)
        reason = self.refusal("cellar", token_for(token, impostor.address))
        self.assertIn("another mesh", reason)
        self.assertEqual(impostor.requests, [])

    def test_a_member_in_the_middle_cannot_use_what_it_was_asked(self):
        gateway = self.found_and_start()
        self.started_by_token("cellar", self.invite("gw-1")["token"]).errors.wait_for(UP)
        member = self.home("cellar") / "mesh"
        chain = self.folder / "shown.pem"
        both = [(member / name).read_text() for name in ("certificate.pem", "root.pem")]
        chain.write_text("".join(both))
        impostor = Impostor(chain, member / "node.key")
        self.addCleanup(impostor.close)
        token = self.invite("gw-1")["token"]
        attic = self.started_by_token("attic", token_for(token, impostor.address))
        self.assertTrue(impostor.shaken.acquire(timeout=DEADLINE_S))
        self.assertTrue(impostor.requests, "it is a member, and so it is asked")
        with dial(self.port_of(gateway), JOIN_ALPN) as replay:
            replay.sendall(impostor.requests[0])
            answer = read_to_end(replay)
        self.assertEqual(answer[2:], b"\x01\x01", "not invited: the proof is of another channel")
        self.assertEqual(self.mesh("attic", "status")["state"], "joining")
        attic.stop()

    def port_of(self, node) -> tuple[str, int]:
        return node.addresses["mesh"]

    def test_strangers_get_no_link_and_keep_nobody_from_joining(self):
        gateway = self.found_and_start()
        address = self.port_of(gateway)
        with dial(address, MESH_ALPN) as link:  # TLS 1.3: the refusal comes behind the handshake
            self.assertEqual(read_to_end(link), b"")
        silent = [dial(address, JOIN_ALPN) for _ in range(10)]
        for each in silent:
            self.addCleanup(each.close)
        with dial(address, JOIN_ALPN) as babbler:
            read_to_end(babbler)  # beyond those that may wait: closed at once
        self.assertGreater(self.link_event(gateway, "newcomer_refused"), 0)
        # Each of them is sent away for keeping silent.
        for each in silent:
            self.assertEqual(read_to_end(each), b"")
        with dial(address, JOIN_ALPN) as babbler:
            babbler.sendall(b"\x00\x05hello")
            self.assertEqual(read_to_end(babbler), b"\x00\x02\x01\x07", "malformed")
        with dial(address, JOIN_ALPN) as flooder:
            flooder.sendall(b"\xff" * 4096)
            self.assertEqual(read_to_end(flooder), b"")
        self.assertGreater(self.link_event(gateway, "newcomer_timeout"), 0)
        self.assertGreater(self.link_event(gateway, "newcomer_broken"), 0)
        self.assertEqual(self.link_event(gateway, "join_malformed"), 1)
        self.started_by_token("cellar", self.invite("gw-1")["token"]).errors.wait_for(UP)
        self.assert_linked(gateway, "cellar")


if __name__ == "__main__":
    unittest.main()
