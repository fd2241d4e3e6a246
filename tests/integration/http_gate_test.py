"""Pages of other sites, and names that somebody points at this address: 403 on every path.

Whatever the path, the method and the credentials: a browser of somebody who is signed in must be of
no use to a page that is not this node's (foreign Origin) or that only claims to be (DNS rebinding:
its name, in Host, leads here).
"""

import http.client
import json
import re
import socket
import unittest

from harness import DEADLINE_S, NodeCase, create_token

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MORE_PATHS = (
    "/", "/index.html", "/claim", "/topics", "/machines/a", "/assets/none.js", "/favicon.ico",
    "/mqtt/", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/none", "/api/v2/node", "/none",
    "/%2e%2e/etc/passwd", "//", "/?q=1",
)  # fmt: skip
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
UPGRADES = ("/mqtt", "/api/v1/live")


class Gate(NodeCase):
    def setUp(self):
        super().setUp()
        self.token = create_token(self.folder / "data", "admin")["token"]
        self.node = self.start_node("--http", "127.0.0.1:0")
        host, port = self.node.addresses["http"]
        self.own_host = f"{host}:{port}"
        self.connection = http.client.HTTPConnection(host, port, timeout=DEADLINE_S)
        self.addCleanup(self.connection.close)
        described = json.loads(self.body_of("/api/openapi.json"))["paths"]
        console = re.findall(r'(?:src|href)="(/[^"]+)"', self.body_of("/"))
        self.assertTrue(described)
        self.assertTrue(console, "the console has files of its own")
        paths = [re.sub(r"\{[a-z]+\}", "some-name", each) for each in described]
        self.paths = sorted({*paths, *console, *MORE_PATHS})

    def body_of(self, path: str) -> str:
        credentials = {"Authorization": f"Bearer {self.token}"}
        status, body = self.ask("GET", path, {"Host": self.own_host} | credentials)
        self.assertEqual(status, 200, path)
        return body

    def ask(self, method: str, path: str, headers: dict) -> tuple[int, str]:
        """One request; the connection is made anew whenever the node ends it."""
        self.connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if method in ("POST", "PUT", "PATCH"):
            self.connection.putheader("Content-Type", "application/json")
            self.connection.putheader("Content-Length", "2")
        self.connection.endheaders(b"{}" if method in ("POST", "PUT", "PATCH") else None)
        response = self.connection.getresponse()
        body = response.read().decode(errors="replace")
        if response.will_close:
            self.connection.close()
        return response.status, body

    def expect_refusals(self, code: str, headers: dict) -> None:
        """Of every method on every path, signed in or not, and in each with that reason."""
        signed_in = {"Authorization": f"Bearer {self.token}"}
        for path in self.paths:
            for method in METHODS:
                for credentials in ({}, signed_in):
                    with self.subTest(path=path, method=method, signed_in=bool(credentials)):
                        status, body = self.ask(method, path, headers | credentials)
                        self.assertEqual(status, 403)
                        if method != "HEAD":
                            self.assertEqual(json.loads(body)["code"], code)

    def test_a_page_of_another_origin_is_refused_on_every_path(self):
        self.expect_refusals(
            "origin.refused", {"Host": self.own_host, "Origin": "http://evil.example"}
        )

    def test_a_rebound_host_is_refused_on_every_path(self):
        port = self.node.addresses["http"][1]
        rebound = f"evil.example:{port}"
        self.expect_refusals("host.refused", {"Host": rebound, "Origin": f"http://{rebound}"})

    def test_each_kind_of_foreign_origin_and_host_is_refused(self):
        port = self.node.addresses["http"][1]
        for origin in ("null", "", "http://127.0.0.1", f"http://127.0.0.1:{port + 1}",
                       f"http://localhost:{port}", f"http://127.0.0.1:{port}.evil.example",
                       f"http://evil.example:{port}", "file://"):  # fmt: skip
            with self.subTest(origin=origin):
                headers = {"Host": self.own_host, "Origin": origin}
                self.assertEqual(self.ask("GET", "/healthz", headers)[0], 403)
        for host in ("evil.example", f"127.0.0.1.evil.example:{port}", "0.0.0.0", "10.0.0.1",
                     "localhost.evil.example", f"user@127.0.0.1:{port}"):  # fmt: skip
            with self.subTest(host=host):
                self.assertEqual(self.ask("GET", "/healthz", {"Host": host})[0], 403)

    def test_no_web_socket_opens_for_a_foreign_page(self):
        port = self.node.addresses["http"][1]
        for path in UPGRADES:
            with self.subTest(path):
                self.assertEqual(self.status_of_upgrade(path, {"Host": self.own_host}), 101)
                own = {"Host": self.own_host, "Origin": f"http://{self.own_host}"}
                self.assertEqual(self.status_of_upgrade(path, own), 101)
                foreign = {"Host": self.own_host, "Origin": "http://evil.example"}
                self.assertEqual(self.status_of_upgrade(path, foreign), 403)
                rebound = {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}
                self.assertEqual(self.status_of_upgrade(path, rebound), 403)

    def status_of_upgrade(self, path: str, headers: dict) -> int:
        """Of a handshake of somebody who may."""
        headers = headers | UPGRADE | {"Authorization": f"Bearer {self.token}"}
        if path == "/mqtt":
            headers["Sec-WebSocket-Protocol"] = "mqtt"
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        with socket.create_connection(self.node.addresses["http"], timeout=DEADLINE_S) as stream:
            stream.sendall("\r\n".join([*lines, "", ""]).encode())
            with stream.makefile("rb") as answer:
                return int(answer.readline().split()[1])


if __name__ == "__main__":
    unittest.main()
