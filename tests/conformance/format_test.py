"""Chapters 1 and 2: strings, numbers, the fixed header, packet ids, property lengths."""

import unittest

import suite
from suite import MALFORMED_PACKET, PROTOCOL_ERROR, Case, mqtt, mqtt5, mqtt311, raw
from mqtt_packets import V5, V311, Connect, Publish, Will

ILL_FORMED = {
    "a byte that no sequence has": b"\xff",
    "a continuation alone": b"a\x80",
    "a sequence cut short": b"\xe2\x82",
    "an overlong sequence": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "the last surrogate": b"\xed\xbf\xbf",
    "above U+10FFFF": b"\xf4\x90\x80\x80",
}
NUL = b"a\x00b"
BOM = "\ufeff"


def setUpModule():
    suite.start_target()


class Strings:
    """In each packet that has one."""

    def packets_with(self, text: bytes) -> dict[str, bytes]:
        version = self.VERSION
        return {
            "PUBLISH": Publish(text).encode(version),
            "SUBSCRIBE": mqtt.subscribe(1, [(text, 0)], version),
            "UNSUBSCRIBE": mqtt.unsubscribe(1, [text], version),
        }

    def connects_with(self, text: bytes) -> dict[str, bytes]:
        return {
            "client id": self.connect_packet(client_id=text),
            "user name": self.connect_packet(user_name=text, password=b"x"),
            "will topic": self.connect_packet(will=Will(text, b"x")),
        }

    def assert_string_refused(self, text: bytes) -> None:
        for name, packet in self.packets_with(text).items():
            with self.subTest(name):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, MALFORMED_PACKET)
        for name, packet in self.connects_with(text).items():
            with self.subTest(name):
                self.assert_connect_malformed(packet)

    @mqtt5("MQTT-1.5.4-1", "MQTT-3.1.3-4", "MQTT-3.1.3-11", "MQTT-3.1.3-12", "MQTT-3.3.2-1",
           "MQTT-3.8.3-1", "MQTT-3.10.3-1")
    @mqtt311("MQTT-1.5.3-1", "MQTT-3.1.3-4", "MQTT-3.1.3-10", "MQTT-3.1.3-11", "MQTT-3.3.2-1",
             "MQTT-3.8.3-1", "MQTT-3.10.3-1")
    def test_what_is_not_utf8_ends_the_connection(self):
        for name, text in ILL_FORMED.items():
            with self.subTest(name):
                self.assert_string_refused(text)

    @mqtt5("MQTT-1.5.4-2", "MQTT-4.7.3-2")
    @mqtt311("MQTT-1.5.3-2", "MQTT-4.7.3-2")
    def test_the_null_character_ends_the_connection(self):
        self.assert_string_refused(NUL)

    @mqtt5("MQTT-1.5.4-3")
    @mqtt311("MQTT-1.5.3-3")
    def test_a_byte_order_mark_is_a_character_like_any(self):
        marked = BOM + self.topic()
        with_mark, without = self.subscriber(marked), self.subscriber(self.topic())
        self.connect().publish(marked, b"x")
        got = with_mark.expect("PUBLISH")
        self.assertIn(b"\xef\xbb\xbf" + self.topic().encode(), got.raw)
        self.assert_quiet(without)

    @mqtt5("MQTT-1.5.4-1")
    @mqtt311("MQTT-1.5.3-1")
    def test_each_plane_of_unicode_passes_unaltered(self):
        texts = ["\u00e9\u0800\ud7ff\ue000\ufffd\U00010000\U0001f321\U0010fffd"]
        if suite.target.is_kith:  # control characters and what is no character may be refused
            texts.append("\u0001\u007f\u0080\ufdd0\uffff\U0010ffff")
        for text in texts:
            topic = self.topic(text)
            subscriber = self.subscriber(topic)
            self.connect().publish(topic, b"x")
            self.assertEqual(subscriber.expect("PUBLISH").topic, topic)


