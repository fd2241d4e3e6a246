"""Sections 3.12 to 3.14: PINGREQ, DISCONNECT; what follows an error (4.13)."""

import unittest

import suite
from suite import (
    DISCONNECT_WITH_WILL,
    MALFORMED_PACKET,
    PROTOCOL_ERROR,
    Case,
    mqtt,
    mqtt5,
    mqtt311,
    raw,
)
from mqtt_packets import V5, V311, Publish, Will

# What a client may say (MQTT 5.0, table 3-10; 0x8C of 4.12.1).
CLIENT_REASONS = {
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
}  # fmt: skip
SERVER_REASONS = {
    0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
}  # fmt: skip
NO_REASONS = {0x01, 0x02, 0x10, 0x11, 0x18, 0x7F, 0x84, 0x85, 0x91, 0xFF}


def setUpModule():
    suite.start_target()


class Ends:
    @mqtt5("MQTT-3.12.4-1")
    @mqtt311("MQTT-3.12.4-1")
    def test_pingreq_is_answered(self):
        client = self.connect()
        client.send(mqtt.pingreq() * 3)
        for _ in range(3):
            self.assertEqual(client.expect("PINGRESP").raw, b"\xd0\x00")

    @mqtt5("MQTT-3.14.4-2")
    @mqtt311("MQTT-3.14.4-1")
    def test_disconnect_ends_the_connection(self):
        client = self.connect()
        client.send(raw(0xE0))
        self.assertEqual(client.expect_closed(), [])

    @mqtt5("MQTT-3.14.4-1")
    @mqtt311("MQTT-3.14.4-2")
    def test_what_follows_disconnect_is_not_processed(self):
        subscriber = self.subscriber(self.topic())
        client = self.connect()
        client.send(Publish(self.topic(), b"before").encode(self.VERSION)
                    + mqtt.disconnect(self.VERSION)
                    + Publish(self.topic(), b"after").encode(self.VERSION)
                    + mqtt.pingreq())
        self.assertEqual(client.expect_closed(), [])
        self.assertEqual(subscriber.take_message().payload, b"before")
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-3.14.4-3", "MQTT-3.1.2-10", "MQTT-3.1.2-8")
    @mqtt311("MQTT-3.14.4-3", "MQTT-3.1.2-10")
    def test_disconnect_discards_the_will(self):
        watcher = self.subscriber(self.topic())
        client = self.connect(will=Will(self.topic(), b"gone"))
        client.send(raw(0xE0))
        client.expect_closed()
        self.assert_quiet(watcher)

    @mqtt5("MQTT-4.13.1-1", "MQTT-4.13.2-1", "MQTT-3.1.2-8")
    @mqtt311("MQTT-4.8.0-1", "MQTT-3.1.2-8")
    def test_an_error_ends_the_connection_publishes_its_will_and_harms_nobody_else(self):
        watcher = self.subscriber(self.topic())
        at_qos_3, to_nothing = raw(0x36, b"\0\x01a\0\x01\0"), mqtt.subscribe(1, [], self.VERSION)
        for wrong in (at_qos_3, raw(0x00), to_nothing):
            client = self.connect(will=Will(self.topic(), b"gone"))
            client.send(wrong + Publish(self.topic(), b"behind").encode(self.VERSION))
            self.assert_closed(client, MALFORMED_PACKET, PROTOCOL_ERROR)
            self.assertEqual(watcher.take_message().payload, b"gone")
            self.assert_quiet(watcher)


class Ends311(Ends, Case):
    VERSION = V311

    @mqtt311("MQTT-3.14.1-1", "MQTT-4.8.0-1")
    def test_a_disconnect_or_ping_with_a_body_ends_the_connection(self):
        """And is no DISCONNECT, so there is a will."""
        for wrong in (raw(0xE0, b"\0"), raw(0xC0, b"\0")):
            watcher = self.subscriber(self.topic())
            client = self.connect(will=Will(self.topic(), b"gone"))
            client.send(wrong)
            self.assertEqual(client.expect_closed(), [])
            self.assertEqual(watcher.take_message().payload, b"gone")


