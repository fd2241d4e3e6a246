"""Founding a mesh, inviting to it, joining it, revoking: the commands, and what they leave."""

import json
import re
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, DEADLINE_S, kith

TOKEN = re.compile(r"^kith1\.[A-Za-z0-9_-]+$")


class Membership(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.founder = self.folder / "founder"
        self.cellar = self.folder / "cellar"

    def mesh(self, *arguments, data: Path | None = None):
        """What a command says in JSON."""
        done = kith("mesh", *arguments, "--data", data or self.founder, "--json")
        return json.loads(done.stdout)

    def refused(self, *arguments, data: Path | None = None, status: int = 1) -> str:
        """Why a command fails."""
        done = kith("mesh", *arguments, "--data", data or self.founder, check=False)
        self.assertEqual((done.returncode, done.stdout), (status, ""), arguments)
        return done.stderr

    def files(self, data: Path) -> dict[str, bytes]:
        return {each.name: each.read_bytes() for each in (data / "mesh").iterdir()}

    def test_the_first_invite_founds_the_mesh_and_the_second_does_not(self):
        first = self.mesh("invite", "--name", "gw-1")
        self.assertRegex(first["token"], TOKEN)
        self.assertTrue(first["founded"])
        self.assertEqual((first["role"], first["uses"]), ("router", 1))
        second = self.mesh("invite")
        self.assertFalse(second["founded"])
        self.assertEqual(second["mesh"], first["mesh"])
        self.assertNotEqual(second["token"], first["token"])
        status = self.mesh("status")
        self.assertEqual(status["state"], "member")
        self.assertEqual((status["name"], status["role"]), ("gw-1", "router"))
        self.assertEqual(status["node"], first["node"])
        self.assertTrue(status["issuer"])
        self.assertEqual([each["uses_left"] for each in status["invites"]], [1, 1])
        self.assertEqual(status["root_fingerprint"][:16], first["mesh"])

    def test_a_token_is_the_only_line_on_stdout_and_its_code_comes_when_asked_for(self):
        plain = kith("mesh", "invite", "--data", self.founder)
        self.assertRegex(plain.stdout.removesuffix("\n"), TOKEN)
        self.assertIn("founded mesh", plain.stderr)
        with_code = kith("mesh", "invite", "--data", self.founder, "--qr").stdout.splitlines()
        self.assertRegex(with_code[0], TOKEN)
        self.assertGreater(len(with_code), 20)
        self.assertEqual(len({len(line) for line in with_code[1:]}), 1)
        self.assertLessEqual(set("".join(with_code[1:])), set("█▀▄ "))

    def test_join_keeps_the_token_and_a_key_until_the_first_link(self):
        made = self.mesh("invite", "--role", "leaf", "--address", "gw-1:7883")
        self.assertEqual(made["addresses"], ["gw-1:7883"])
        joining = self.mesh("join", made["token"], "--name", "cellar", data=self.cellar)
        self.assertEqual(joining["state"], "joining")
        self.assertEqual((joining["mesh"], joining["role"]), (made["mesh"], "leaf"))
        status = self.mesh("status", data=self.cellar)
        self.assertEqual(status["state"], "joining")
        self.assertEqual((status["node"], status["name"]), (joining["node"], "cellar"))
        self.assertEqual(status["token_expires_at"], made["expires_at"])
        self.assertEqual(set(self.files(self.cellar)), {"lock", "membership", "node.key"})
        # Again, with another token: the same key.
        again = self.mesh("join", self.mesh("invite")["token"], data=self.cellar)
        self.assertEqual(again["node"], joining["node"])
        self.assertEqual(again["role"], "router")

    def test_a_token_may_come_by_stdin(self):
        token = self.mesh("invite")["token"]
        said = subprocess.run(
            [BINARY, "mesh", "join", "-", "--data", self.cellar],
            input=token + "\n",
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=True,
        ).stdout
        self.assertIn("joins mesh", said)

    def test_everything_is_for_the_owner_alone_and_no_secret_stays(self):
        token = self.mesh("invite")["token"]
        for path in [self.founder / "mesh", *(self.founder / "mesh").iterdir()]:
            mode = 0o700 if path.is_dir() else 0o600
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), mode, path)
        for name, content in self.files(self.founder).items():
            self.assertNotIn(token.encode(), content, name)

    def test_a_key_that_others_can_read_is_refused(self):
        self.mesh("invite")
        key = self.founder / "mesh" / "node.key"
        key.chmod(0o644)
        for command in ("status", "invite"):
            self.assertIn(f"chmod 600 {key}", self.refused(command))
        key.chmod(0o600)
        (self.founder / "mesh").chmod(0o755)
        self.assertIn("chmod 700", self.refused("status"))

    def test_a_damaged_file_is_named(self):
        self.mesh("invite")
        for name in ("node.key", "root.pem", "certificate.pem", "membership", "invites"):
            path = self.founder / "mesh" / name
            good = path.read_bytes()
            path.write_bytes(b"nonsense")
            self.assertIn(str(path), self.refused("status"))
            path.write_bytes(good)
        self.assertEqual(self.mesh("status")["state"], "member")

    def test_an_altered_or_cut_token_is_refused(self):
        token = self.mesh("invite")["token"]
        middle = len(token) // 2
        other = "A" if token[middle] != "A" else "B"
        altered = token[:middle] + other + token[middle + 1 :]
        for bad in ("kith2", "kith1.", token[:-1], token + "A", altered):
            with self.subTest(bad):
                self.assertIn("token", self.refused("join", bad, data=self.cellar))
        self.assertFalse((self.cellar / "mesh").exists())

    def test_a_token_that_has_ended_is_refused(self):
        token = self.mesh("invite", "--expires", "1s")["token"]
        deadline_passed = False
        while not deadline_passed:  # until the clock says so; a second at most
            done = kith("mesh", "join", token, "--data", self.cellar, check=False)
            deadline_passed = done.returncode != 0
        self.assertIn("has ended", done.stderr)

    def test_a_member_neither_joins_nor_founds_another_mesh(self):
        self.mesh("invite")
        other = self.mesh("invite", data=self.folder / "other")["token"]
        self.assertIn("belongs to mesh", self.refused("join", other))
        self.mesh("join", other, data=self.cellar)
        self.assertIn("holds no key", self.refused("invite", data=self.cellar))
        self.assertIn("holds no key", self.refused("revoke", "0" * 16, data=self.cellar))

    def test_revoking_is_for_others_by_id(self):
        made = self.mesh("invite")
        joining = self.mesh("join", made["token"], data=self.cellar)
        self.assertEqual(self.mesh("revoke", joining["node"]), {"revoked": joining["node"]})
        (revoked,) = self.mesh("status")["revoked"]
        self.assertEqual(revoked["node"], joining["node"])
        self.assertIn("cannot revoke itself", self.refused("revoke", made["node"]))
        self.assertIn("nobody", self.refused("revoke", "nobody"))

    def note_uses(self, invite: str, *names: str) -> list[str]:
        """As if nodes with these names had joined by the invite; their ids."""
        ids = [f"{number:016x}" for number in range(0xC0, 0xC0 + len(names))]
        with open(self.founder / "mesh" / "invites", "a") as book:
            for node, name in zip(ids, names):
                book.write(f"used {invite} {node} 1790000000000 {name}\n")
        return ids

    def test_revoking_is_for_others_by_the_name_with_which_they_joined(self):
        made = self.mesh("invite", "--uses", 3)
        cellar, *_ = self.note_uses(made["invite"], "the cellar", "attic", "attic")
        self.assertEqual(self.mesh("revoke", "the cellar"), {"revoked": cellar})
        self.assertIn("several nodes", self.refused("revoke", "attic"))

    def test_an_invite_that_was_spent_twice_is_shown(self):
        made = self.mesh("invite")
        self.note_uses(made["invite"], "cellar", "attic")
        (invite,) = self.mesh("status")["invites"]
        self.assertEqual((invite["overspent"], invite["uses_left"]), (True, 0))
        self.assertEqual([each["name"] for each in invite["used_by"]], ["cellar", "attic"])
        said = kith("mesh", "status", "--data", self.founder).stdout
        self.assertIn("used more often than allowed", said)

    def test_status_of_no_mesh_says_what_to_do_and_makes_nothing(self):
        self.assertEqual(self.mesh("status"), {"state": "none"})
        self.assertIn("kith mesh invite", kith("mesh", "status", "--data", self.founder).stdout)
        self.assertFalse(self.founder.exists())

    def test_status_in_words_names_mesh_node_and_invites(self):
        made = self.mesh("invite", "--uses", 3)
        said = kith("mesh", "status", "--data", self.founder).stdout
        ids = (made["mesh"], made["node"], made["invite"])
        for word in (*ids, "3 of 3 left", "certificate until"):
            self.assertIn(word, said)
        self.mesh("join", made["token"], data=self.cellar)
        self.assertIn("joining mesh", kith("mesh", "status", "--data", self.cellar).stdout)

    def test_wrong_terms_are_refused_before_anything_is_made(self):
        self.refused("invite", "--uses", 0, status=2)
        self.refused("invite", "--role", "king", status=2)
        self.assertIn("--expires", self.refused("invite", "--expires", "soon"))
        self.assertIn("HOST:PORT", self.refused("invite", "--address", "gw-1"))
        self.assertFalse(self.founder.exists())
        self.assertIn("30 days", self.refused("invite", "--expires", "31d"))

    def test_every_command_has_help_with_an_example(self):
        for command in ("invite", "join", "revoke", "status"):
            said = kith("mesh", command, "--help").stdout
            self.assertIn(f"Example: kith mesh {command}", said)
            self.assertIn("--json", said)


if __name__ == "__main__":
    unittest.main()