class FixedHeaders:
    WRONG_FLAGS = {
        "PUBACK": (raw(0x41, b"\0\x01"), raw(0x48, b"\0\x01")),
        "PUBREC": (raw(0x52, b"\0\x01"),),
        "PUBREL": (raw(0x60, b"\0\x01"), raw(0x63, b"\0\x01"), raw(0x6A, b"\0\x01")),
        "PUBCOMP": (raw(0x72, b"\0\x01"),),
        "PINGREQ": (raw(0xC1), raw(0xC2)),
        "DISCONNECT": (raw(0xE1), raw(0xE8)),
    }

    @mqtt5("MQTT-2.1.3-1", "MQTT-3.6.1-1", "MQTT-3.14.1-1")
    @mqtt311("MQTT-2.2.2-1", "MQTT-2.2.2-2", "MQTT-3.6.1-1", "MQTT-3.14.1-1")
    def test_reserved_flags_end_the_connection(self):
        for kind, packets in self.WRONG_FLAGS.items():
            for packet in packets:
                with self.subTest(kind, first_byte=packet[0]):
                    client = self.connect()
                    client.send(packet)
                    self.assert_closed(client, MALFORMED_PACKET)

    @mqtt5("MQTT-2.1.3-1", "MQTT-3.8.1-1", "MQTT-3.10.1-1")
    @mqtt311("MQTT-2.2.2-2", "MQTT-3.8.1-1", "MQTT-3.10.1-1")
    def test_reserved_flags_of_subscribe_and_unsubscribe(self):
        subscribe = mqtt.subscribe(1, [("a", 0)], self.VERSION)
        unsubscribe = mqtt.unsubscribe(1, ["a"], self.VERSION)
        for packet in (subscribe, unsubscribe):
            for flags in (0, 1, 3, 6, 10, 15):
                with self.subTest(packet[0], flags=flags):
                    client = self.connect()
                    client.send(bytes([packet[0] & 0xF0 | flags]) + packet[1:])
                    self.assert_closed(client, MALFORMED_PACKET)

    @mqtt5("MQTT-2.1.3-1", "MQTT-3.1.4-1")
    @mqtt311("MQTT-2.2.2-2", "MQTT-3.1.4-1")
    def test_reserved_flags_of_connect(self):
        packet = self.connect_packet()
        for flags in (1, 2, 15):
            with self.subTest(flags=flags):
                client = self.open()
                client.send(bytes([0x10 | flags]) + packet[1:])
                self.assertLessEqual({each.kind for each in client.expect_closed()}, {"CONNACK"})

    @mqtt5("MQTT-2.1.3-1", "MQTT-4.13.1-1")
    @mqtt311("MQTT-2.2.2-2", "MQTT-4.8.0-1")
    def test_packet_types_that_no_client_sends_end_the_connection(self):
        packets = {
            "reserved type 0": raw(0x00),
            "CONNACK": raw(0x20, b"\0\0" if self.VERSION == V311 else b"\0\0\0"),
            "SUBACK": raw(0x90, b"\0\x01\0" if self.VERSION == V311 else b"\0\x01\0\0"),
            "UNSUBACK": raw(0xB0, b"\0\x01" if self.VERSION == V311 else b"\0\x01\0\0"),
            "PINGRESP": raw(0xD0),
        }
        if self.VERSION == V311:
            packets["reserved type 15"] = raw(0xF0)
        for name, packet in packets.items():
            with self.subTest(name):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, MALFORMED_PACKET, PROTOCOL_ERROR)

    @mqtt5("MQTT-1.5.5-1")
    @mqtt311("MQTT-4.8.0-1")
    def test_a_remaining_length_of_five_bytes_ends_the_connection(self):
        client = self.connect()
        client.send(b"\x30\xff\xff\xff\xff\x01")
        self.assert_closed(client, MALFORMED_PACKET)