class Ends5(Ends, Case):
    def end_with(self, packet: bytes):
        """A watcher of the will of a client that has sent the packet, and what the client heard."""
        topic = self.topic(f"{packet.hex()}")
        watcher = self.subscriber(topic)
        client = self.connect(will=Will(topic, b"gone"))
        client.send(packet)
        return watcher, client

    @mqtt5("MQTT-3.14.2-1", "MQTT-3.14.4-3")
    def test_each_reason_that_a_client_may_have_is_understood(self):
        for reason in sorted(CLIENT_REASONS):
            with self.subTest(hex(reason)):
                watcher, client = self.end_with(raw(0xE0, bytes([reason])))
                self.assertEqual(client.expect_closed(), [])
                if reason != 0:
                    self.assertEqual(watcher.take_message().payload, b"gone")
                self.assert_quiet(watcher)

    @mqtt5("MQTT-3.14.2-1", "MQTT-4.13.1-1")
    def test_reasons_that_no_client_has_are_errors(self):
        for reason in sorted(SERVER_REASONS | NO_REASONS):
            with self.subTest(hex(reason)):
                watcher, client = self.end_with(raw(0xE0, bytes([reason])))
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)
                self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.14.2-1", "MQTT-3.14.4-3")
    def test_the_long_form_is_understood(self):
        values = {"reason_string": "bye", "user_property": [("a", "b"), ("a", "b")],
                  "session_expiry_interval": 0}
        watcher, client = self.end_with(mqtt.disconnect(V5, 0, values))
        self.assertEqual(client.expect_closed(), [])
        self.assert_quiet(watcher)
        watcher, client = self.end_with(mqtt.disconnect(V5, DISCONNECT_WITH_WILL, values))
        self.assertEqual(client.expect_closed(), [])
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-4.13.1-1", "MQTT-3.14.2-1")
    def test_properties_that_it_has_not_end_the_connection(self):
        wrongs = ({"content_type": "a"}, {"reason_string": ["a", "b"]},
                  {"session_expiry_interval": [0, 0]})
        for values in wrongs:
            with self.subTest(values):
                client = self.connect()
                client.send(mqtt.disconnect(V5, 0, values))
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)

    @mqtt5("MQTT-3.14.2-1", "MQTT-3.14.2-2", "MQTT-3.14.4-1", "MQTT-3.14.4-2", "MQTT-3.14.1-1")
    def test_the_disconnect_of_a_node_is_well_formed_and_last(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        client.send(mqtt.subscribe(1, [], V5) + mqtt.pingreq())
        said = client.expect_closed()
        if not suite.target.is_kith and not said:
            return
        self.assertEqual([each.kind for each in said], ["DISCONNECT"])
        self.assertEqual(said[0].raw[0], 0xE0)
        self.assertLessEqual(set(said[0].properties), {"reason_string", "user_property"})
        self.assertIn(said[0].reason, CLIENT_REASONS | SERVER_REASONS)

    @mqtt5("MQTT-4.13.1-1")
    def test_a_ping_with_a_body_ends_the_connection(self):
        client = self.connect()
        client.send(raw(0xC0, b"\0"))
        self.assert_closed(client, MALFORMED_PACKET)

    @mqtt5("MQTT-3.14.0-1")
    def test_no_disconnect_comes_before_connack(self):
        for packet in (mqtt.disconnect(V5, 0), raw(0x10), raw(0xF0), raw(0x30, b"\0")):
            with self.subTest(packet):
                client = self.open()
                client.send(packet)
                self.assertLessEqual({each.kind for each in client.expect_closed()}, {"CONNACK"})


if __name__ == "__main__":
    unittest.main()
