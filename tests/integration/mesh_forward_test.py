"""TCP services behind other nodes, through the mesh: `kith mesh forward` with real nodes."""

import hashlib
import http.client
import http.server
import os
import re
import signal
import socket
import socketserver
import threading
import unittest

from harness import BINARY, DEADLINE_S, Process, create_token
from mesh_nodes import ALONE, MeshCase

BIG = os.urandom(10_000_000)


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for several requests

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BIG)))
        self.end_headers()
        self.wfile.write(BIG)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = hashlib.sha256(body).hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Digest(socketserver.StreamRequestHandler):
    """Answers with the digest of all that came, once the other side has ended."""

    def handle(self):
        try:
            self.wfile.write(hashlib.sha256(self.rfile.read()).hexdigest().encode())
        except ConnectionResetError:
            pass  # as when the way to who asked is lost


class Forward(MeshCase):
    def setUp(self):
        super().setUp()
        self.web = self.serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web))
        self.digest = self.serve(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Digest))
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.nobody = closed.getsockname()[1]
        self.nodes = self.line("left", "middle", "right")
        self.nodes["right"].stop()
        host, port = self.nodes["middle"].addresses["mesh"]
        allowed = [f'"127.0.0.1:{each}"' for each in (self.web, self.digest, self.nobody)]
        self.nodes["right"] = self.start_member(
            "right", *ALONE, "--peer", f"{host}:{port}",
            "--set", f"mesh.forward_allow=[{', '.join(allowed)}]",
        )  # fmt: skip
        self.assert_whole(self.nodes)
        self.admin = create_token(self.nodes["left"].data, "admin")["token"]

    def serve(self, server) -> int:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def forward(self, to: str, token: str | None = None):
        """The command, and where it listens."""
        host, port = self.nodes["left"].addresses["http"]
        command = Process(
            [BINARY, "mesh", "forward", "0", to, "--http", f"{host}:{port}",
             "--token", token or self.admin]
        )  # fmt: skip
        self.addCleanup(command.kill)
        found = command.output.wait_for(r"listening on (\S+):(\d+) for")
        return command, (found.group(1), int(found.group(2)))

    def refusal(self, to: str, token: str | None = None) -> str:
        """What it says to one connection."""
        command, address = self.forward(to, token)
        with socket.create_connection(address, DEADLINE_S) as client:
            try:
                self.assertEqual(client.recv(1), b"")
            except ConnectionResetError:
                pass
        return command.output.wait_for(r"refused: (.*)").group(1)

    def test_ten_megabytes_go_each_way_over_two_hops(self):
        command, address = self.forward(f"right:127.0.0.1:{self.web}")
        web = http.client.HTTPConnection(*address, timeout=DEADLINE_S)
        web.request("GET", "/big")
        self.assertEqual(web.getresponse().read(), BIG)
        web.request("PUT", "/big", body=BIG)
        self.assertEqual(web.getresponse().read().decode(), hashlib.sha256(BIG).hexdigest())
        web.close()
        command.output.wait_for(r"closed: 100\d{5} bytes there, 100\d{5} back$")
        self.nodes["right"].errors.wait_for(r"a node forwards to a service here.*127\.0\.0\.1")
        through = self.metric(self.nodes["middle"], 'mesh_forward_bytes_total{kind="carried"}')
        self.assertGreater(through, 20_000_000)
        command.signal(signal.SIGINT)
        self.assertEqual(command.wait(), 0)

    def test_one_direction_may_end_before_the_other(self):
        _, address = self.forward(f"right:127.0.0.1:{self.digest}")
        with socket.create_connection(address, DEADLINE_S) as client:
            client.sendall(BIG)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while part := client.recv(100):
                answer += part
        self.assertEqual(answer.decode(), hashlib.sha256(BIG).hexdigest())

    def test_what_cannot_be_is_refused_with_the_reason(self):
        self.assertIn("mesh.forward_allow", self.refusal("right:127.0.0.1:1"))
        self.assertIn("mesh.forward_allow", self.refusal(f"middle:127.0.0.1:{self.web}"))
        self.assertRegex(self.refusal(f"right:127.0.0.1:{self.nobody}"), "refused|connect")
        self.assertIn("no node of the mesh", self.refusal("nobody:127.0.0.1:1"))
        self.assertIn("HOST:PORT", self.refusal("right:127.0.0.1"))
        operator = create_token(self.nodes["left"].data, "operator")["token"]
        self.assertIn("role admin", self.refusal("right:127.0.0.1:1", operator))
        denied = 'mesh_forward_events_total{kind="service_not_allowed"}'
        self.assertEqual(self.metric(self.nodes["right"], denied), 1)
        self.nodes["right"].errors.wait_for("a node was not let forward.*127.0.0.1:1")

    def test_a_relay_that_dies_ends_the_connection_with_a_reason(self):
        command, address = self.forward(f"right:127.0.0.1:{self.digest}")
        with socket.create_connection(address, DEADLINE_S) as client:
            client.sendall(b"hello")
            command.output.wait_for("opened")
            self.nodes["right"].errors.wait_for("a node forwards to a service here")
            self.nodes["middle"].kill()
            with self.assertRaises(ConnectionResetError):
                if client.recv(1) == b"":
                    raise ConnectionResetError
        reason = command.output.wait_for(r"closed: 5 bytes there, 0 back; (.*)").group(1)
        self.assertIn("no way to the node", reason)
        self.nodes["right"].errors.wait_for(r"forwards to a service here no more.*reason=")


if __name__ == "__main__":
    unittest.main()
