"""MQTT 3.1.1 and 5 packets as bytes: built for a client, read as a client.

Nothing here checks what it builds: tests need wrong packets, too. What it reads comes from the node
under test, so a packet that breaks the format raises ProtocolError.
"""

import struct
from dataclasses import dataclass, field

V311, V5 = 4, 5

# Packet types, by the number in the first four bits.
KINDS = {
    1: "CONNECT",
    2: "CONNACK",
    3: "PUBLISH",
    4: "PUBACK",
    5: "PUBREC",
    6: "PUBREL",
    7: "PUBCOMP",
    8: "SUBSCRIBE",
    9: "SUBACK",
    10: "UNSUBSCRIBE",
    11: "UNSUBACK",
    12: "PINGREQ",
    13: "PINGRESP",
    14: "DISCONNECT",
    15: "AUTH",
}
NUMBERS = {name: number for number, name in KINDS.items()}

# Name: (identifier, type), from MQTT 5, 2.2.2.2.
PROPERTIES = {
    "payload_format_indicator": (0x01, "byte"),
    "message_expiry_interval": (0x02, "four"),
    "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"),
    "correlation_data": (0x09, "binary"),
    "subscription_identifier": (0x0B, "varint"),
    "session_expiry_interval": (0x11, "four"),
    "assigned_client_identifier": (0x12, "text"),
    "server_keep_alive": (0x13, "two"),
    "authentication_method": (0x15, "text"),
    "authentication_data": (0x16, "binary"),
    "request_problem_information": (0x17, "byte"),
    "will_delay_interval": (0x18, "four"),
    "request_response_information": (0x19, "byte"),
    "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"),
    "reason_string": (0x1F, "text"),
    "receive_maximum": (0x21, "two"),
    "topic_alias_maximum": (0x22, "two"),
    "topic_alias": (0x23, "two"),
    "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"),
    "user_property": (0x26, "pair"),
    "maximum_packet_size": (0x27, "four"),
    "wildcard_subscription_available": (0x28, "byte"),
    "subscription_identifier_available": (0x29, "byte"),
    "shared_subscription_available": (0x2A, "byte"),
}
PROPERTY_NAMES = {number: (name, kind) for name, (number, kind) in PROPERTIES.items()}


class ProtocolError(Exception):
    """The node sent what MQTT does not allow."""


@dataclass
class Packet:
    """A packet from the node; fields that its type does not have keep their defaults."""

    kind: str
    packet_id: int = 0
    reason: int = 0
    reasons: list[int] = field(default_factory=list)
    session_present: bool = False
    topic: str = ""
    payload: bytes = b""
    qos: int = 0
    dup: bool = False
    retain: bool = False
    properties: dict = field(default_factory=dict)
    raw: bytes = field(default=b"", repr=False, compare=False)  # as it came


