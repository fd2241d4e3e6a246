"""Sections 3.8 to 3.11: SUBSCRIBE, UNSUBSCRIBE and their answers; overlapping subscriptions."""

import unittest

import suite
from suite import (
    MALFORMED_PACKET,
    NO_LOCAL,
    NO_SUBSCRIPTION_EXISTED,
    PROTOCOL_ERROR,
    RETAIN_IF_NEW,
    TOPIC_FILTER_INVALID,
    Case,
    mqtt,
    mqtt5,
    mqtt311,
    raw,
)
from mqtt_packets import V5, V311, Publish

SUBACK_REASONS = {0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}


def setUpModule():
    suite.start_target()


class Subscriptions:
    @mqtt5("MQTT-3.8.4-5", "MQTT-3.8.4-6", "MQTT-3.8.4-7", "MQTT-3.9.3-1", "MQTT-3.9.3-2",
           "MQTT-3.8.4-1")
    @mqtt311("MQTT-3.8.4-4", "MQTT-3.8.4-5", "MQTT-3.9.3-1", "MQTT-3.9.3-2", "MQTT-3.8.4-1")
    def test_one_suback_has_a_code_for_each_filter_in_their_order(self):
        client = self.connect()
        filters = [(self.topic(f"{i}"), qos) for i, qos in enumerate((2, 0, 1, 1, 0, 2))]
        client.send(mqtt.subscribe(300, filters, self.VERSION))
        none = b"\0" if self.VERSION == V5 else b""
        self.assertEqual(client.expect("SUBACK").raw,
                         raw(0x90, b"\x01\x2c" + none + b"\2\0\1\1\0\2"))
        self.assert_quiet(client)
        publisher = self.connect()
        for topic, qos in filters:
            publisher.publish(topic, b"x", qos=2)
            self.assertEqual(client.take_message().qos, qos)

    @mqtt5("MQTT-3.8.3-2")
    @mqtt311("MQTT-3.8.3-3", "MQTT-4.8.0-1")
    def test_a_subscribe_without_a_filter_ends_the_connection(self):
        client = self.connect()
        client.send(mqtt.subscribe(1, [], self.VERSION))
        self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.8.3-5")
    @mqtt311("MQTT-3.8.3-4")
    def test_reserved_bits_of_the_options_end_the_connection(self):
        for options in (0x40, 0x80, 0xC0, 0x41):
            with self.subTest(options):
                client = self.connect()
                client.send(mqtt.subscribe(1, [("ok", 0), ("a", options)], self.VERSION))
                self.assert_closed(client, MALFORMED_PACKET)

    @mqtt5("MQTT-3.8.3-5", "MQTT-4.13.1-1")
    @mqtt311("MQTT-3.8.3-4")
    def test_qos_3_ends_the_connection(self):
        client = self.connect()
        client.send(mqtt.subscribe(1, [("a", 3)], self.VERSION))
        self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)

    @mqtt5("MQTT-3.8.3-2", "MQTT-4.13.1-1")
    @mqtt311("MQTT-3.8.3-3", "MQTT-4.8.0-1")
    def test_a_filter_without_its_options_ends_the_connection(self):
        none = b"\0" if self.VERSION == V5 else b""
        for payload in (mqtt.text("a"), b"\0", b"\0\x05a", mqtt.text("a") + b"\0" + b"\0"):
            with self.subTest(payload):
                client = self.connect()
                client.send(raw(0x82, b"\0\x01" + none + payload))
                self.assert_closed(client, MALFORMED_PACKET, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.8.4-3", "MQTT-3.8.4-8")
    @mqtt311("MQTT-3.8.4-3")
    def test_the_same_filter_replaces_the_subscription(self):
        client = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        for qos in (0, 1, 2):
            client.subscribe(self.topic(), qos)
            publisher.publish(self.topic(), b"x", qos=2)
            self.assertEqual(client.take_message().qos, qos)
            self.assert_quiet(client)

    @mqtt5("MQTT-3.8.4-4", "MQTT-3.8.4-3")
    @mqtt311("MQTT-3.8.4-3")
    def test_no_message_is_lost_while_a_subscription_is_replaced(self):
        client = self.subscriber(self.topic(), 1)
        publisher = self.connect()
        for i in range(50):
            publisher.send(Publish(self.topic(), b"%d" % i, 1, 1 + i).encode(self.VERSION))
            client.send(mqtt.subscribe(1 + i, [(self.topic(), 1)], self.VERSION))
        got = []
        for _ in range(100):
            got.append(client.receive())
            if got[-1].kind == "PUBLISH":
                client.acknowledge("PUBACK", got[-1].packet_id)
        payloads = [each.payload for each in got if each.kind == "PUBLISH"]
        self.assertEqual(payloads, [b"%d" % i for i in range(50)])
        self.assertEqual([each.packet_id for each in got if each.kind == "SUBACK"],
                         list(range(1, 51)))

    @mqtt5("MQTT-3.3.4-2", "MQTT-3.3.2-3")
    @mqtt311("MQTT-3.3.5-1")
    def test_overlapping_subscriptions_deliver_at_the_highest_qos(self):
        """In one copy, or in one for each: both are allowed, but one must have the highest."""
        client = self.subscriber(self.topic("a/b"), 0)
        client.subscribe(self.topic("a/+"), 2)
        client.subscribe(self.topic("#"), 1)
        self.connect().publish(self.topic("a/b"), b"x", qos=2)
        got = [client.take_message()]
        if not suite.target.is_kith:
            self.connect().publish(self.topic("a/b"), b"last")
            while got[-1].payload != b"last":
                got.append(client.take_message())
            got.pop()
        self.assertEqual(max(each.qos for each in got), 2)
        self.assertLessEqual(len(got), 3)
        if suite.target.is_kith:
            self.assert_quiet(client)

    @mqtt5("MQTT-3.10.4-1", "MQTT-3.10.4-2", "MQTT-3.10.4-6", "MQTT-3.11.3-1", "MQTT-3.11.3-2")
    @mqtt311("MQTT-3.10.4-1", "MQTT-3.10.4-2", "MQTT-3.10.4-6")
    def test_unsubscribe_deletes_what_is_the_same_character_by_character(self):
        client = self.subscriber(self.topic("a/+"), 1)
        client.subscribe(self.topic("b"), 1)
        almost = (self.topic("a/b"), self.topic("a/#"), self.topic("A/+"), self.topic("a/+/"))
        answer = client.unsubscribe(*almost)
        if self.VERSION == V5:
            self.assertEqual(answer.reasons, [NO_SUBSCRIPTION_EXISTED] * 4)
        publisher = self.connect()
        publisher.publish(self.topic("a/b"), b"still", qos=1)
        self.assertEqual(client.take_message().payload, b"still")
        answer = client.unsubscribe(self.topic("x"), self.topic("a/+"), self.topic("b"))
        if self.VERSION == V5:
            self.assertEqual(answer.reasons, [NO_SUBSCRIPTION_EXISTED, 0, 0])
        self.assert_quiet(client)  # one UNSUBACK for all
        publisher.publish(self.topic("a/b"), b"no more", qos=1)
        publisher.publish(self.topic("b"), b"no more", qos=1)
        self.assert_quiet(client)

    @mqtt5("MQTT-3.10.4-3")
    @mqtt311("MQTT-3.10.4-3")
    def test_what_is_under_way_is_completed_after_unsubscribe(self):
        client = self.subscriber(self.topic(), 2)
        publisher = self.connect()
        publisher.publish(self.topic(), b"1", qos=1)
        publisher.publish(self.topic(), b"2", qos=2)
        one, two = client.expect("PUBLISH"), client.expect("PUBLISH")
        client.unsubscribe(self.topic())
        client.acknowledge("PUBACK", one.packet_id)
        client.acknowledge("PUBREC", two.packet_id)
        self.assertEqual(client.expect("PUBREL").packet_id, two.packet_id)
        client.acknowledge("PUBCOMP", two.packet_id)
        self.assert_quiet(client)

    @mqtt5("MQTT-3.10.4-3", "MQTT-4.4.0-1")
    @mqtt311("MQTT-3.10.4-3", "MQTT-4.4.0-1")
    def test_what_is_under_way_comes_again_after_unsubscribe(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        client.subscribe(self.topic(), 1)
        self.connect().publish(self.topic(), b"x", qos=1)
        packet_id = client.expect("PUBLISH").packet_id
        client.unsubscribe(self.topic())
        client.close()
        again = self.resume(client_id).expect("PUBLISH")
        self.assertEqual((again.packet_id, again.dup), (packet_id, True))

    @mqtt5("MQTT-3.10.3-2")
    @mqtt311("MQTT-3.10.3-2", "MQTT-4.8.0-1")
    def test_an_unsubscribe_without_a_filter_ends_the_connection(self):
        client = self.connect()
        client.send(mqtt.unsubscribe(1, [], self.VERSION))
        self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.8.4-1")
    @mqtt311("MQTT-3.8.3-2", "MQTT-3.8.4-1")
    def test_wildcards_are_supported(self):
        """A server that has none would have to refuse them."""
        client = self.connect()
        for wildcard in ("+", "#", "+/+"):
            self.assertEqual(client.subscribe(self.topic(wildcard)).reasons, [0])
        if self.VERSION == V5:
            available = client.connack.properties.get("wildcard_subscription_available", 1)
            self.assertEqual(available, 1)


class Subscriptions311(Subscriptions, Case):
    VERSION = V311

    @mqtt311("MQTT-3.8.4-5", "MQTT-3.9.3-2", "MQTT-4.7.1-2", "MQTT-4.7.1-3")
    def test_a_filter_that_is_not_one_is_refused_with_0x80(self):
        for wrong in ("a/#/b", "a#", "a+", "#/a", "+a/b"):
            with self.subTest(wrong):
                client = self.connect()
                client.send(mqtt.subscribe(1, [("ok", 0), (wrong, 1)], V311))
                if not suite.target.is_kith:  # it may take the whole packet as malformed
                    self.assert_closed(client)
                    continue
                self.assertEqual(client.expect("SUBACK").reasons, [0, 0x80])


class Subscriptions5(Subscriptions, Case):
    @mqtt5("MQTT-3.8.3-3")
    def test_no_local_keeps_a_clients_own_messages_from_it(self):
        client = self.subscriber(self.topic(), 1 | NO_LOCAL)
        other = self.subscriber(self.topic(), 1)
        client.publish(self.topic(), b"own", qos=1)
        other.publish(self.topic("x"), b"", qos=0)
        self.assertEqual(other.take_message().payload, b"own")
        self.assert_quiet(client)
        other.publish(self.topic(), b"other's", qos=0)
        self.assertEqual(client.take_message().payload, b"other's")

    @mqtt5("MQTT-3.8.3-3")
    def test_no_local_is_about_the_client_id_and_so_outlives_the_connection(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        client.subscribe(self.topic(), 1 | NO_LOCAL)
        client.publish(self.topic(), b"own", qos=1)
        client.close()
        again = self.resume(client_id)
        again.publish(self.topic(), b"own", qos=1)
        self.assert_quiet(again)

    @mqtt5("MQTT-3.8.3-3", "MQTT-3.8.4-3")
    def test_no_local_is_replaced_like_the_other_options(self):
        client = self.subscriber(self.topic(), 1 | NO_LOCAL)
        client.subscribe(self.topic(), 0)
        client.publish(self.topic(), b"own")
        self.assertEqual(client.take_message().payload, b"own")

    @mqtt5("MQTT-3.8.3-4")
    def test_no_local_on_a_shared_subscription_ends_the_connection(self):
        client = self.connect()
        client.send(mqtt.subscribe(1, [("$share/g/a", NO_LOCAL)], V5))
        self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.8.3-5", "MQTT-4.13.1-1")
    def test_retain_handling_3_ends_the_connection(self):
        client = self.connect()
        client.send(mqtt.subscribe(1, [("a", 0x30)], V5))
        self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)

    @mqtt5("MQTT-3.8.4-7", "MQTT-3.9.3-1", "MQTT-3.9.3-2", "MQTT-4.7.1-1", "MQTT-4.7.1-2")
    def test_a_filter_that_is_not_one_is_refused_alone(self):
        client = self.connect()
        filters = ["ok/1", "a/#/b", "a#", "ok/2", "a+", "+a/b", "#/a", "ok/#"]
        client.send(mqtt.subscribe(1, [(each, 1) for each in filters], V5))
        if not suite.target.is_kith:  # it may take the whole packet as malformed
            self.assert_closed(client, MALFORMED_PACKET, TOPIC_FILTER_INVALID, PROTOCOL_ERROR)
            return
        bad = TOPIC_FILTER_INVALID
        self.assertEqual(client.expect("SUBACK").reasons, [1, bad, bad, 1, bad, bad, bad, 1])

    @mqtt5("MQTT-3.3.4-3", "MQTT-3.3.4-4")
    def test_a_message_carries_the_identifier_of_its_subscription(self):
        client = self.connect()
        for identifier in (1, 127, 128, 268_435_455):
            client.subscribe(self.topic(f"{identifier}"), 1, subscription_identifier=identifier)
        client.subscribe(self.topic("none"), 1)
        publisher = self.connect()
        for identifier in (1, 127, 128, 268_435_455):
            publisher.publish(self.topic(f"{identifier}"), b"x", qos=1)
            self.assertEqual(client.take_message().properties,
                             {"subscription_identifier": [identifier]})
        publisher.publish(self.topic("none"), b"x", qos=1)
        self.assertEqual(client.take_message().properties, {})

    @mqtt5("MQTT-3.3.4-3", "MQTT-3.3.4-4", "MQTT-3.3.4-5")
    def test_overlapping_subscriptions_carry_all_their_identifiers(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                client = self.connect()
                client.subscribe(self.topic("a/b"), qos, subscription_identifier=7)
                client.subscribe(self.topic("a/+"), 0, subscription_identifier=8)
                client.subscribe(self.topic("a/#"), qos)
                client.subscribe(self.topic("#"), qos, subscription_identifier=7)
                self.connect().publish(self.topic("a/b"), b"x", qos=2)
                got = []
                while sum(len(each.properties.get("subscription_identifier", []))
                          for each in got) < 3:
                    got.append(client.take_message())
                found = [number for each in got
                         for number in each.properties.get("subscription_identifier", [])]
                self.assertIn(sorted(found), ([7, 7, 8],))
                if len(got) == 1:  # a single copy
                    self.assertEqual(got[0].qos, qos)

    @mqtt5("MQTT-3.8.4-3", "MQTT-3.3.4-3")
    def test_a_subscription_that_is_replaced_has_the_new_identifier(self):
        client = self.connect()
        publisher = self.connect()
        for properties in ({"subscription_identifier": 1}, {"subscription_identifier": 2}, {}):
            client.subscribe(self.topic(), RETAIN_IF_NEW, **properties)
            publisher.publish(self.topic(), b"x")
            expected = {name: [value] for name, value in properties.items()}
            self.assertEqual(client.take_message().properties, expected)

    @mqtt5("MQTT-3.3.4-3", "MQTT-3.1.2-5")
    def test_identifiers_are_part_of_the_session(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        client.subscribe(self.topic(), 1, subscription_identifier=9)
        client.disconnect()
        publisher = self.connect()
        publisher.publish(self.topic(), b"away", qos=1)
        client = self.resume(client_id)
        publisher.publish(self.topic(), b"back", qos=1)
        self.assertEqual([each.properties for each in client.take_messages(2)],
                         [{"subscription_identifier": [9]}] * 2)

    @mqtt5("MQTT-3.3.4-3")
    def test_retained_messages_carry_the_identifier_too(self):
        self.retain(self.topic())
        client = self.connect()
        client.subscribe(self.topic(), 1, subscription_identifier=3)
        self.assertEqual(client.take_message().properties, {"subscription_identifier": [3]})

    @mqtt5("MQTT-3.3.4-6", "MQTT-4.13.1-1")
    def test_a_client_that_publishes_an_identifier_ends_the_connection(self):
        client = self.connect()
        client.send(Publish("a", properties={"subscription_identifier": 1}).encode(V5))
        self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET)

    @mqtt5("MQTT-4.13.1-1")
    def test_identifiers_that_are_none_end_the_connection(self):
        for wrong in (0, [1, 2]):
            with self.subTest(wrong):
                client = self.connect()
                client.send(mqtt.subscribe(1, [("a", 0)], V5, {"subscription_identifier": wrong}))
                self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.8.4-7", "MQTT-3.9.3-2")
    def test_refusals_have_a_reason_of_the_table(self):
        client = self.connect()
        filters = ["$share/g", "$share//a", "$to/somebody/x", "$share/g/a/#/b", "a/" * 40]
        for topic_filter in filters:
            with self.subTest(topic_filter):
                try:
                    [reason] = client.subscribe(topic_filter, 1).reasons
                    self.assertIn(reason, SUBACK_REASONS)
                except AssertionError:
                    self.assertFalse(suite.target.is_kith)
                    client = self.connect()


if __name__ == "__main__":
    unittest.main()
