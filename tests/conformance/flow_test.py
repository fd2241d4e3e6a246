"""Receive Maximum both ways, Maximum Packet Size, Topic Alias (3.1.2.11, 3.3.2.3.4, 4.9)."""

import unittest

import suite
from suite import (
    MALFORMED_PACKET,
    PACKET_TOO_LARGE,
    PROTOCOL_ERROR,
    RECEIVE_MAXIMUM_EXCEEDED,
    TOPIC_ALIAS_INVALID,
    Case,
    mqtt,
    mqtt5,
)
from mqtt_packets import V5, Publish
from mqtt_raw import ConnectionClosed


def setUpModule():
    suite.start_target()


class ReceiveMaximum(Case):
    def receiver(self, receive_maximum: int, **fields):
        client = self.connect(properties={"receive_maximum": receive_maximum}, **fields)
        client.subscribe(self.topic(), 2)
        return client

    def publish_many(self, count: int, qos: int) -> None:
        publisher = self.connect()
        for i in range(count):
            publisher.publish(self.topic(), b"%d" % i, qos=qos)

    @mqtt5("MQTT-3.3.4-9", "MQTT-4.9.0-1", "MQTT-4.9.0-2")
    def test_no_more_are_under_way_to_a_client_than_it_takes(self):
        for qos in (1, 2):
            for receive_maximum in (1, 3):
                with self.subTest(qos=qos, receive_maximum=receive_maximum):
                    client = self.receiver(receive_maximum)
                    self.publish_many(receive_maximum + 2, qos)
                    sent = [client.expect("PUBLISH") for _ in range(receive_maximum)]
                    self.assert_quiet(client)
                    for i in range(2):
                        self.acknowledge(client, sent[i])
                        got = client.expect("PUBLISH")
                        self.assertEqual(got.payload, b"%d" % (receive_maximum + i))
                        sent.append(got)
                    self.assert_quiet(client)
                    client.close()

    def acknowledge(self, client, message) -> None:
        """To the end, which alone frees a place."""
        if message.qos == 1:
            client.acknowledge("PUBACK", message.packet_id)
            return
        client.acknowledge("PUBREC", message.packet_id)
        client.expect("PUBREL")
        self.assert_quiet(client)  # PUBREC has freed nothing
        client.acknowledge("PUBCOMP", message.packet_id)

    @mqtt5("MQTT-4.9.0-2", "MQTT-3.3.4-9")
    def test_a_refused_message_frees_its_place(self):
        client = self.receiver(1)
        self.publish_many(3, 2)
        client.acknowledge("PUBREC", client.expect("PUBLISH").packet_id, 0x97)
        got = client.expect("PUBLISH")
        self.assertEqual(got.payload, b"1")
        client.acknowledge("PUBREC", got.packet_id, 0x80)
        self.assertEqual(client.expect("PUBLISH").payload, b"2")

    @mqtt5("MQTT-3.3.4-10", "MQTT-4.9.0-3")
    def test_everything_else_goes_on_meanwhile(self):
        client = self.receiver(1)
        self.publish_many(2, 1)
        client.expect("PUBLISH")
        client.subscribe(self.topic("other"))
        client.publish(self.topic("elsewhere"), b"x", qos=1)
        client.publish(self.topic("elsewhere"), b"x", qos=2)
        client.unsubscribe(self.topic("other"))
        self.assert_quiet(client)

    @mqtt5("MQTT-4.9.0-2")
    def test_qos_0_needs_no_place(self):
        client = self.receiver(1)
        client.subscribe(self.topic("0"), 0)
        self.publish_many(2, 1)
        client.expect("PUBLISH")
        self.connect().publish(self.topic("0"), b"qos 0")
        self.assertEqual(client.expect("PUBLISH").payload, b"qos 0")

    @mqtt5("MQTT-4.9.0-1", "MQTT-3.3.4-9")
    def test_each_connection_has_a_count_of_its_own(self):
        client_id = self.new_id()
        client = self.resume(client_id, {"receive_maximum": 1})
        client.subscribe(self.topic(), 1)
        self.publish_many(5, 1)
        client.expect("PUBLISH")
        again = self.resume(client_id, {"receive_maximum": 4})
        self.assertEqual([again.expect("PUBLISH").payload for _ in range(4)],
                         [b"0", b"1", b"2", b"3"])
        self.assert_quiet(again)
        last = self.resume(client_id)
        self.assertEqual([last.expect("PUBLISH").payload for _ in range(5)],
                         [b"%d" % i for i in range(5)])

    def publisher_with_a_count(self):
        client = self.connect()
        receive_maximum = client.connack.properties.get("receive_maximum", 65535)
        self.need(receive_maximum < 65535, "it has no Receive Maximum below the packet ids")
        return client, receive_maximum

    @mqtt5("MQTT-3.3.4-7", "MQTT-4.9.0-2")
    def test_more_than_the_node_takes_ends_the_connection(self):
        client, receive_maximum = self.publisher_with_a_count()
        client.send(b"".join(Publish(self.topic(), b"", 2, 1 + i).encode(V5)
                             for i in range(receive_maximum)))
        for i in range(receive_maximum):
            self.assertEqual(client.expect("PUBREC").packet_id, 1 + i)
        client.send(Publish(self.topic(), b"", 2, receive_maximum + 1).encode(V5))
        self.assert_closed(client, RECEIVE_MAXIMUM_EXCEEDED)

    @mqtt5("MQTT-4.9.0-3")
    def test_the_node_takes_everything_else_when_its_own_count_is_reached(self):
        client, receive_maximum = self.publisher_with_a_count()
        client.send(b"".join(Publish(self.topic(), b"", 2, 1 + i).encode(V5)
                             for i in range(receive_maximum)))
        for _ in range(receive_maximum):
            client.expect("PUBREC")
        client.subscribe(self.topic("other"))
        client.publish(self.topic("other"), b"qos 0")
        self.assertEqual(client.expect("PUBLISH").payload, b"qos 0")
        client.acknowledge("PUBREL", 1)
        client.expect("PUBCOMP")
        client.send(Publish(self.topic("elsewhere"), b"freed", 2, 1).encode(V5))
        self.assertEqual(client.expect("PUBREC").packet_id, 1)