# --- Building. ---


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def binary(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def text(value: str | bytes) -> bytes:
    return binary(value if isinstance(value, bytes) else value.encode())


def packet(kind: str, body: bytes = b"", flags: int = 0) -> bytes:
    return bytes([NUMBERS[kind] << 4 | flags]) + varint(len(body)) + body


def properties(values: dict | None, version: int) -> bytes:
    """The property block of MQTT 5; nothing in MQTT 3.1.1. A list repeats the property."""
    if version < V5:
        return b""
    body = b""
    for name, value in (values or {}).items():
        number, kind = PROPERTIES[name]
        for each in value if isinstance(value, list) else [value]:
            body += bytes([number]) + property_value(kind, each)
    return varint(len(body)) + body


def property_value(kind: str, value) -> bytes:
    match kind:
        case "byte":
            return struct.pack(">B", value)
        case "two":
            return struct.pack(">H", value)
        case "four":
            return struct.pack(">I", value)
        case "varint":
            return varint(value)
        case "text":
            return text(value)
        case "binary":
            return binary(value)
        case _:
            return text(value[0]) + text(value[1])


@dataclass
class Will:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: dict | None = None


@dataclass
class Connect:
    """What a CONNECT says."""

    client_id: str | bytes = ""
    version: int = V5
    clean_start: bool = True
    keep_alive_s: int = 60
    user_name: str | None = None
    password: str | bytes | None = None
    will: Will | None = None
    properties: dict | None = None

    def encode(self) -> bytes:
        flags = 0x02 if self.clean_start else 0
        payload = text(self.client_id)
        if self.will:
            flags |= 0x04 | self.will.qos << 3 | (0x20 if self.will.retain else 0)
            payload += properties(self.will.properties, self.version)
            payload += text(self.will.topic) + binary(self.will.payload)
        if self.user_name is not None:
            flags |= 0x80
            payload += text(self.user_name)
        if self.password is not None:
            flags |= 0x40
            payload += text(self.password)
        head = text("MQTT") + bytes([self.version, flags]) + struct.pack(">H", self.keep_alive_s)
        return packet("CONNECT", head + properties(self.properties, self.version) + payload)


@dataclass
class Publish:
    """What a PUBLISH says."""

    topic: str | bytes
    payload: bytes = b""
    qos: int = 0
    packet_id: int = 0
    dup: bool = False
    retain: bool = False
    properties: dict | None = None

    def encode(self, version: int) -> bytes:
        flags = (0x08 if self.dup else 0) | self.qos << 1 | (0x01 if self.retain else 0)
        body = text(self.topic)
        if self.qos:
            body += struct.pack(">H", self.packet_id)
        return packet("PUBLISH", body + properties(self.properties, version) + self.payload, flags)


def acknowledgement(
    kind: str, packet_id: int, reason: int | None = None, values: dict | None = None
) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP; the short form, without a reason, suits all versions."""
    body = struct.pack(">H", packet_id) + (b"" if reason is None else bytes([reason]))
    if values is not None:
        body += properties(values, V5)
    return packet(kind, body, 0x02 if kind == "PUBREL" else 0)


def subscribe(
    packet_id: int, filters: list[tuple[str, int]], version: int, values: dict | None = None
) -> bytes:
    """Filters with their options: QoS and, in MQTT 5, the other bits."""
    body = struct.pack(">H", packet_id) + properties(values, version)
    for each, options in filters:
        body += text(each) + bytes([options])
    return packet("SUBSCRIBE", body, 0x02)


def unsubscribe(
    packet_id: int, filters: list[str], version: int, values: dict | None = None
) -> bytes:
    body = struct.pack(">H", packet_id) + properties(values, version)
    return packet("UNSUBSCRIBE", body + b"".join(text(each) for each in filters), 0x02)


def disconnect(version: int, reason: int = 0, values: dict | None = None) -> bytes:
    if version < V5:
        return packet("DISCONNECT")
    return packet("DISCONNECT", bytes([reason]) + properties(values, version))


def pingreq() -> bytes:
    return packet("PINGREQ")


# --- Reading. ---


class Reader:
    """Takes fields off the front of a packet's body."""

    def __init__(self, body: bytes):
        self._body = body
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._body)

    def bytes(self, count: int) -> bytes:
        if self._at + count > len(self._body):
            raise ProtocolError("a packet ends within a field")
        self._at += count
        return self._body[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.bytes(len(self._body) - self._at)

    def byte(self) -> int:
        return self.bytes(1)[0]

    def two(self) -> int:
        return int.from_bytes(self.bytes(2), "big")

    def four(self) -> int:
        return int.from_bytes(self.bytes(4), "big")

    def binary(self) -> bytes:
        return self.bytes(self.two())

    def text(self) -> str:
        return self.binary().decode()

    def varint(self) -> int:
        value = 0
        for shift in (0, 7, 14, 21):
            low = self.byte()
            value |= (low & 0x7F) << shift
            if not low & 0x80:
                return value
        raise ProtocolError("a variable byte integer of more than four bytes")

    def pair(self) -> tuple[str, str]:
        return self.text(), self.text()

    def properties(self, version: int) -> dict:
        """Those that may repeat are lists."""
        values: dict = {}
        if version < V5 or self.is_at_end:
            return values
        block = Reader(self.bytes(self.varint()))
        while not block.is_at_end:
            number = block.varint()
            if number not in PROPERTY_NAMES:
                raise ProtocolError(f"an unknown property {number}")
            name, kind = PROPERTY_NAMES[number]
            value = getattr(block, kind)()
            if name in ("user_property", "subscription_identifier"):
                values.setdefault(name, []).append(value)
            elif name in values:
                raise ProtocolError(f"the property {name} twice")
            else:
                values[name] = value
        return values


def read_packet(first_byte: int, body: bytes, version: int) -> Packet:
    """A whole packet from the node."""
    kind = KINDS.get(first_byte >> 4, "reserved")
    flags = first_byte & 0x0F
    reader = Reader(body)
    made = Packet(kind)
    if kind == "PUBLISH":
        read_publish(made, flags, reader, version)
    elif flags != (2 if kind == "PUBREL" else 0):
        raise ProtocolError(f"{kind} with flags {flags}")
    elif kind == "CONNACK":
        made.session_present = reader.byte() == 1
        made.reason = reader.byte()
        made.properties = reader.properties(version)
    elif kind in ("PUBACK", "PUBREC", "PUBREL", "PUBCOMP"):
        made.packet_id = reader.two()
        read_reason(made, reader, version)
    elif kind in ("SUBACK", "UNSUBACK"):
        made.packet_id = reader.two()
        made.properties = reader.properties(version)
        made.reasons = list(reader.rest())
    elif kind in ("DISCONNECT", "AUTH") and version >= V5:
        read_reason(made, reader, version)
    elif kind != "PINGRESP":
        raise ProtocolError(f"a node does not send {kind} in MQTT {version}")
    if not reader.is_at_end:
        raise ProtocolError(f"{kind} has bytes behind its end")
    return made


def read_publish(made: Packet, flags: int, reader: Reader, version: int) -> None:
    made.dup = bool(flags & 0x08)
    made.qos = flags >> 1 & 0x03
    made.retain = bool(flags & 0x01)
    made.topic = reader.text()
    if made.qos:
        made.packet_id = reader.two()
    made.properties = reader.properties(version)
    made.payload = reader.rest()


def read_reason(made: Packet, reader: Reader, version: int) -> None:
    if version >= V5 and not reader.is_at_end:
        made.reason = reader.byte()
        made.properties = reader.properties(version)