class PacketIds:
    @mqtt5("MQTT-2.2.1-2", "MQTT-4.3.1-1", "MQTT-3.3.1-2")
    @mqtt311("MQTT-2.3.1-5", "MQTT-4.3.1-1", "MQTT-3.3.1-2")
    def test_a_message_at_qos_0_has_no_packet_id(self):
        subscriber = self.subscriber(self.topic(), 2)
        self.connect().publish(self.topic(), b"payload")
        topic = self.topic().encode()
        no_properties = b"\0" if self.VERSION == V5 else b""
        body = bytes([0, len(topic)]) + topic + no_properties + b"payload"
        self.assertEqual(subscriber.expect("PUBLISH").raw, raw(0x30, body))

    @mqtt5("MQTT-2.2.1-3")
    @mqtt311("MQTT-2.3.1-1")
    def test_packet_id_0_ends_the_connection(self):
        packets = {
            "PUBLISH at QoS 1": Publish("a", qos=1).encode(self.VERSION),
            "PUBLISH at QoS 2": Publish("a", qos=2).encode(self.VERSION),
            "SUBSCRIBE": mqtt.subscribe(0, [("a", 0)], self.VERSION),
            "UNSUBSCRIBE": mqtt.unsubscribe(0, ["a"], self.VERSION),
        }
        for name, packet in packets.items():
            with self.subTest(name):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)

    @mqtt5("MQTT-2.2.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1")
    @mqtt311("MQTT-2.3.1-1", "MQTT-2.3.1-4")
    def test_messages_under_way_have_packet_ids_of_their_own(self):
        for qos in (1, 2):
            with self.subTest(qos=qos):
                subscriber = self.subscriber(self.topic(), 2)
                publisher = self.connect()
                for _ in range(10):
                    publisher.publish(self.topic(), b"x", qos=qos)
                ids = [subscriber.expect("PUBLISH").packet_id for _ in range(10)]
                self.assertEqual(len(set(ids)), 10)
                self.assertNotIn(0, ids)
                # An id that is free again may come again; those under way may not.
                subscriber.acknowledge("PUBACK" if qos == 1 else "PUBREC", ids[4])
                if qos == 2:
                    self.assertEqual(subscriber.expect("PUBREL").packet_id, ids[4])
                publisher.publish(self.topic(), b"x", qos=qos)
                busy = set(ids) - ({ids[4]} if qos == 1 else set())
                self.assertNotIn(subscriber.expect("PUBLISH").packet_id, busy)

    @mqtt5("MQTT-2.2.1-5", "MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-3.6.2-1", "MQTT-3.7.2-1")
    @mqtt311("MQTT-2.3.1-6")
    def test_acknowledgements_repeat_the_packet_id(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        publisher.send(Publish(self.topic(), b"1", 1, 0x1234).encode(self.VERSION))
        self.assertEqual(publisher.expect("PUBACK").raw, b"\x40\x02\x12\x34")
        publisher.send(Publish(self.topic(), b"2", 2, 0x1235).encode(self.VERSION))
        self.assertEqual(publisher.expect("PUBREC").raw, b"\x50\x02\x12\x35")
        publisher.acknowledge("PUBREL", 0x1235)
        self.assertEqual(publisher.expect("PUBCOMP").raw, b"\x70\x02\x12\x35")
        subscriber.expect("PUBLISH")
        packet_id = subscriber.expect("PUBLISH").packet_id
        subscriber.acknowledge("PUBREC", packet_id)
        pubrel = subscriber.expect("PUBREL")
        self.assertEqual(pubrel.raw, b"\x62\x02" + packet_id.to_bytes(2, "big"))

    @mqtt5("MQTT-2.2.1-6", "MQTT-2.2.2-1", "MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.10.4-4",
           "MQTT-3.10.4-5")
    @mqtt311("MQTT-2.3.1-7", "MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.10.4-4", "MQTT-3.10.4-5")
    def test_suback_and_unsuback_repeat_the_packet_id(self):
        client = self.connect()
        topic = self.topic()
        none = b"\0" if self.VERSION == V5 else b""  # no properties
        client.send(mqtt.subscribe(0xABCD, [(topic, 1)], self.VERSION))
        self.assertEqual(client.expect("SUBACK").raw, raw(0x90, b"\xab\xcd" + none + b"\x01"))
        code = b"\0" if self.VERSION == V5 else b""
        client.send(mqtt.unsubscribe(0xFFFF, [topic], self.VERSION))
        self.assertEqual(client.expect("UNSUBACK").raw, raw(0xB0, b"\xff\xff" + none + code))
        code = b"\x11" if self.VERSION == V5 else b""
        client.send(mqtt.unsubscribe(1, [topic], self.VERSION))
        self.assertEqual(client.expect("UNSUBACK").raw, raw(0xB0, b"\0\x01" + none + code))


class Strings311(Strings, Case):
    VERSION = V311


class FixedHeaders311(FixedHeaders, Case):
    VERSION = V311


class PacketIds311(PacketIds, Case):
    VERSION = V311

    @mqtt311("MQTT-3.10.4-4")
    def test_acknowledgements_have_no_byte_too_many(self):
        client = self.connect()
        self.assertEqual(client.connack.raw, b"\x20\x02\0\0")
        client.send(mqtt.pingreq())
        self.assertEqual(client.expect("PINGRESP").raw, b"\xd0\0")


class Strings5(Strings, Case):
    def packets_with(self, text: bytes) -> dict[str, bytes]:
        def publish(**properties):
            return Publish("a", properties=properties).encode(V5)

        return super().packets_with(text) | {
            "Response Topic": publish(response_topic=text),
            "Content Type": publish(content_type=text),
            "User Property's name": publish(user_property=(text, "x")),
            "User Property's value": publish(user_property=("x", text)),
            "SUBSCRIBE's User Property": mqtt.subscribe(
                1, [("a", 0)], V5, {"user_property": ("x", text)}
            ),
            "PUBREL's Reason String": mqtt.acknowledgement("PUBREL", 1, 0, {"reason_string": text}),
            "DISCONNECT's Reason String": mqtt.disconnect(V5, 0, {"reason_string": text}),
        }

    def connects_with(self, text: bytes) -> dict[str, bytes]:
        def connect(**properties):
            return self.connect_packet(properties=properties)

        return super().connects_with(text) | {
            "User Property": connect(user_property=("x", text)),
            "Authentication Method": connect(authentication_method=text),
            "the will's Content Type": self.connect_packet(
                will=Will("a", b"x", properties={"content_type": text})
            ),
        }

    @mqtt5("MQTT-1.5.7-1", "MQTT-3.3.2-13", "MQTT-3.3.2-19")
    def test_strings_of_properties_follow_the_same_rules(self):
        for text in (NUL, *ILL_FORMED.values()):
            with self.subTest(text):
                self.assert_string_refused(text)

    @mqtt5("MQTT-1.5.7-1", "MQTT-1.5.4-3")
    def test_both_halves_of_a_pair_pass_unaltered(self):
        subscriber = self.subscriber(self.topic())
        pair = (BOM + "näme", "\U0001f321" + BOM)
        self.connect().publish(self.topic(), properties={"user_property": [pair]})
        self.assertEqual(subscriber.expect("PUBLISH").properties, {"user_property": [pair]})


class FixedHeaders5(FixedHeaders, Case):
    @mqtt5("MQTT-1.5.5-1")
    def test_a_remaining_length_has_no_byte_too_many(self):
        topic = self.topic()
        subscriber = self.subscriber(topic)
        publisher = self.connect()
        head_bytes = 2 + len(topic) + 1
        for length in (127, 128, 16_383, 16_384, 300_000):
            with self.subTest(length):
                publisher.publish(topic, bytes(length - head_bytes))
                got = subscriber.expect("PUBLISH")
                self.assertEqual(got.raw[: len(got.raw) - length], b"\x30" + mqtt.varint(length))

    @mqtt5("MQTT-3.15.1-1")
    def test_reserved_flags_of_auth(self):
        for flags in (1, 2, 15):
            with self.subTest(flags=flags):
                client = self.connect()
                client.send(raw(0xF0 | flags, b"\x18\0"))
                self.assert_closed(client, MALFORMED_PACKET)

    @mqtt5("MQTT-1.5.5-1")
    def test_a_property_length_of_five_bytes_ends_the_connection(self):
        client = self.connect()
        client.send(raw(0x30, b"\0\x01a" + b"\x80\x80\x80\x80\x01"))
        self.assert_closed(client, MALFORMED_PACKET)


class PacketIds5(PacketIds, Case):
    @mqtt5("MQTT-2.2.2-1")
    def test_no_properties_are_a_length_of_0(self):
        """In a CONNACK there is always something to say; so PUBLISH at QoS 1."""
        subscriber = self.subscriber(self.topic(), 1)
        self.connect().publish(self.topic(), b"x", qos=1)
        got = subscriber.expect("PUBLISH")
        topic = self.topic().encode()
        packet_id = got.packet_id.to_bytes(2, "big")
        self.assertEqual(
            got.raw, raw(0x32, bytes([0, len(topic)]) + topic + packet_id + b"\0" + b"x")
        )

    @mqtt5("MQTT-2.2.2-1", "MQTT-4.13.1-1")
    def test_a_packet_without_its_property_length_ends_the_connection(self):
        topic_alone = raw(0x30, b"\0\x01a")
        client = self.connect()
        client.send(topic_alone)
        self.assert_closed(client, MALFORMED_PACKET)
        self.assert_connect_malformed(raw(0x10, b"\0\x04MQTT\x05\x02\0\x3c"))


if __name__ == "__main__":
    unittest.main()