class MaximumPacketSize(Case):
    LIMIT_BYTES = 100

    @mqtt5("MQTT-3.1.2-24", "MQTT-3.1.2-25")
    def test_a_message_too_large_counts_as_delivered(self):
        client_id = self.new_id()
        limit = {"maximum_packet_size": self.LIMIT_BYTES}
        client = self.resume(client_id, limit)
        client.subscribe(self.topic(), 2)
        publisher = self.connect()
        for qos in (0, 1, 2):
            publisher.publish(self.topic(), bytes(self.LIMIT_BYTES), qos=qos)
            publisher.publish(self.topic(), b"small", qos=qos)
        self.assertEqual([each.payload for each in client.take_messages(3)], [b"small"] * 3)
        client.ping()
        client.close()
        self.assert_quiet(self.resume(client_id))  # which would take it

    @mqtt5("MQTT-3.1.2-24")
    def test_the_limit_is_exact(self):
        head_bytes = 2 + 2 + len(self.topic()) + 1
        client = self.connect(properties={"maximum_packet_size": self.LIMIT_BYTES})
        client.subscribe(self.topic())
        publisher = self.connect()
        publisher.publish(self.topic(), bytes(self.LIMIT_BYTES - head_bytes + 1))
        publisher.publish(self.topic(), bytes(self.LIMIT_BYTES - head_bytes))
        self.assertEqual(len(client.expect("PUBLISH").raw), self.LIMIT_BYTES)

    @mqtt5("MQTT-3.1.2-24", "MQTT-3.1.2-25")
    def test_each_subscriber_has_its_own_limit(self):
        small = self.connect(properties={"maximum_packet_size": self.LIMIT_BYTES})
        small.subscribe(self.topic(), 1)
        large = self.subscriber(self.topic(), 1)
        self.connect().publish(self.topic(), bytes(self.LIMIT_BYTES), qos=1)
        self.assertEqual(len(large.take_message().payload), self.LIMIT_BYTES)
        self.assert_quiet(small)

    @mqtt5("MQTT-3.1.2-24", "MQTT-3.1.2-25")
    def test_a_retained_message_too_large_is_left_out(self):
        self.retain(self.topic("large"), bytes(self.LIMIT_BYTES))
        self.retain(self.topic("small"), b"x")
        client = self.connect(properties={"maximum_packet_size": self.LIMIT_BYTES})
        client.subscribe(self.topic("+"), 1)
        self.assertEqual(client.take_message().payload, b"x")
        self.assert_quiet(client)

    @mqtt5("MQTT-3.2.2-15", "MQTT-4.13.1-1")
    def test_a_packet_above_the_nodes_own_limit_ends_the_connection(self):
        client = self.connect()
        limit = client.connack.properties.get("maximum_packet_size")
        self.need(limit, "it has none")
        head_bytes = 1 + 3 + 2 + len(self.topic()) + 1
        client.publish(self.topic(), bytes(limit - head_bytes))
        client.ping()
        try:
            client.send(Publish(self.topic(), bytes(limit - head_bytes + 1)).encode(V5))
        except ConnectionClosed:
            pass  # before it has read the end
        self.assert_closed(client, PACKET_TOO_LARGE)

    # What is sent of answers: each fits, so that nothing may be left out of it.
    @mqtt5("MQTT-3.2.2-19", "MQTT-3.2.2-20", "MQTT-3.4.2-2", "MQTT-3.4.2-3", "MQTT-3.5.2-2",
           "MQTT-3.5.2-3", "MQTT-3.6.2-2", "MQTT-3.6.2-3", "MQTT-3.7.2-2", "MQTT-3.7.2-3",
           "MQTT-3.9.2-1", "MQTT-3.9.2-2", "MQTT-3.11.2-1", "MQTT-3.11.2-2", "MQTT-3.14.2-3",
           "MQTT-3.14.2-4", "MQTT-3.1.2-24")
    def test_no_answer_is_larger_than_the_client_takes(self):
        limit = 40
        for cause, packet, kind in self.refusals():
            with self.subTest(cause):
                client = self.connect(properties={"maximum_packet_size": limit})
                self.assertLessEqual(len(client.connack.raw), limit)
                client.send(packet)
                got = client.expect(kind)
                self.assertLessEqual(len(got.raw), limit)

    def refusals(self):
        """Answers that could have a Reason String, as a cause, what to send, and their kind."""
        forbidden = "$SYS/conformance"
        return [
            ("PUBACK", Publish(forbidden, b"", 1, 1).encode(V5), "PUBACK"),
            ("PUBREC", Publish(forbidden, b"", 2, 1).encode(V5), "PUBREC"),
            ("PUBREL", mqtt.acknowledgement("PUBREC", 4711), "PUBREL"),
            ("PUBCOMP", mqtt.acknowledgement("PUBREL", 4711), "PUBCOMP"),
            ("SUBACK", mqtt.subscribe(1, [("$to/other/x", 1)], V5), "SUBACK"),
            ("UNSUBACK", mqtt.unsubscribe(1, ["none"], V5), "UNSUBACK"),
            ("DISCONNECT", mqtt.subscribe(1, [], V5), "DISCONNECT"),
        ]

    @mqtt5("MQTT-3.14.2-3", "MQTT-3.1.2-24")
    def test_a_disconnect_leaves_out_what_does_not_fit(self):
        """With room for the words it has them, if the broker has any; without, the reason alone."""
        least = len(self.connect().connack.raw)
        for limit in range(least, least + 40, 4):
            with self.subTest(limit):
                client = self.connect(properties={"maximum_packet_size": limit})
                client.send(mqtt.unsubscribe(1, [], V5))
                [said] = client.expect_closed()
                self.assertEqual(said.kind, "DISCONNECT")
                self.assertIn(said.reason, (PROTOCOL_ERROR, MALFORMED_PACKET))
                self.assertLessEqual(len(said.raw), limit)

    @mqtt5("MQTT-3.1.2-24", "MQTT-3.14.0-1", "MQTT-3.2.0-1")
    def test_a_client_that_cannot_take_a_connack_is_closed_without_a_word(self):
        for limit in (1, 2, 4):
            with self.subTest(limit):
                client = self.open()
                client.send(self.connect_packet(properties={"maximum_packet_size": limit}))
                self.assertEqual(client.expect_closed(), [])

    @mqtt5("MQTT-3.1.2-24", "MQTT-4.13.2-1")
    def test_an_answer_too_large_ends_the_connection(self):
        """A SUBACK cannot be left out. That it cannot be said is a server's own trouble."""
        client = self.connect(properties={"maximum_packet_size": 60})
        client.send(mqtt.subscribe(1, [(self.topic(f"{i}"), 0) for i in range(80)], V5))
        self.assert_closed(client, PACKET_TOO_LARGE)


