"""Section 3.15 and 4.12: AUTH and enhanced authentication, by the one method that there is."""

import json
import unittest

import suite
from harness import kith
from mqtt_packets import V5, Connect, Publish
from scram_client import METHOD, ScramClient
from suite import (
    BAD_AUTHENTICATION_METHOD,
    CONTINUE_AUTHENTICATION,
    NOT_AUTHORIZED,
    PROTOCOL_ERROR,
    RE_AUTHENTICATE,
    SUCCESS,
    Case,
    mqtt,
    mqtt5,
    raw,
)

MACHINE = "press-07"
password = ""


def setUpModule():
    global password  # style: unittest gives its modules no other place
    suite.start_target()
    if suite.target.is_kith:
        added = kith("machine", "add", MACHINE, "--data", suite.target.data, "--json")
        password = json.loads(added.stdout)["password"]


def auth(reason: int, message: bytes, method: str = METHOD) -> bytes:
    properties = {"authentication_method": method, "authentication_data": message}
    return raw(0xF0, bytes([reason]) + mqtt.properties(properties, V5))


class Exchange5(Case):
    def setUp(self):
        super().setUp()
        self.need(suite.target.is_kith, "another broker has no such machine")
        self.scram = ScramClient(MACHINE, password)

    def begin(self, scram: ScramClient, connect_fields: dict | None = None):
        """CONNECT, up to the server's first AUTH."""
        client = self.open()
        properties = {"authentication_method": METHOD, "authentication_data": scram.first()}
        client.send(self.connect_packet(properties=properties, **(connect_fields or {})))
        return client, client.receive()

    def let_in(self):
        client, question = self.begin(self.scram)
        answer = self.scram.final(question.properties["authentication_data"])
        client.send(auth(CONTINUE_AUTHENTICATION, answer))
        connack = client.receive()
        self.assertEqual((connack.kind, connack.reason), ("CONNACK", SUCCESS))
        return client, question, connack

    @mqtt5("MQTT-4.12.0-2", "MQTT-4.12.0-3", "MQTT-4.12.0-5")
    def test_an_exchange_lets_a_client_in(self):
        client, question, connack = self.let_in()
        self.assertEqual((question.kind, question.reason), ("AUTH", CONTINUE_AUTHENTICATION))
        for packet in (question, connack):
            self.assertEqual(packet.properties["authentication_method"], METHOD)
        self.assertEqual(connack.properties["authentication_data"], self.scram.expected)
        client.ping()

    @mqtt5("MQTT-4.12.0-4")
    def test_a_wrong_proof_is_refused(self):
        for name, secret in ((MACHINE, "wrong"), ("nobody", password)):
            with self.subTest(name):
                scram = ScramClient(name, secret)
                client, question = self.begin(scram)
                answer = scram.final(question.properties["authentication_data"])
                client.send(auth(CONTINUE_AUTHENTICATION, answer))
                self.assert_refused(client, NOT_AUTHORIZED, 0)

    @mqtt5("MQTT-4.12.0-4")
    def test_a_first_message_that_is_none_is_refused(self):
        for message in (b"", b"nonsense", b"p=tls-exporter,,n=a,r=b", b"n,,n=\xff,r=b"):
            with self.subTest(message):
                client = self.open()
                properties = {"authentication_method": METHOD, "authentication_data": message}
                client.send(self.connect_packet(properties=properties))
                self.assert_refused(client, NOT_AUTHORIZED, 0)

    @mqtt5("MQTT-4.12.0-3", "MQTT-4.12.0-5")
    def test_before_connack_only_the_next_auth_may_come(self):
        packets = {
            "another reason": (auth(RE_AUTHENTICATE, b"x"), PROTOCOL_ERROR),
            "another method": (auth(CONTINUE_AUTHENTICATION, b"x", "OTHER"),
                               BAD_AUTHENTICATION_METHOD),
            "PUBLISH": (Publish(self.topic(), b"x").encode(V5), PROTOCOL_ERROR),
            "CONNECT": (Connect(self.new_id()).encode(), PROTOCOL_ERROR),
        }
        for name, (packet, reason) in packets.items():
            with self.subTest(name):
                client, _ = self.begin(ScramClient(f"nobody {name}", "x"))
                client.send(packet)
                self.assert_refused(client, reason, 0)

    @mqtt5("MQTT-4.12.1-1", "MQTT-4.12.0-5")
    def test_a_client_authenticates_anew_while_messages_go_on(self):
        client, _, _ = self.let_in()
        topic = f"$m/{MACHINE}/{self.mark}"
        self.assertEqual(client.subscribe(topic, 0).reasons, [0])
        scram = ScramClient(MACHINE, password)
        client.send(auth(RE_AUTHENTICATE, scram.first()))
        question = client.receive()
        self.assertEqual((question.kind, question.reason), ("AUTH", CONTINUE_AUTHENTICATION))
        client.publish(topic, b"x")
        self.assertEqual(client.receive().payload, b"x")
        answer = scram.final(question.properties["authentication_data"])
        client.send(auth(CONTINUE_AUTHENTICATION, answer))
        done = client.receive()
        self.assertEqual((done.kind, done.reason), ("AUTH", SUCCESS))
        self.assertEqual(done.properties["authentication_method"], METHOD)
        self.assertEqual(done.properties["authentication_data"], scram.expected)
        client.ping()

    @mqtt5("MQTT-4.12.1-2")
    def test_authenticating_anew_in_vain_ends_the_connection(self):
        client, _, _ = self.let_in()
        scram = ScramClient(MACHINE, "wrong")
        client.send(auth(RE_AUTHENTICATE, scram.first()))
        answer = scram.final(client.receive().properties["authentication_data"])
        client.send(auth(CONTINUE_AUTHENTICATION, answer))
        self.assert_closed(client, NOT_AUTHORIZED)

    @mqtt5("MQTT-4.12.1-1")
    def test_another_method_than_connects_ends_the_connection(self):
        client, _, _ = self.let_in()
        client.send(auth(RE_AUTHENTICATE, b"x", "OTHER"))
        self.assert_closed(client, BAD_AUTHENTICATION_METHOD)

    @mqtt5("MQTT-4.12.1-1")
    def test_an_auth_that_is_not_due_ends_the_connection(self):
        client, _, _ = self.let_in()
        client.send(auth(CONTINUE_AUTHENTICATION, b"x"))
        self.assert_closed(client, PROTOCOL_ERROR)


if __name__ == "__main__":
    unittest.main()
