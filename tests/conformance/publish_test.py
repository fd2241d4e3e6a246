"""Sections 3.3 to 3.7, 4.3 and 4.6: PUBLISH, its acknowledgements, order."""

import unittest

import suite
from suite import (
    MALFORMED_PACKET,
    NO_MATCHING_SUBSCRIBERS,
    PACKET_IDENTIFIER_NOT_FOUND,
    PROTOCOL_ERROR,
    SUCCESS,
    TOPIC_NAME_INVALID,
    Case,
    mqtt,
    mqtt5,
    mqtt311,
    raw,
)
from mqtt_packets import V5, V311, Publish
from mqtt_raw import ConnectionClosed


def setUpModule():
    suite.start_target()


class Delivery:
    """The three qualities of service."""

    @mqtt5("MQTT-3.3.4-1", "MQTT-4.3.1-1", "MQTT-3.3.2-3", "MQTT-4.5.0-1")
    @mqtt311("MQTT-3.3.4-1", "MQTT-4.3.1-1", "MQTT-3.3.2-3", "MQTT-4.5.0-1")
    def test_qos_0_is_not_answered(self):
        subscribers = [self.subscriber(self.topic(), qos) for qos in (0, 1, 2)]
        publisher = self.connect()
        publisher.publish(self.topic(), b"x")
        self.assert_quiet(publisher)
        for subscriber in subscribers:
            got = subscriber.expect("PUBLISH")
            self.assertEqual((got.topic, got.payload, got.qos, got.dup, got.packet_id),
                             (self.topic(), b"x", 0, False, 0))

    @mqtt5("MQTT-3.3.4-1", "MQTT-4.3.2-4", "MQTT-4.5.0-1", "MQTT-4.3.2-2")
    @mqtt311("MQTT-3.3.4-1", "MQTT-4.3.2-2", "MQTT-4.5.0-1", "MQTT-4.3.2-1")
    def test_qos_1_is_answered_by_puback(self):
        subscriber = self.subscriber(self.topic(), 1)
        publisher = self.connect()
        publisher.send(Publish(self.topic(), b"x", 1, 65535).encode(self.VERSION))
        self.assertEqual(publisher.expect("PUBACK").raw, b"\x40\x02\xff\xff")
        got = subscriber.expect("PUBLISH")
        self.assertEqual((got.qos, got.dup), (1, False))

    @mqtt5("MQTT-3.3.4-1", "MQTT-4.3.3-8", "MQTT-4.3.3-11")
    @mqtt311("MQTT-3.3.4-1", "MQTT-4.3.3-2", "MQTT-3.6.1-1")
    def test_qos_2_is_answered_by_pubrec_and_pubcomp(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        publisher.send(Publish(self.topic(), b"x", 2, 65535).encode(self.VERSION))
        self.assertEqual(publisher.expect("PUBREC").raw, b"\x50\x02\xff\xff")
        publisher.send(b"\x62\x02\xff\xff")
        self.assertEqual(publisher.expect("PUBCOMP").raw, b"\x70\x02\xff\xff")
        self.assertEqual(subscriber.take_message().payload, b"x")

    @mqtt5("MQTT-4.3.2-5", "MQTT-3.3.1-3")
    @mqtt311("MQTT-4.3.2-2", "MQTT-3.3.1-3")
    def test_an_id_of_qos_1_is_free_after_puback_whatever_dup_says(self):
        subscriber = self.subscriber(self.topic(), 1)
        publisher = self.connect()
        for i, dup in enumerate((False, True, False)):
            publisher.send(Publish(self.topic(), b"%d" % i, 1, 9, dup).encode(self.VERSION))
            publisher.expect("PUBACK")
        got = [subscriber.expect("PUBLISH") for _ in range(3)]
        self.assertEqual([(each.payload, each.dup) for each in got],
                         [(b"0", False), (b"1", False), (b"2", False)])

    @mqtt5("MQTT-4.3.3-10", "MQTT-3.3.1-3")
    @mqtt311("MQTT-4.3.3-2", "MQTT-3.3.1-3")
    def test_an_id_of_qos_2_is_taken_once_until_pubrel(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        for dup in (False, True, True):
            publisher.send(Publish(self.topic(), b"once", 2, 9, dup).encode(self.VERSION))
            answer = publisher.expect("PUBREC")
            self.assertEqual((answer.packet_id, answer.reason), (9, SUCCESS))
        publisher.acknowledge("PUBREL", 9)
        publisher.expect("PUBCOMP")
        got = subscriber.take_message()
        self.assertEqual((got.payload, got.dup), (b"once", False))
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-4.3.3-12", "MQTT-3.3.1-3")
    @mqtt311("MQTT-4.3.3-2")
    def test_an_id_of_qos_2_is_free_after_pubcomp_whatever_dup_says(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        for i, dup in enumerate((False, True, False)):
            publisher.send(Publish(self.topic(), b"%d" % i, 2, 9, dup).encode(self.VERSION))
            publisher.expect("PUBREC")
            publisher.acknowledge("PUBREL", 9)
            publisher.expect("PUBCOMP")
        self.assertEqual([each.payload for each in subscriber.take_messages(3)],
                         [b"0", b"1", b"2"])

    @mqtt5("MQTT-4.3.3-4", "MQTT-4.3.3-6", "MQTT-4.3.3-2")
    @mqtt311("MQTT-4.3.3-1")
    def test_the_node_sends_qos_2_as_a_sender_must(self):
        subscriber = self.subscriber(self.topic(), 2)
        self.connect().publish(self.topic(), b"x", qos=2)
        got = subscriber.expect("PUBLISH")
        self.assertEqual((got.qos, got.dup), (2, False))
        self.assert_quiet(subscriber)
        subscriber.acknowledge("PUBREC", got.packet_id)
        self.assertEqual(subscriber.expect("PUBREL").packet_id, got.packet_id)
        subscriber.acknowledge("PUBREC", got.packet_id)  # as if PUBREL were lost
        self.assertEqual(subscriber.expect("PUBREL").packet_id, got.packet_id)
        subscriber.acknowledge("PUBCOMP", got.packet_id)
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-4.3.2-3", "MQTT-4.3.3-3")
    @mqtt311("MQTT-4.3.2-1", "MQTT-4.3.3-1")
    def test_wrong_acknowledgements_do_not_end_a_delivery(self):
        """PUBACK for QoS 2 and PUBCOMP before PUBREL mean nothing; a server may also close."""
        client_id = self.new_id()
        subscriber = self.resume(client_id)
        subscriber.subscribe(self.topic(), 2)
        self.connect().publish(self.topic(), b"x", qos=2)
        packet_id = subscriber.expect("PUBLISH").packet_id
        for kind in ("PUBACK", "PUBCOMP"):
            try:
                subscriber.acknowledge(kind, packet_id)
                subscriber.ping()
            except (ConnectionClosed, AssertionError):  # the end, or a DISCONNECT before it
                pass
            subscriber = self.resume(client_id)
            self.assertEqual(subscriber.expect("PUBLISH").packet_id, packet_id)

    @mqtt5("MQTT-3.8.4-8", "MQTT-3.3.2-3")
    @mqtt311("MQTT-3.8.4-6", "MQTT-3.3.2-3")
    def test_the_qos_is_the_lower_of_published_and_granted(self):
        for granted in (0, 1, 2):
            subscriber = self.subscriber(self.topic(f"{granted}"), granted)
            publisher = self.connect()
            for published in (0, 1, 2):
                with self.subTest(granted=granted, published=published):
                    publisher.publish(self.topic(f"{granted}"), b"x", qos=published)
                    self.assertEqual(subscriber.take_message().qos, min(granted, published))

    @mqtt5("MQTT-3.3.1-4")
    @mqtt311("MQTT-3.3.1-4")
    def test_qos_3_ends_the_connection(self):
        client = self.connect()
        client.send(raw(0x36, b"\0\x01a\0\x01\0"))
        self.assert_closed(client, MALFORMED_PACKET)

    @mqtt5("MQTT-3.3.1-2")
    @mqtt311("MQTT-3.3.1-2")
    def test_dup_at_qos_0_is_not_passed_on(self):
        """It breaks a rule of the sender's; a server may end the connection, as a node does."""
        subscriber = self.subscriber(self.topic())
        client = self.connect()
        client.send(Publish(self.topic(), b"x", dup=True).encode(self.VERSION))
        if suite.target.is_kith:
            self.assert_closed(client, MALFORMED_PACKET)
        self.connect().publish(self.topic(), b"last")
        while (got := subscriber.expect("PUBLISH")).payload != b"last":
            self.assertFalse(got.dup)

    @mqtt5("MQTT-3.3.2-2", "MQTT-4.7.0-1")
    @mqtt311("MQTT-3.3.2-2", "MQTT-4.7.1-1")
    def test_a_wildcard_in_a_topic_name_ends_the_connection(self):
        watcher = self.subscriber(self.topic("#"))
        for wrong in ("#", "+", "a/#", "a/+/b", "a#", "a+"):
            for qos in (0, 1, 2):
                with self.subTest(wrong, qos=qos):
                    client = self.connect()
                    packet = Publish(self.topic(wrong), b"x", qos, 1 if qos else 0)
                    client.send(packet.encode(self.VERSION))
                    self.assert_closed(client, TOPIC_NAME_INVALID, MALFORMED_PACKET,
                                       PROTOCOL_ERROR)
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.3.2-1", "MQTT-4.7.3-1")
    @mqtt311("MQTT-3.3.2-1", "MQTT-4.7.3-1")
    def test_a_publish_without_a_topic_ends_the_connection(self):
        for packet in (Publish("").encode(self.VERSION), raw(0x30), raw(0x30, b"\0\x05abc")):
            with self.subTest(packet):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET, TOPIC_NAME_INVALID)

    @mqtt5("MQTT-4.3.3-11", "MQTT-3.7.2-1")
    @mqtt311("MQTT-4.3.3-2")
    def test_pubrel_of_an_unknown_id_is_answered(self):
        """MQTT 5 says that it is not known; 3.1.1 has no words for it."""
        client = self.connect()
        client.acknowledge("PUBREL", 4711)
        got = client.expect("PUBCOMP")
        self.assertEqual(got.packet_id, 4711)
        if self.VERSION == V5:
            self.assertIn(got.reason, (SUCCESS, PACKET_IDENTIFIER_NOT_FOUND))
            self.assertTrue(got.reason or not suite.target.is_kith)

    @mqtt5("MQTT-3.3.4-1", "MQTT-2.2.1-5")
    @mqtt311("MQTT-3.3.4-1")
    def test_an_empty_payload_is_a_message(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), b"", qos=qos)
            self.assertEqual(subscriber.take_message().payload, b"")


class Order:
    @mqtt5("MQTT-4.6.0-5", "MQTT-4.6.0-6")
    @mqtt311("MQTT-4.6.0-5", "MQTT-4.6.0-6")
    def test_each_subscriber_sees_the_order_of_each_publisher(self):
        count = 200
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                topic = self.topic(f"{qos}")
                subscribers = [self.subscriber(topic, qos) for _ in range(2)]
                publishers = [self.connect() for _ in range(2)]
                for i in range(count):
                    for which, publisher in enumerate(publishers):
                        publisher.publish(topic, b"%d %d" % (which, i), qos=qos)
                for subscriber in subscribers:
                    got = [each.payload.split() for each in subscriber.take_messages(2 * count)]
                    for which in (b"0", b"1"):
                        numbers = [int(number) for origin, number in got if origin == which]
                        self.assertEqual(numbers, list(range(count)))

    @mqtt5("MQTT-4.6.0-6", "MQTT-4.3.3-4")
    @mqtt311("MQTT-4.6.0-4", "MQTT-4.6.0-6")
    def test_pubrels_come_in_the_order_of_the_pubrecs(self):
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        for _ in range(10):
            publisher.publish(self.topic(), b"x", qos=2)
        ids = [subscriber.expect("PUBLISH").packet_id for _ in range(10)]
        ids.reverse()
        for packet_id in ids:
            subscriber.acknowledge("PUBREC", packet_id)
        self.assertEqual([subscriber.expect("PUBREL").packet_id for _ in range(10)], ids)

    @mqtt5("MQTT-4.3.2-4", "MQTT-4.3.3-8")
    @mqtt311("MQTT-4.3.2-2", "MQTT-4.3.3-2")
    def test_acknowledgements_come_in_the_order_of_the_messages(self):
        """Which the standard asks of clients alone."""
        self.resume(self.new_id()).subscribe(self.topic("#"), 2)  # some wait for a disk
        publisher = self.connect()
        packets = b""
        for i in range(1, 41):
            topic = self.topic("kept" if i % 3 else "other")
            packets += Publish(topic, b"x", 1 + i % 2, i).encode(self.VERSION)
        publisher.send(packets)
        answers = [publisher.receive() for _ in range(40)]
        for kind, parity in (("PUBACK", 0), ("PUBREC", 1)):
            ids = [each.packet_id for each in answers if each.kind == kind]
            self.assertEqual(ids, [i for i in range(1, 41) if i % 2 == parity])


class Delivery311(Delivery, Case):
    VERSION = V311

    @mqtt311("MQTT-3.3.5-2")
    def test_a_message_that_is_not_allowed_is_acknowledged_or_ends_the_connection(self):
        client = self.connect()
        watcher = self.subscriber("$SYS/conformance")
        client.publish("$SYS/conformance", b"x", qos=1)
        client.publish("$SYS/conformance", b"x", qos=2)
        client.ping()
        self.assert_quiet(watcher)


class Delivery5(Delivery, Case):
    @mqtt5("MQTT-3.4.2-1", "MQTT-3.5.2-1")
    def test_nobody_to_receive_it_may_be_said(self):
        """Which is the server's choice; a node says it."""
        publisher = self.connect()
        allowed = {NO_MATCHING_SUBSCRIBERS} | (set() if suite.target.is_kith else {SUCCESS})
        for qos in (1, 2):
            self.assertIn(publisher.publish(self.topic(), b"x", qos=qos).reason, allowed)

    @mqtt5("MQTT-4.3.3-9", "MQTT-3.5.2-1", "MQTT-3.4.2-1")
    def test_a_message_that_is_not_allowed_is_refused_and_its_id_free(self):
        self.need(suite.target.is_kith, "what is allowed is a broker's own business")
        publisher = self.connect()
        publisher.send(Publish("$SYS/conformance", b"x", 1, 7).encode(V5))
        self.assertEqual(publisher.expect("PUBACK").reason, suite.NOT_AUTHORIZED)
        publisher.send(Publish("$SYS/conformance", b"x", 2, 7).encode(V5))
        self.assertEqual(publisher.expect("PUBREC").reason, suite.NOT_AUTHORIZED)
        subscriber = self.subscriber(self.topic(), 2)
        publisher.send(Publish(self.topic(), b"new", 2, 7).encode(V5))
        self.assertEqual(publisher.expect("PUBREC").reason, SUCCESS)
        self.assertEqual(subscriber.expect("PUBLISH").payload, b"new")

    @mqtt5("MQTT-3.6.2-1")
    def test_pubrec_of_an_unknown_id_is_told_so(self):
        client = self.connect()
        client.acknowledge("PUBREC", 4711)
        got = client.expect("PUBREL")
        self.assertEqual(got.packet_id, 4711)
        self.assertIn(got.reason, (SUCCESS, PACKET_IDENTIFIER_NOT_FOUND))
        self.assertTrue(got.reason or not suite.target.is_kith)

    NO_REASONS = {0x01, 0x11, 0x7F, 0x96, 0xFF}
    REASONS = {
        "PUBACK": {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99},
        "PUBREC": {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99},
        "PUBREL": {0x00, 0x92},
        "PUBCOMP": {0x00, 0x92},
    }

    @mqtt5("MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-3.6.2-1", "MQTT-3.7.2-1")
    def test_each_reason_of_an_acknowledgement_is_understood_and_no_other(self):
        for kind, listed in self.REASONS.items():
            for reason in sorted(listed | self.NO_REASONS):
                with self.subTest(kind, reason=hex(reason)):
                    client = self.connect()
                    client.acknowledge(kind, 4711, reason)
                    if reason not in listed:
                        self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)
                        continue
                    client.send(mqtt.pingreq())
                    answer = {"PUBREC": "PUBREL", "PUBREL": "PUBCOMP"}.get(kind)
                    if answer and not (kind == "PUBREC" and reason >= 0x80):
                        client.expect(answer)
                        client.expect("PINGRESP")
                    else:
                        self.assertEqual(client.receive().kind, "PINGRESP")

    @mqtt5("MQTT-4.3.3-8", "MQTT-2.2.1-5")
    def test_the_long_forms_of_acknowledgements_are_understood(self):
        values = {"reason_string": "fine", "user_property": [("a", "b"), ("a", "b")]}
        subscriber = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        publisher.publish(self.topic(), b"1", qos=1)
        publisher.publish(self.topic(), b"2", qos=2)
        packet_id = subscriber.expect("PUBLISH").packet_id
        subscriber.send(mqtt.acknowledgement("PUBACK", packet_id, 0, values))
        packet_id = subscriber.expect("PUBLISH").packet_id
        subscriber.send(mqtt.acknowledgement("PUBREC", packet_id, 0, values))
        subscriber.expect("PUBREL")
        subscriber.send(mqtt.acknowledgement("PUBCOMP", packet_id, 0, values))
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-4.13.1-1", "MQTT-3.4.2-1")
    def test_properties_that_an_acknowledgement_has_not_end_the_connection(self):
        wrongs = {
            "Content Type": {"content_type": "x"},
            "Reason String twice": {"reason_string": ["a", "b"]},
        }
        for kind in self.REASONS:
            for name, values in wrongs.items():
                with self.subTest(kind, wrong=name):
                    client = self.connect()
                    client.send(mqtt.acknowledgement(kind, 1, 0, values))
                    self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)


class Order311(Order, Case):
    VERSION = V311


class Order5(Order, Case):
    pass


if __name__ == "__main__":
    unittest.main()