class ProblemInformation(Case):
    @mqtt5("MQTT-3.1.2-29")
    def test_who_wants_no_problem_information_gets_none(self):
        client = self.connect(properties={"request_problem_information": 0})
        for packet in (Publish("$SYS/conformance", b"", 1, 1).encode(V5),
                       Publish("$SYS/conformance", b"", 2, 1).encode(V5),
                       mqtt.acknowledgement("PUBREC", 4711),
                       mqtt.acknowledgement("PUBREL", 4711),
                       mqtt.subscribe(1, [("$to/other/x", 1)], V5),
                       mqtt.unsubscribe(1, ["none"], V5)):
            client.send(packet)
            got = client.receive()
            self.assertEqual(got.properties, {}, got.kind)

    @mqtt5("MQTT-3.1.2-29")
    def test_user_properties_of_messages_are_not_problem_information(self):
        client = self.connect(properties={"request_problem_information": 0})
        client.subscribe(self.topic())
        properties = {"user_property": [("a", "b")]}
        self.connect().publish(self.topic(), properties=properties)
        self.assertEqual(client.take_message().properties, properties)


class TopicAlias(Case):
    def alias_maximum(self) -> int:
        maximum = self.connect().connack.properties.get("topic_alias_maximum", 0)
        self.need(maximum, "it takes no aliases")
        return maximum

    @mqtt5("MQTT-3.3.2-12", "MQTT-3.2.2-17")
    def test_each_alias_up_to_the_maximum_is_taken(self):
        maximum = self.alias_maximum()
        subscriber = self.subscriber(self.topic("#"), 1)
        publisher = self.connect()
        for qos in (1, 0):  # taught, then used
            for alias in range(1, maximum + 1):
                topic = self.topic(f"{alias}") if qos else ""
                publisher.publish(topic, b"%d" % alias, qos, properties={"topic_alias": alias})
        got = subscriber.take_messages(2 * maximum)
        for each in got:
            self.assertEqual(each.topic, self.topic(each.payload.decode()))
            self.assertNotIn("topic_alias", each.properties)

    @mqtt5("MQTT-3.3.2-12")
    def test_an_alias_may_be_taught_anew(self):
        self.alias_maximum()
        subscriber = self.subscriber(self.topic("#"), 1)
        publisher = self.connect()
        for topic in ("a", "", "b", "", ""):
            name = self.topic(topic) if topic else ""
            publisher.publish(name, b"", properties={"topic_alias": 1})
        self.assertEqual([each.topic for each in subscriber.take_messages(5)],
                         [self.topic(each) for each in "aabbb"])

    @mqtt5("MQTT-3.3.2-8", "MQTT-3.3.2-9", "MQTT-3.2.2-17", "MQTT-3.2.2-18", "MQTT-4.13.1-1")
    def test_an_alias_out_of_range_ends_the_connection(self):
        maximum = self.connect().connack.properties.get("topic_alias_maximum", 0)
        for alias in (0, maximum + 1, 65535):
            with self.subTest(alias):
                client = self.connect()
                client.send(Publish(self.topic(), properties={"topic_alias": alias}).encode(V5))
                lenient = alias == 0 and not suite.target.is_kith
                others = (PROTOCOL_ERROR, MALFORMED_PACKET) if lenient else ()
                self.assert_closed(client, TOPIC_ALIAS_INVALID, *others)

    @mqtt5("MQTT-3.3.2-7", "MQTT-4.13.1-1")
    def test_an_alias_ends_with_its_connection(self):
        self.alias_maximum()
        client_id = self.new_id()
        publisher = self.resume(client_id)
        publisher.publish(self.topic(), b"", properties={"topic_alias": 1})
        publisher.ping()
        again = self.resume(client_id)
        again.send(Publish("", properties={"topic_alias": 1}).encode(V5))
        self.assert_closed(again, PROTOCOL_ERROR, TOPIC_ALIAS_INVALID)

    @mqtt5("MQTT-3.3.2-7")
    def test_an_alias_belongs_to_its_connection(self):
        self.alias_maximum()
        self.connect().publish(self.topic(), b"", properties={"topic_alias": 1})
        other = self.connect()
        other.send(Publish("", properties={"topic_alias": 1}).encode(V5))
        self.assert_closed(other, PROTOCOL_ERROR, TOPIC_ALIAS_INVALID)

    @mqtt5("MQTT-3.1.2-27", "MQTT-3.3.2-11")
    def test_who_takes_no_aliases_gets_none(self):
        for properties in ({}, {"topic_alias_maximum": 0}):
            client = self.connect(properties=properties)
            client.subscribe(self.topic(), 1)
            publisher = self.connect()
            for _ in range(3):
                publisher.publish(self.topic(), b"", qos=1)
                got = client.take_message()
                self.assertEqual((got.topic, got.properties), (self.topic(), {}))

    @mqtt5("MQTT-3.1.2-26", "MQTT-3.3.2-11", "MQTT-3.3.2-8")
    def test_who_takes_aliases_gets_no_more_of_them(self):
        maximum = 3
        client = self.connect(properties={"topic_alias_maximum": maximum})
        client.subscribe(self.topic("#"), 1)
        publisher = self.connect()
        taught: dict[int, str] = {}
        for i in [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]:
            publisher.publish(self.topic(f"{i}"), b"%d" % i, qos=1)
            got = client.take_message()
            alias = got.properties.get("topic_alias")
            if alias is not None:
                self.assertIn(alias, range(1, maximum + 1))
                if got.topic:
                    taught[alias] = got.topic
            self.assertEqual(got.topic or taught[alias], self.topic(f"{i}"))
        self.assertTrue(taught or not suite.target.is_kith)

    @mqtt5("MQTT-3.3.2-7", "MQTT-3.1.2-26")
    def test_the_node_forgets_its_aliases_with_the_connection(self):
        client_id = self.new_id()
        publisher = self.connect()
        for _ in range(2):
            client = self.resume(client_id, {"topic_alias_maximum": 5})
            client.subscribe(self.topic(), 1)
            publisher.publish(self.topic(), b"", qos=1)
            self.assertEqual(client.take_message().topic, self.topic())
            client.ping()

    @mqtt5("MQTT-3.1.2-26", "MQTT-4.4.0-1")
    def test_what_is_sent_again_has_a_topic_that_the_client_knows(self):
        client_id = self.new_id()
        first = self.resume(client_id, {"topic_alias_maximum": 5})
        first.subscribe(self.topic(), 1)
        publisher = self.connect()
        for _ in range(2):
            publisher.publish(self.topic(), b"", qos=1)
            first.expect("PUBLISH")
        again = self.resume(client_id, {"topic_alias_maximum": 5})
        self.assertEqual(again.expect("PUBLISH").topic, self.topic())

    @mqtt5("MQTT-3.2.2-18", "MQTT-3.3.2-9")
    def test_where_no_aliases_are_taken_each_ends_the_connection(self):
        self.need(suite.target.is_kith, "it is not ours to start")
        with suite.another_node("--set", "mqtt.topic_alias_maximum=0") as node:
            with suite.RawClient(node.mqtt) as client:
                self.assertNotIn("topic_alias_maximum", client.connect("a").properties)
                client.send(Publish("a", properties={"topic_alias": 1}).encode(V5))
                self.assert_closed(client, TOPIC_ALIAS_INVALID)


if __name__ == "__main__":
    unittest.main()
