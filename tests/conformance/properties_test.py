"""The properties of PUBLISH that pass through a server (3.3.2.3), and those that may not."""

import unittest

import suite
from suite import MALFORMED_PACKET, PROTOCOL_ERROR, Case, mqtt5, raw
from mqtt_packets import V5, V311, Publish, Will

EVERYTHING = {
    "payload_format_indicator": 1,
    "content_type": "application/json; charset=utf-8",
    "response_topic": "answers/\u6e29\u5ea6",
    "correlation_data": bytes(range(256)),
    "user_property": [("b", "2"), ("a", "1"), ("b", "2"), ("", ""), ("a", "0")],
}


def setUpModule():
    suite.start_target()


class Forwarded(Case):
    @mqtt5("MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-17", "MQTT-3.3.2-18",
           "MQTT-3.3.2-20")
    def test_they_arrive_unaltered_at_each_qos(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), b"{}", qos=qos, properties=EVERYTHING)
            got = subscriber.take_message()
            self.assertEqual((got.properties, got.payload), (EVERYTHING, b"{}"))

    @mqtt5("MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-17", "MQTT-3.3.2-20")
    def test_each_arrives_alone_and_none_is_added(self):
        subscriber = self.subscriber(self.topic())
        publisher = self.connect()
        alone = [{name: value} for name, value in EVERYTHING.items()]
        for properties in (*alone, {"payload_format_indicator": 0}, {"correlation_data": b""},
                           {"content_type": ""}, {}):
            publisher.publish(self.topic(), properties=properties)
            self.assertEqual(subscriber.take_message().properties, properties)

    @mqtt5("MQTT-3.3.2-17", "MQTT-3.3.2-18", "MQTT-4.1.0-1")
    def test_they_wait_with_their_message(self):
        client_id = self.new_id()
        away = self.resume(client_id)
        away.subscribe(self.topic(), 1)
        away.disconnect()
        self.connect().publish(self.topic(), qos=1, properties=EVERYTHING)
        self.assertEqual(self.resume(client_id).take_message().properties, EVERYTHING)

    @mqtt5("MQTT-3.3.2-4")
    def test_a_client_of_3_1_1_sees_the_message_without_them(self):
        old = self.connect(version=V311)
        old.subscribe(self.topic())
        new = self.subscriber(self.topic())
        self.connect().publish(self.topic(), b"from 5", properties=EVERYTHING)
        topic = self.topic().encode()
        self.assertEqual(old.take_message().raw,
                         raw(0x30, bytes([0, len(topic)]) + topic + b"from 5"))
        new.take_message()
        self.connect(version=V311).publish(self.topic(), b"from 3.1.1")
        got = new.take_message()
        self.assertEqual((got.payload, got.properties), (b"from 3.1.1", {}))

    @mqtt5("MQTT-3.1.3-10", "MQTT-3.3.2-18")
    def test_those_of_a_will_arrive_in_their_order(self):
        subscriber = self.subscriber(self.topic(), 1)
        self.connect(will=Will(self.topic(), b"gone", 1, properties=EVERYTHING)).close()
        self.assertEqual(subscriber.take_message().properties, EVERYTHING)

    @mqtt5("MQTT-4.13.1-1", "MQTT-3.3.2-19", "MQTT-3.3.2-13")
    def test_what_may_not_be_there_ends_the_connection(self):
        def publish(**properties):
            return Publish("a", properties=properties).encode(V5)

        wrongs = {
            "Payload Format Indicator 2": publish(payload_format_indicator=2),
            "Payload Format Indicator twice": publish(payload_format_indicator=[0, 0]),
            "Message Expiry Interval twice": publish(message_expiry_interval=[1, 1]),
            "Content Type twice": publish(content_type=["a", "b"]),
            "Response Topic twice": publish(response_topic=["a", "b"]),
            "Correlation Data twice": publish(correlation_data=[b"a", b"b"]),
            "Topic Alias twice": publish(topic_alias=[1, 1]),
            "Session Expiry Interval": publish(session_expiry_interval=1),
            "Reason String": publish(reason_string="a"),
            "Maximum QoS": publish(maximum_qos=1),
            "an identifier that none has": raw(0x30, b"\0\x01a\x02\x7f\0"),
            "a property that is cut": raw(0x30, b"\0\x01a\x02\x02\0"),
            "a length beyond the packet": raw(0x30, b"\0\x01a\x09\x01\0"),
        }
        for name, packet in wrongs.items():
            with self.subTest(name):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)


if __name__ == "__main__":
    unittest.main()
