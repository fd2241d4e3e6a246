"""Chapter 6: MQTT over WebSocket."""

import unittest

import suite
from suite import SUCCESS, Case, mqtt, mqtt5, mqtt311
from mqtt_packets import V311, Publish
from mqtt_raw import RawClient
from websocket import BINARY, CONTINUATION, PING, TEXT, HandshakeRefused, WebSocket


def setUpModule():
    suite.start_target("--http", "127.0.0.1:0")


class WebSockets:
    def setUp(self):
        super().setUp()
        self.need(suite.target.websocket, "it was not told where WebSockets are")

    def dial(self, **options) -> WebSocket:
        stream = WebSocket(suite.target.websocket, **options)
        self.addCleanup(stream.close)
        return stream

    def connect_packet(self, **fields) -> bytes:
        credentials = {"user_name": "machine", "password": suite.target.token}
        return super().connect_packet(**((credentials if suite.target.token else {}) | fields))

    def connect_over(self, stream: WebSocket) -> RawClient:
        client = RawClient(stream, self.VERSION)
        client.send(self.connect_packet())
        self.assertEqual(client.expect("CONNACK").reason, SUCCESS)
        return client

    @mqtt5("MQTT-6.0.0-1", "MQTT-4.2-1", "MQTT-4.3.3-8")
    @mqtt311("MQTT-6.0.0-1", "MQTT-7.1.1-1")
    def test_packets_travel_in_binary_frames(self):
        client = self.connect_over(self.dial())
        client.subscribe(self.topic(), 2)
        for qos in (0, 1, 2):
            self.connect().publish(self.topic(), b"x" * 70_000, qos=qos)
            got = client.take_message()
            self.assertEqual((len(got.payload), got.qos), (70_000, qos))
        self.assertLessEqual(set(client.stream.frame_types), {BINARY, CONTINUATION})
        self.assertEqual(client.stream.frame_types[0], BINARY)

    @mqtt5("MQTT-6.0.0-1")
    @mqtt311("MQTT-6.0.0-1")
    def test_a_text_frame_ends_the_connection(self):
        client = self.connect_over(self.dial())
        client.stream.send_frame(TEXT, mqtt.pingreq())
        for packet in client.expect_closed():
            self.assertNotEqual(packet.kind, "PINGRESP")

    @mqtt5("MQTT-6.0.0-1")
    @mqtt311("MQTT-6.0.0-1")
    def test_a_connect_in_a_text_frame_is_not_let_in(self):
        stream = self.dial()
        stream.send_frame(TEXT, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        self.assertEqual(RawClient(stream, self.VERSION).expect_closed(), [])

    @mqtt5("MQTT-6.0.0-2")
    @mqtt311("MQTT-6.0.0-2")
    def test_a_packet_may_span_frames(self):
        stream = self.dial()
        client = RawClient(stream, self.VERSION)
        for byte in self.connect_packet():
            stream.send_frame(BINARY, bytes([byte]))
        self.assertEqual(client.expect("CONNACK").reason, SUCCESS)
        packet = mqtt.subscribe(1, [(self.topic(), 0)], self.VERSION)
        stream.send_frame(BINARY, packet[:5], is_final=False)
        stream.send_frame(CONTINUATION, packet[5:8], is_final=False)
        stream.send_frame(PING, b"between")
        stream.send_frame(CONTINUATION, packet[8:])
        self.assertEqual(client.expect("SUBACK").packet_id, 1)

    @mqtt5("MQTT-6.0.0-2")
    @mqtt311("MQTT-6.0.0-2")
    def test_packets_may_share_a_frame(self):
        stream = self.dial()
        client = RawClient(stream, self.VERSION)
        stream.send_frame(BINARY, self.connect_packet()
                          + mqtt.subscribe(1, [(self.topic(), 1)], self.VERSION)
                          + Publish(self.topic(), b"x", 1, 2).encode(self.VERSION)
                          + mqtt.pingreq() + mqtt.pingreq()[:1])
        kinds = [client.receive().kind for _ in range(5)]
        self.assertEqual(kinds[0], "CONNACK")
        self.assertEqual(set(kinds[1:]), {"SUBACK", "PUBLISH", "PUBACK", "PINGRESP"})
        stream.send_frame(BINARY, b"")
        stream.send_frame(BINARY, mqtt.pingreq()[1:])
        client.expect("PINGRESP")

    @mqtt5("MQTT-6.0.0-4", "MQTT-6.0.0-3")
    @mqtt311("MQTT-6.0.0-4", "MQTT-6.0.0-3")
    def test_the_subprotocol_mqtt_is_selected(self):
        for offered in ("mqtt", "mqttv3.1, mqtt", "mqtt,other"):
            with self.subTest(offered):
                self.assertEqual(self.dial(subprotocol=offered).headers["sec-websocket-protocol"],
                                 "mqtt")

    @mqtt5("MQTT-6.0.0-3", "MQTT-6.0.0-4")
    @mqtt311("MQTT-6.0.0-3", "MQTT-6.0.0-4")
    def test_who_does_not_offer_it_is_not_let_in(self):
        """A server may be lenient where the client breaks the rule; a node is not."""
        for offered in (None, "other", "mqttx"):
            with self.subTest(offered):
                try:
                    stream = self.dial(subprotocol=offered)
                except (HandshakeRefused, ConnectionError) as refused:
                    self.assertTrue(not suite.target.is_kith or refused.status == 400)
                    continue
                self.assertFalse(suite.target.is_kith)
                self.assertIn(stream.headers.get("sec-websocket-protocol"), (None, "mqtt"))

    @mqtt5("MQTT-4.13.1-1")
    @mqtt311("MQTT-4.8.0-1")
    def test_an_error_closes_the_web_socket(self):
        client = self.connect_over(self.dial())
        client.send(b"\x00\x00")
        said = client.expect_closed()
        if self.VERSION == V311:
            self.assertEqual(said, [])
        elif suite.target.is_kith:
            self.assertEqual([each.reason for each in said], [suite.MALFORMED_PACKET])

    @mqtt5("MQTT-4.13.1-1", "MQTT-3.1.0-1")
    @mqtt311("MQTT-3.1.0-1")
    def test_frames_that_are_none_end_the_connection(self):
        for opcode in (3, 7, 11):
            with self.subTest(opcode):
                client = self.connect_over(self.dial())
                client.stream.send_frame(opcode, b"x")
                self.assertEqual(client.expect_closed(), [])


class WebSockets311(WebSockets, Case):
    VERSION = V311


class WebSockets5(WebSockets, Case):
    pass


if __name__ == "__main__":
    unittest.main()
