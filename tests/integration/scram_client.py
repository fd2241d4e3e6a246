"""The client's side of SCRAM-SHA-256, from RFC 5802 and RFC 7677 and Python's library alone."""

import base64
import hashlib
import hmac
import secrets

METHOD = "SCRAM-SHA-256"


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


class ScramClient:
    """One exchange: first(), then final() for the server's answer, then `expected` is its last."""

    def __init__(self, name: str, password: str, header: str = "n,,"):
        self._password = password.encode()
        self._header = header
        escaped = name.replace("=", "=3D").replace(",", "=2C")
        self._first_bare = f"n={escaped},r={secrets.token_urlsafe(18)}"
        self.expected = b""

    def first(self) -> bytes:
        return (self._header + self._first_bare).encode()

    def final(self, server_first: bytes) -> bytes:
        fields = dict(field.split("=", 1) for field in server_first.decode().split(","))
        if not fields["r"].startswith(self._first_bare.rpartition("r=")[2]):
            raise AssertionError("the server's nonce does not begin with ours")
        salted = hashlib.pbkdf2_hmac(
            "sha256", self._password, base64.b64decode(fields["s"]), int(fields["i"])
        )
        binding = base64.b64encode(self._header.encode()).decode()
        without_proof = f"c={binding},r={fields['r']}"
        message = f"{self._first_bare},{server_first.decode()},{without_proof}".encode()
        client_key = _mac(salted, b"Client Key")
        signature = _mac(hashlib.sha256(client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self.expected = b"v=" + base64.b64encode(_mac(_mac(salted, b"Server Key"), message))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()
