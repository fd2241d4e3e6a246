"""Sections 3.1 and 3.2: CONNECT and CONNACK."""

import string
import unittest

import suite
from suite import (
    BAD_AUTHENTICATION_METHOD,
    BAD_USER_NAME_OR_PASSWORD,
    BAD_USER_NAME_OR_PASSWORD_311,
    CLIENT_IDENTIFIER_NOT_VALID,
    IDENTIFIER_REJECTED_311,
    MALFORMED_PACKET,
    NOT_AUTHORIZED,
    NOT_AUTHORIZED_311,
    PROTOCOL_ERROR,
    SESSION_TAKEN_OVER,
    SUCCESS,
    UNSUPPORTED_PROTOCOL_VERSION,
    Case,
    mqtt,
    mqtt5,
    mqtt311,
    raw,
)
from mqtt_packets import V5, V311, Connect, Publish, Will
from mqtt_raw import ConnectionClosed

LETTERS_AND_DIGITS = string.digits + string.ascii_lowercase + string.ascii_uppercase
SERVER_BUSY_OR_NOT = range(0x80, 0xA3)
CONNACK_REASONS = {
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95,
    0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
}  # fmt: skip


def setUpModule():
    suite.start_target()


class First:
    """The first packet, and what follows a refusal."""

    @mqtt5("MQTT-3.1.0-1", "MQTT-3.14.0-1", "MQTT-3.2.0-1")
    @mqtt311("MQTT-3.1.0-1", "MQTT-3.2.0-1")
    def test_another_first_packet_ends_the_connection(self):
        packets = {
            "PUBLISH": Publish("a").encode(self.VERSION),
            "SUBSCRIBE": mqtt.subscribe(1, [("a", 0)], self.VERSION),
            "PINGREQ": mqtt.pingreq(),
            "DISCONNECT": mqtt.disconnect(self.VERSION),
            "PUBACK": mqtt.acknowledgement("PUBACK", 1),
            "CONNACK": raw(0x20, b"\0\0\0"),
        }
        for name, packet in packets.items():
            with self.subTest(name):
                client = self.open()
                client.send(packet)
                self.assertEqual(client.expect_closed(), [])

    @mqtt5("MQTT-3.1.0-2", "MQTT-3.2.0-2")
    @mqtt311("MQTT-3.1.0-2")
    def test_a_second_connect_ends_the_connection(self):
        good = self.connect_packet()
        for packet in (good, good.replace(b"\x00\x04MQTT\x05", b"\x00\x04MQTT\x09")):
            client = self.connect()
            client.send(packet)
            self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.1.2-1")
    @mqtt311("MQTT-3.1.2-1")
    def test_another_protocol_name_is_not_let_in(self):
        for name in ("MQTt", "mqtt", "MQT", "MQTTT", ""):
            with self.subTest(name):
                client = self.open()
                good = self.connect_packet(client_id="a")
                client.send(raw(0x10, mqtt.text(name) + good[2 + 6 :]))
                for said in self.expect_closed_raw(client):
                    self.assertEqual(said, b"\x20\x03\x00\x84\x00")

    @mqtt5("MQTT-3.1.2-2")
    @mqtt311("MQTT-3.1.2-2")
    def test_another_version_is_told_and_closed(self):
        """Which CONNACK a client of another version reads cannot be known."""
        for level in (0, 1, 2, 6, 7, 0x7F, 0xFF):
            with self.subTest(level):
                client = self.open()
                client.send(raw(0x10, mqtt.text("MQTT") + bytes([level, 2, 0, 60, 0, 0, 1]) + b"a"))
                said = self.expect_closed_raw(client)
                self.assertIn(said, ([b"\x20\x02\x00\x01"], [b"\x20\x03\x00\x84\x00"]))

    def expect_closed_raw(self, client) -> list[bytes]:
        """What came, in whatever version."""
        said = b""
        try:
            while more := client.stream.recv(4096):
                said += more
        except ConnectionResetError:
            pass
        return [said] if said else []

    @mqtt5("MQTT-3.1.2-3", "MQTT-3.1.4-1")
    @mqtt311("MQTT-3.1.2-3", "MQTT-3.1.4-1")
    def test_the_reserved_flag_ends_the_connection(self):
        self.assert_connect_malformed(self.with_flags(0x03))

    def with_flags(self, flags: int, payload: bytes = b"") -> bytes:
        """A CONNECT whose flags do not have to be true."""
        none = b"\0" if self.VERSION == V5 else b""
        head = mqtt.text("MQTT") + bytes([self.VERSION, flags, 0, 60]) + none
        return raw(0x10, head + mqtt.text(self.new_id()) + payload)

    @mqtt5("MQTT-3.1.2-11", "MQTT-3.1.2-12", "MQTT-3.1.2-13")
    @mqtt311("MQTT-3.1.2-11", "MQTT-3.1.2-13", "MQTT-3.1.2-14", "MQTT-3.1.2-15")
    def test_will_flags_that_contradict_end_the_connection(self):
        none = b"\0" if self.VERSION == V5 else b""
        will = none + mqtt.text("a") + mqtt.binary(b"b")
        wrongs = {
            "QoS 1 without a will": self.with_flags(0x0A),
            "QoS 2 without a will": self.with_flags(0x12),
            "QoS 3 without a will": self.with_flags(0x1A),
            "retain without a will": self.with_flags(0x22),
            "QoS 3": self.with_flags(0x1E, will),
        }
        for name, packet in wrongs.items():
            with self.subTest(name):
                self.assert_connect_malformed(packet)

    @mqtt5("MQTT-3.1.2-9", "MQTT-3.1.2-16", "MQTT-3.1.2-17", "MQTT-3.1.2-18", "MQTT-3.1.2-19",
           "MQTT-3.1.3-1", "MQTT-3.1.3-3")
    @mqtt311("MQTT-3.1.2-9", "MQTT-3.1.2-18", "MQTT-3.1.2-19", "MQTT-3.1.2-20", "MQTT-3.1.2-21",
             "MQTT-3.1.3-1", "MQTT-3.1.3-3")
    def test_a_payload_that_is_not_what_the_flags_say_ends_the_connection(self):
        none = b"\0" if self.VERSION == V5 else b""
        will = none + mqtt.text("a") + mqtt.binary(b"b")
        head = mqtt.text("MQTT") + bytes([self.VERSION, 2, 0, 60]) + none
        wrongs = {
            "no client id": raw(0x10, head),
            "no will": self.with_flags(0x06),
            "a will without its payload": self.with_flags(0x06, none + mqtt.text("a")),
            "a will that no flag says": self.with_flags(0x02, will),
            "no user name": self.with_flags(0x82),
            "a user name that no flag says": self.with_flags(0x02, mqtt.text("u")),
            "no password": self.with_flags(0xC2, mqtt.text("u")),
            "a password that no flag says": self.with_flags(0x82, mqtt.text("u") + mqtt.text("p")),
            "a cut client id": raw(0x10, head + b"\0\x09abc"),
        }
        for name, packet in wrongs.items():
            with self.subTest(name):
                self.assert_connect_malformed(packet, MALFORMED_PACKET, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.1.4-1", "MQTT-3.1.4-6", "MQTT-3.2.2-7")
    @mqtt311("MQTT-3.1.4-1", "MQTT-3.1.4-5")
    def test_nothing_behind_a_refused_connect_is_processed(self):
        watcher = self.subscriber(self.topic("#"))
        behind = Publish(self.topic(), b"x").encode(self.VERSION)
        client = self.open()
        client.send(self.with_flags(0x03) + behind)
        client.expect_closed()
        again = self.open()
        again.send(behind)
        again.expect_closed()
        self.connect().ping()
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.2.0-1", "MQTT-3.1.4-5")
    @mqtt311("MQTT-3.2.0-1", "MQTT-3.1.4-4")
    def test_what_comes_right_behind_connect_is_answered_behind_connack(self):
        client = self.open()
        client.send(self.connect_packet() + mqtt.subscribe(1, [(self.topic(), 1)], self.VERSION)
                    + Publish(self.topic(), b"x", 1, 2).encode(self.VERSION) + mqtt.pingreq())
        kinds = [client.receive().kind for _ in range(5)]
        self.assertEqual(kinds[0], "CONNACK")
        self.assertEqual(set(kinds[1:]), {"SUBACK", "PUBLISH", "PUBACK", "PINGRESP"})

    @mqtt5("MQTT-3.1.2-16", "MQTT-3.1.2-17", "MQTT-3.1.2-18")
    @mqtt311("MQTT-3.1.2-19", "MQTT-3.1.2-20")
    def test_a_user_name_alone_is_well_formed(self):
        """Whether it is let in is another question."""
        client = self.open()
        client.send(self.connect_packet(user_name="somebody"))
        self.assertEqual(client.expect("CONNACK").reason, SUCCESS)


class ClientIds:
    @mqtt5("MQTT-3.1.3-5", "MQTT-3.1.4-5")
    @mqtt311("MQTT-3.1.3-5", "MQTT-3.1.4-4")
    def test_1_to_23_letters_and_digits_are_taken(self):
        for chars in (LETTERS_AND_DIGITS[i : i + 23] for i in range(0, 62, 13)):
            with self.subTest(chars):
                self.connect(chars[: max(len(chars), 1)])
        for length in range(2, 24):
            with self.subTest(length=length):
                self.connect((self.mark * 3)[:length])
        self.connect("Z")

    @mqtt5("MQTT-3.1.3-8", "MQTT-3.1.4-2", "MQTT-3.2.2-6", "MQTT-3.2.2-7", "MQTT-4.13.2-1")
    @mqtt311("MQTT-3.1.3-9", "MQTT-3.2.2-4", "MQTT-3.2.2-5")
    def test_a_client_id_that_is_not_taken_is_told_and_closed(self):
        self.need(suite.target.is_kith, "which ids are refused is a broker's own business")
        for refused in ("node", "any", "x" * 257):
            with self.subTest(refused[:9]):
                client = self.open()
                client.send(self.connect_packet(client_id=refused))
                self.assert_refused(client, CLIENT_IDENTIFIER_NOT_VALID, IDENTIFIER_REJECTED_311)

    @mqtt5("MQTT-3.1.3-2")
    @mqtt311("MQTT-3.1.3-2")
    def test_the_client_id_names_the_session(self):
        one, other = self.new_id(), self.new_id()
        self.resume(one).subscribe(self.topic("one"), 1)
        self.resume(other).subscribe(self.topic("other"), 1)
        again = self.resume(one)
        self.assertTrue(again.connack.session_present)
        self.connect().publish(self.topic("other"), qos=1)
        self.assert_quiet(again)
        self.connect().publish(self.topic("one"), qos=1)
        self.assertEqual(again.take_message().topic, self.topic("one"))

    @mqtt5("MQTT-3.1.3-2")
    @mqtt311("MQTT-3.1.3-2")
    def test_client_ids_differ_by_case(self):
        one = self.connect(f"A{self.mark}")
        self.connect(f"a{self.mark}")
        one.ping()


class Credentials:
    @mqtt5("MQTT-3.1.4-2", "MQTT-3.2.2-6", "MQTT-3.2.2-7", "MQTT-3.2.2-8", "MQTT-4.13.2-1")
    @mqtt311("MQTT-3.2.2-4", "MQTT-3.2.2-5", "MQTT-3.2.2-6")
    def test_wrong_credentials_are_told_and_closed(self):
        self.need(suite.target.is_kith, "another broker may let everyone in")
        client = self.open()
        client.send(self.connect_packet(user_name="a", password="wrong"))
        self.assert_refused(client, BAD_USER_NAME_OR_PASSWORD, BAD_USER_NAME_OR_PASSWORD_311)

    @mqtt5("MQTT-3.1.4-6")
    @mqtt311("MQTT-3.1.4-5")
    def test_what_is_behind_wrong_credentials_is_not_processed(self):
        self.need(suite.target.is_kith, "another broker may let everyone in")
        watcher = self.subscriber(self.topic("#"))
        client = self.open()
        client.send(self.connect_packet(user_name="a", password="wrong")
                    + Publish(self.topic(), b"x").encode(self.VERSION))
        self.assert_refused(client, BAD_USER_NAME_OR_PASSWORD, BAD_USER_NAME_OR_PASSWORD_311)
        self.assert_quiet(watcher)


class Takeover:
    @mqtt5("MQTT-3.1.4-3", "MQTT-3.14.4-2")
    @mqtt311("MQTT-3.1.4-2")
    def test_the_older_connection_of_a_client_id_ends(self):
        client_id = self.new_id()
        for clean_start in (True, False):
            with self.subTest(clean_start=clean_start):
                old = self.connect(client_id)
                new = self.connect(client_id, clean_start=clean_start)
                self.assert_closed(old, SESSION_TAKEN_OVER)
                new.ping()

    @mqtt5("MQTT-3.1.4-3", "MQTT-4.1.0-1", "MQTT-3.1.4-4")
    @mqtt311("MQTT-3.1.4-2", "MQTT-4.1.0-1", "MQTT-3.1.4-3")
    def test_the_session_goes_to_the_new_connection(self):
        client_id = self.new_id()
        old = self.resume(client_id)
        old.subscribe(self.topic(), 1)
        publisher = self.connect()
        publisher.publish(self.topic(), b"under way", qos=1)
        under_way = old.expect("PUBLISH")
        new = self.resume(client_id)
        self.assertTrue(new.connack.session_present)
        self.assert_closed(old, SESSION_TAKEN_OVER)
        again = new.take_message()
        self.assertEqual((again.packet_id, again.payload, again.dup),
                         (under_way.packet_id, b"under way", True))
        publisher.publish(self.topic(), b"later", qos=1)
        self.assertEqual(new.take_message().payload, b"later")

    @mqtt5("MQTT-3.1.4-3")
    @mqtt311("MQTT-3.1.4-2")
    def test_many_at_once_leave_one(self):
        client_id = self.new_id()
        clients = [self.open() for _ in range(8)]
        for client in clients:
            client.send(self.connect_packet(client_id=client_id))
        alive = 0
        for client in clients:
            try:
                if client.expect("CONNACK").reason == SUCCESS:
                    client.send(mqtt.pingreq())
                    alive += client.receive().kind == "PINGRESP"
            except ConnectionClosed:
                pass
        # Those that answered a ping before they were taken over may be more than one.
        self.assertGreaterEqual(alive, 1)
        survivor = [client for client in clients if self.is_alive(client)]
        self.assertEqual(len(survivor), 1)

    @staticmethod
    def is_alive(client) -> bool:
        try:
            client.send(mqtt.pingreq())
            return client.receive().kind == "PINGRESP"
        except ConnectionClosed:
            return False


class First311(First, Case):
    VERSION = V311

    @mqtt311("MQTT-3.1.2-22")
    def test_a_password_without_a_user_name_ends_the_connection(self):
        self.assert_connect_malformed(self.with_flags(0x42, mqtt.text("p")))

    @mqtt311("MQTT-3.1.3-8", "MQTT-3.1.3-7", "MQTT-3.2.2-4", "MQTT-3.2.2-5")
    def test_an_empty_client_id_needs_a_clean_session(self):
        client = self.open()
        client.send(self.connect_packet(client_id="", clean_start=False))
        said = client.expect_closed()
        self.assertEqual([each.raw for each in said], [b"\x20\x02\x00\x02"])

    @mqtt311("MQTT-3.1.3-6")
    def test_an_empty_client_id_gets_one_of_its_own(self):
        one, other = self.connect(""), self.connect("")
        one.ping()
        other.ping()

    @mqtt311("MQTT-3.2.2-1", "MQTT-3.1.4-4")
    def test_connack_has_two_bytes(self):
        self.assertEqual(self.connect().connack.raw, b"\x20\x02\x00\x00")

    @mqtt311("MQTT-3.2.2-6", "MQTT-3.1.4-1")
    def test_a_will_topic_with_a_wildcard_ends_the_connection(self):
        for topic in ("a/#", "a/+", ""):
            with self.subTest(topic):
                self.assert_connect_malformed(self.connect_packet(will=Will(topic, b"x")))


class First5(First, Case):
    @mqtt5("MQTT-3.2.2-1", "MQTT-3.2.2-2")
    def test_connack_flags_are_0(self):
        self.assertEqual(self.connect().connack.raw[2:4], b"\0\0")

    @mqtt5("MQTT-3.1.2-18", "MQTT-3.1.2-19")
    def test_a_password_without_a_user_name_is_well_formed(self):
        client = self.open()
        client.send(self.with_flags(0x42, mqtt.text("p")))
        self.assertIn(client.expect("CONNACK").reason,
                      (SUCCESS, BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED))

    @mqtt5("MQTT-3.1.3-6", "MQTT-3.1.3-7", "MQTT-3.2.2-16")
    def test_an_empty_client_id_is_assigned_one(self):
        ids = set()
        for clean_start in (True, False):
            for _ in range(3):
                client = self.connect("", clean_start=clean_start)
                ids.add(client.connack.properties["assigned_client_identifier"])
                self.assertFalse(client.connack.session_present)
        self.assertEqual(len(ids), 6)

    @mqtt5("MQTT-3.1.3-7", "MQTT-3.2.2-16")
    def test_an_assigned_client_id_is_an_id_like_any(self):
        first = self.connect("", properties={"session_expiry_interval": 60})
        client_id = first.connack.properties["assigned_client_identifier"]
        first.subscribe(self.topic(), 1)
        again = self.resume(client_id)
        self.assertTrue(again.connack.session_present)
        self.assertNotIn("assigned_client_identifier", again.connack.properties)
        self.assert_closed(first, SESSION_TAKEN_OVER)

    @mqtt5("MQTT-3.1.4-1", "MQTT-3.2.2-8", "MQTT-4.13.1-1")
    def test_wrong_properties_end_the_connection(self):
        def connect(**properties):
            return self.connect_packet(properties=properties)

        protocol_errors = {
            "Receive Maximum 0": connect(receive_maximum=0),
            "Maximum Packet Size 0": connect(maximum_packet_size=0),
            "Session Expiry Interval twice": connect(session_expiry_interval=[1, 2]),
            "Topic Alias Maximum twice": connect(topic_alias_maximum=[1, 2]),
            "Request Problem Information 2": connect(request_problem_information=2),
            "Request Response Information 2": connect(request_response_information=2),
            "Authentication Data alone": connect(authentication_data=b"x"),
            "Will Delay Interval twice": self.connect_packet(
                will=Will("a", b"", properties={"will_delay_interval": [1, 2]})
            ),
            "Payload Format Indicator 2": self.connect_packet(
                will=Will("a", b"", properties={"payload_format_indicator": 2})
            ),
        }
        for name, packet in protocol_errors.items():
            with self.subTest(name):
                self.assert_connect_malformed(packet, PROTOCOL_ERROR)
        not_here = {
            "Topic Alias": connect(topic_alias=1),
            "Server Keep Alive": connect(server_keep_alive=1),
            "Reason String": connect(reason_string="x"),
            "a will with Topic Alias": self.connect_packet(
                will=Will("a", b"", properties={"topic_alias": 1})
            ),
            "a will with Session Expiry Interval": self.connect_packet(
                will=Will("a", b"", properties={"session_expiry_interval": 1})
            ),
        }
        for name, packet in not_here.items():
            with self.subTest(name):
                self.assert_connect_malformed(packet, MALFORMED_PACKET, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.3.2-14", "MQTT-4.7.0-1", "MQTT-4.13.1-1")
    def test_wrong_topics_of_a_will_end_the_connection(self):
        wills = {
            "a wildcard": Will("a/+", b"x"),
            "nothing": Will("", b"x"),
            "a Response Topic with a wildcard": Will(
                "a", b"x", properties={"response_topic": "a/#"}
            ),
        }
        for name, will in wills.items():
            with self.subTest(name):
                self.assert_connect_malformed(self.connect_packet(will=will),
                                              PROTOCOL_ERROR, MALFORMED_PACKET, 0x90)

    @mqtt5("MQTT-3.2.2-8")
    def test_refusals_have_a_reason_of_the_table(self):
        packets = [
            self.with_flags(0x03),
            self.connect_packet(client_id="x" * 60_000),
            self.connect_packet(user_name="a", password="wrong"),
            self.connect_packet(properties={"authentication_method": "none"}),
            self.connect_packet(properties={"receive_maximum": 0}),
        ]
        for packet in packets:
            with self.subTest(packet[:40]):
                client = self.open()
                client.send(packet)
                try:
                    self.assertIn(client.expect("CONNACK").reason, CONNACK_REASONS)
                except ConnectionClosed:
                    self.assertFalse(suite.target.is_kith)

    @mqtt5("MQTT-3.1.2-28")
    def test_response_information_only_for_who_asks(self):
        for asked in ({}, {"request_response_information": 0}):
            with self.subTest(asked):
                self.assertNotIn("response_information", self.connect(
                    properties=asked).connack.properties)
        client_id = self.new_id()
        asking = self.connect(client_id, properties={"request_response_information": 1})
        if suite.target.is_kith:
            self.assertEqual(asking.connack.properties["response_information"],
                             f"$to/{client_id}/")

    @mqtt5("MQTT-3.2.2-22", "MQTT-4.12.0-6")
    def test_connack_says_only_what_differs(self):
        properties = self.connect(keep_alive_s=60).connack.properties
        for absent in ("server_keep_alive", "assigned_client_identifier", "authentication_method",
                       "authentication_data", "response_information", "session_expiry_interval"):
            self.assertNotIn(absent, properties)

    @mqtt5("MQTT-3.2.2-9", "MQTT-3.2.2-10", "MQTT-3.2.2-12", "MQTT-3.2.2-13")
    def test_qos_2_and_retain_are_there_and_so_nothing_is_said(self):
        """A server that had less would have to say so, and refuse wills that want more."""
        will = Will(self.topic(), b"x", qos=2, retain=True)
        client = self.connect(will=will)
        self.assertNotIn("maximum_qos", client.connack.properties)
        self.assertEqual(client.connack.properties.get("retain_available", 1), 1)
        for qos in (0, 1, 2):
            self.assertEqual(client.subscribe(self.topic("q"), qos).reasons, [qos])
        client.disconnect()


class Authentication5(Case):
    @mqtt5("MQTT-4.12.0-1", "MQTT-4.12.0-4", "MQTT-4.13.2-1", "MQTT-3.2.2-8")
    def test_an_authentication_method_that_is_unknown_is_refused(self):
        for method in ("SCRAM-SHA-1", "GS2-KRB5", "", "x" * 1000):
            with self.subTest(method[:20]):
                client = self.open()
                client.send(self.connect_packet(properties={
                    "authentication_method": method, "authentication_data": b"n,,n=user,r=abc"}))
                self.assert_refused(client, BAD_AUTHENTICATION_METHOD, 0)

    @mqtt5("MQTT-4.12.0-1", "MQTT-3.1.4-6", "MQTT-3.1.2-30")
    def test_what_is_behind_a_refused_method_is_not_processed(self):
        watcher = self.subscriber(self.topic("#"))
        client = self.open()
        client.send(self.connect_packet(properties={"authentication_method": "unknown"})
                    + Publish(self.topic(), b"x").encode(V5))
        self.assert_refused(client, BAD_AUTHENTICATION_METHOD, 0)
        self.assert_quiet(watcher)

    @mqtt5("MQTT-4.12.0-7", "MQTT-4.12.0-6")
    def test_auth_without_a_method_in_connect_ends_the_connection(self):
        method = {"authentication_method": "SCRAM-SHA-256"}
        packets = {
            "alone": raw(0xF0),
            "Re-authenticate": raw(0xF0, b"\x19" + mqtt.properties(method, V5)),
            "Continue": raw(0xF0, b"\x18" + mqtt.properties(method, V5)),
        }
        for name, packet in packets.items():
            with self.subTest(name):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.15.2-1")
    def test_auth_with_a_reason_that_it_has_not_ends_the_connection(self):
        method = mqtt.properties({"authentication_method": "SCRAM-SHA-256"}, V5)
        for reason in (0x00, 0x01, 0x17, 0x1A, 0x80, 0xFF):
            with self.subTest(reason):
                client = self.connect()
                client.send(raw(0xF0, bytes([reason]) + method))
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)

    @mqtt5("MQTT-3.1.0-1", "MQTT-4.12.0-7")
    def test_auth_before_connect_ends_the_connection(self):
        client = self.open()
        client.send(raw(0xF0, b"\x18\0"))
        self.assertEqual(client.expect_closed(), [])


class ClientIds311(ClientIds, Case):
    VERSION = V311


class ClientIds5(ClientIds, Case):
    pass


class Credentials311(Credentials, Case):
    VERSION = V311


class Credentials5(Credentials, Case):
    pass


class Takeover311(Takeover, Case):
    VERSION = V311


class Takeover5(Takeover, Case):
    @mqtt5("MQTT-3.1.4-3", "MQTT-3.14.2-1")
    def test_a_client_of_3_1_1_takes_over_one_of_5(self):
        client_id = self.new_id()
        old = self.connect(client_id)
        new = self.connect(client_id, version=V311)
        self.assert_closed(old, SESSION_TAKEN_OVER)
        back = self.connect(client_id)
        self.assertEqual(new.expect_closed(), [])
        back.ping()


if __name__ == "__main__":
    unittest.main()
