"""Who is believed: client certificates, JSON web tokens, proxies, and what TLS refuses.

Certificates are made with openssl, as an owner would; mosquitto_pub shows them.
"""

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from harness import DEADLINE_S, NodeCase, Process, create_token, kith

REFUSED = "(?i)not authori[sz]ed|bad user name"
SECRET = b"0123456789abcdef0123456789abcdef"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def json_web_token(claims: dict, secret: bytes = SECRET, header: dict | None = None) -> str:
    header = header or {"alg": "HS256", "typ": "JWT", "kid": "s"}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64url(signature)}"


class TrustCase(NodeCase):
    def openssl(self, *arguments, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["openssl", *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            timeout=DEADLINE_S,
            check=options.pop("check", True),
            **options,
        )

    def add_machine(self, name: str, data: Path) -> None:
        """Beside whatever runs."""
        kith("machine", "add", name, "--data", data, "--topics", "free", "--no-password")

    def publish(self, node, *options, listener: str = "mqtts") -> subprocess.CompletedProcess:
        host, port = node.addresses[listener]
        tls = ["--cafile", node.ca_file] if listener == "mqtts" else []
        command = ["mosquitto_pub", "-V", "5", "-h", host, "-p", port, *tls, *options]
        return subprocess.run(
            [*map(str, command), "-t", "tel/x", "-m", "1", "-q", "1"],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def assert_in(self, done: subprocess.CompletedProcess) -> None:
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_out(self, done: subprocess.CompletedProcess) -> None:
        self.assertNotEqual(done.returncode, 0, "it got in")


class ClientCertificates(TrustCase):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        create_token(self.data)  # makes the store
        self.add_machine("press-07", self.data)

    def issue(self, *options) -> dict:
        command = ("machine", "certificate", "add", "press-07", "--data", self.data, "--json")
        return json.loads(kith(*command, *options).stdout)

    def shown(self, stem: str) -> list:
        return ["--cert", self.folder / f"{stem}.pem", "--key", self.folder / f"{stem}.key"]

    def test_a_machine_is_added_with_its_certificate(self):
        node = self.start_node("--mqtts", "127.0.0.1:0", data=self.data)
        command = ("machine", "add", "press-08", "--data", self.data, "--topics", "free", "--json")
        lines = kith(*command, "--certificate", self.folder).stdout.splitlines()
        machine, certificate = map(json.loads, lines)
        self.assertFalse(machine["has_password"])
        self.assertEqual(certificate["machine"], "press-08")
        self.assert_in(self.publish(node, *self.shown("press-08")))

    def test_a_machine_comes_in_with_its_certificate_until_it_is_revoked(self):
        node = self.start_node("--mqtts", "127.0.0.1:0", data=self.data)
        issued = self.issue("--out", self.folder)
        self.assertEqual(os.stat(self.folder / "press-07.key").st_mode & 0o777, 0o600)
        self.assert_in(self.publish(node, *self.shown("press-07")))
        host, port = node.addresses["mqtts"]
        subscriber = Process(
            ["stdbuf", "-oL", "mosquitto_sub", "-h", host, "-p", port, "--cafile", node.ca_file]
            + ["-d", "-t", "#", "-V", "5", *self.shown("press-07")]
        )
        self.addCleanup(lambda: subscriber.is_running() and subscriber.kill())
        subscriber.output.wait_for("SUBACK")
        kith("machine", "certificate", "revoke", "press-07", issued["fingerprint"],
             "--data", self.data)
        subscriber.output.wait_for("DISCONNECT")
        self.assert_out(self.publish(node, *self.shown("press-07")))
        listed = kith("machine", "certificate", "list", "press-07", "--data", self.data, "--json")
        self.assertIsNotNone(json.loads(listed.stdout)["revoked_at"])

    def test_a_machine_keeps_its_key_and_sends_a_request(self):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=admin")
        issued = self.issue("--csr", self.folder / "own.csr")
        self.assertNotIn("key", issued)
        (self.folder / "own.pem").write_text(issued["certificate"])
        node = self.start_node("--mqtts", "127.0.0.1:0", data=self.data)
        self.assert_in(self.publish(node, *self.shown("own")))
        text = self.openssl("x509", "-in", "own.pem", "-noout", "-subject", "-ext",
                            "extendedKeyUsage,basicConstraints").stdout.decode()
        self.assertIn("press-07", text)
        self.assertNotIn("admin", text)
        self.assertIn("TLS Web Client Authentication", text)
        self.assertNotIn("Server Authentication", text)
        self.assertIn("CA:FALSE", text)

    def test_the_owners_authority_names_machines_and_takes_them_back(self):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Plant",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        for name in ("pump-1", "pump-2"):
            self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey",
                         "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "30")
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ndefault_md=sha256\n"
            "default_crl_days=30\ncertificate=ca.pem\nprivate_key=ca.key\n"
        )
        self.openssl("ca", "-config", "ca.cnf", "-revoke", "pump-2.pem")
        self.openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")
        trust = ("--set", f"tls.client_ca={self.folder}/ca.pem")
        node = self.start_node("--mqtts", "127.0.0.1:0", *trust, "--set",
                               f"tls.client_crl={self.folder}/crl.pem", data=self.data)
        self.assert_in(self.publish(node, *self.shown("pump-1")))
        self.assert_out(self.publish(node, *self.shown("pump-2")))
        self.issue("--out", self.folder)
        self.assert_in(self.publish(node, *self.shown("press-07")))
        self.assert_out(self.publish(node))


class JsonWebTokens(TrustCase):
    def setUp(self):
        super().setUp()
        self.keys = self.folder / "keys.json"
        self.write_keys(SECRET)

    def write_keys(self, secret: bytes) -> None:
        keys = {"keys": [{"kty": "oct", "kid": "s", "alg": "HS256", "k": base64url(secret)}]}
        self.keys.write_text(json.dumps(keys))

    def options(self) -> list:
        values = {"jwks_file": self.keys, "jwt_issuer": "joe", "jwt_audience": "kith"}
        settings = [("--set", f"access.{key}={value}") for key, value in values.items()]
        return [part for setting in settings for part in setting]

    def claims(self, **more) -> dict:
        return {"iss": "joe", "aud": "kith", "sub": "press-07", "exp": int(time.time()) + 3600,
                "kith_topics": "free", **more}

    def test_a_token_is_a_password_and_a_bearer_token(self):
        node = self.start_node("--http", "127.0.0.1:0", "--set", "mqtt.anonymous=false",
                               *self.options())
        shown = lambda token: self.publish(node, "-u", "x", "-P", token, listener="mqtt")
        self.assert_in(shown(json_web_token(self.claims())))
        for wrong in (
            json_web_token(self.claims(aud="other")),
            json_web_token(self.claims(exp=int(time.time()) - 120)),
            json_web_token(self.claims(exp="9999999999")),
            json_web_token(self.claims(), secret=b"x" * 32),
            json_web_token(self.claims(), header={"alg": "none"}),
            json_web_token(self.claims()).rpartition(".")[0] + ".",
        ):
            self.assert_out(shown(wrong))
        host, port = node.addresses["http"]
        for role, status in (("admin", "200"), ("machine", "403")):
            token = json_web_token(self.claims(kith_role=role))
            answer = subprocess.run(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                 f"Authorization: Bearer {token}", f"http://{host}:{port}/api/v1/tokens"],
                capture_output=True, text=True, timeout=DEADLINE_S, check=True)
            self.assertEqual(answer.stdout, status)

    def test_a_token_ends_with_its_machine(self):
        data = self.folder / "data"
        create_token(data)  # makes the store
        self.add_machine("press-07", data)
        node = self.start_node("--set", "mqtt.anonymous=false", *self.options(), data=data)
        host, port = node.mqtt
        subscriber = Process(
            ["stdbuf", "-oL", "mosquitto_sub", "-h", host, "-p", port, "-d", "-t", "#", "-V", "5",
             "-u", "x", "-P", json_web_token(self.claims())]
        )
        self.addCleanup(lambda: subscriber.is_running() and subscriber.kill())
        subscriber.output.wait_for("SUBACK")
        kith("machine", "remove", "press-07", "--data", data)
        subscriber.output.wait_for("DISCONNECT")

    def test_new_keys_are_read_at_a_signal_and_bad_ones_refused(self):
        node = self.start_node("--set", "mqtt.anonymous=false", *self.options())
        new = json_web_token(self.claims(), secret=b"n" * 32)
        self.assert_out(self.publish(node, "-u", "x", "-P", new, listener="mqtt"))
        self.write_keys(b"n" * 32)
        node.signal(signal.SIGHUP)
        node.errors.wait_for("reloaded")
        self.assert_in(self.publish(node, "-u", "x", "-P", new, listener="mqtt"))

    def test_a_node_does_not_start_with_keys_that_are_none(self):
        self.keys.write_text("{}")
        done = kith("run", "--data", self.folder / "d", "--mqtt", "127.0.0.1:0", "--mqtts", "off",
                    "--http", "off", *self.options(), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("access.jwks_file", done.stderr)


class Proxies(TrustCase):
    CONNECT = bytes.fromhex("100f00044d51545404020000000370726f")

    def answer(self, node, sent: bytes) -> bytes:
        try:
            with socket.create_connection(node.mqtt, timeout=DEADLINE_S) as connection:
                connection.sendall(sent)
                return connection.recv(4)
        except (ConnectionResetError, BrokenPipeError):
            return b""

    def test_a_proxied_client_is_known_and_never_anonymous(self):
        header = b"PROXY TCP4 127.0.0.1 192.0.2.1 50123 1883\r\n"
        node = self.start_node("--set", "mqtt.proxy_protocol=required", "--set",
                               "proxy.trusted=127.0.0.0/8")
        self.assertEqual(self.answer(node, header + self.CONNECT), bytes.fromhex("20020004"))
        self.assertEqual(self.answer(node, self.CONNECT), b"", "no header, no answer")
        token = create_token(node.data)["token"].encode()
        body = (b"\x00\x04MQTT\x04\xc2\x00\x00\x00\x03pro\x00\x01x"
                + len(token).to_bytes(2, "big") + token)
        connect = b"\x10" + bytes([len(body)]) + body
        self.assertEqual(self.answer(node, header + connect), bytes.fromhex("20020000"))

    def test_who_is_no_proxy_is_refused(self):
        header = b"PROXY TCP4 192.0.2.7 192.0.2.1 50123 1883\r\n"
        node = self.start_node("--set", "mqtt.proxy_protocol=required", "--set",
                               "proxy.trusted=192.0.2.0/24")
        self.assertEqual(self.answer(node, header + self.CONNECT), b"")
        direct = self.start_node(data=self.folder / "direct")
        self.assertEqual(self.answer(direct, header + bytes(100)), b"", "not asked for")


class Hardening(TrustCase):
    def handshake(self, node, *options) -> subprocess.CompletedProcess:
        host, port = node.addresses["mqtts"]
        return self.openssl("s_client", "-connect", f"{host}:{port}", "-CAfile", node.ca_file,
                            "-verify_return_error", *options, check=False, input=b"")

    def test_old_versions_and_weak_ciphers_are_refused(self):
        node = self.start_node("--mqtts", "127.0.0.1:0")
        self.assertEqual(self.handshake(node, "-tls1_3").returncode, 0)
        good = self.handshake(node, "-tls1_2")
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn(b"ECDHE-", good.stdout)
        self.assertIn(b"Compression: NONE", good.stdout)
        self.assertIn(b"Secure Renegotiation IS supported", good.stdout)
        for options in (
            ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
            ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
            ("-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA"),
            ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384"),
            ("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"),
        ):
            self.assertNotEqual(self.handshake(node, *options).returncode, 0, options)

    def test_a_key_that_others_can_read_is_refused_in_words(self):
        data = self.folder / "data"
        self.start_node(data=data).stop()
        (data / "node.key").chmod(0o644)
        done = kith("run", "--data", data, "--mqtt", "127.0.0.1:0", "--mqtts", "off", "--http",
                    "off", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("chmod 600", done.stderr)


if __name__ == "__main__":
    unittest.main()
