"""Section 4.8.2: shared subscriptions."""

import unittest

import suite
from suite import (
    MALFORMED_PACKET,
    NO_LOCAL,
    NO_SUBSCRIPTION_EXISTED,
    PROTOCOL_ERROR,
    RETAIN_AS_PUBLISHED,
    TOPIC_FILTER_INVALID,
    Case,
    mqtt,
    mqtt5,
)
from mqtt_packets import V5

NOT_SHARES = ("$share/", "$share/g", "$share//a", "$share/g/", "$share/+/a", "$share/#/a",
              "$share/g+/a", "$share/g#/a")


def setUpModule():
    suite.start_target()


class Shared(Case):
    def share(self, rest: str | None = None) -> str:
        return f"$share/g{self.mark}/{rest or self.topic()}"

    def member(self, qos: int = 1, client_id: str | None = None):
        client = self.resume(client_id or self.new_id())
        self.assertEqual(client.subscribe(self.share(), qos).reasons, [qos])
        return client

    @mqtt5("MQTT-4.8.2-1", "MQTT-4.8.2-2", "MQTT-3.9.3-2")
    def test_a_filter_that_is_no_share_is_refused(self):
        for wrong in NOT_SHARES:
            with self.subTest(wrong):
                client = self.connect()
                client.send(mqtt.subscribe(1, [(wrong, 1)], V5))
                if not suite.target.is_kith:
                    self.assert_closed(client, TOPIC_FILTER_INVALID, MALFORMED_PACKET,
                                       PROTOCOL_ERROR)
                    continue
                self.assertEqual(client.expect("SUBACK").reasons, [TOPIC_FILTER_INVALID])

    @mqtt5("MQTT-4.8.2-1", "MQTT-4.8.2-2", "MQTT-4.7.1-1", "MQTT-4.7.1-2")
    def test_the_filter_of_a_share_may_have_wildcards(self):
        client = self.connect()
        for rest in ("a/#", "+/b", "/a"):
            self.assertEqual(client.subscribe(self.share(self.topic(rest)), 1).reasons, [1])
        publisher = self.connect()
        for topic in (self.topic("a/x"), self.topic("y/b"), "/" + self.topic("z")):
            publisher.publish(topic, b"", qos=1)
        got = [client.take_message().topic for _ in range(2)]
        self.assertEqual(got, [self.topic("a/x"), self.topic("y/b")])

    @mqtt5("MQTT-4.5.0-1", "MQTT-4.8.2-1")
    def test_each_message_goes_to_one_member_of_each_group(self):
        members = [self.member() for _ in range(3)]
        other_group = self.connect()
        other_group.subscribe(f"$share/other{self.mark}/{self.topic()}", 1)
        plain = self.subscriber(self.topic(), 1)
        publisher = self.connect()
        payloads = [b"%d" % i for i in range(12)]
        for payload in payloads:
            publisher.publish(self.topic(), payload, qos=1)
        self.assertEqual([each.payload for each in plain.take_messages(12)], payloads)
        self.assertEqual(sorted(each.payload for each in other_group.take_messages(12)),
                         sorted(payloads))
        got = []
        for member in members:
            member.send(mqtt.pingreq())
            while (packet := member.receive()).kind == "PUBLISH":
                member.acknowledge("PUBACK", packet.packet_id)
                got.append(packet.payload)
        self.assertEqual(sorted(got), sorted(payloads))

    @mqtt5("MQTT-4.8.2-3", "MQTT-3.8.4-8")
    def test_each_member_has_the_qos_that_it_was_granted(self):
        for granted in (0, 1, 2):
            with self.subTest(granted=granted):
                share = f"$share/q{granted}{self.mark}/{self.topic()}"
                member = self.connect()
                self.assertEqual(member.subscribe(share, granted).reasons, [granted])
                publisher = self.connect()
                for published in (0, 1, 2):
                    publisher.publish(self.topic(), b"x", qos=published)
                    self.assertEqual(member.take_message().qos, min(granted, published))

    @mqtt5("MQTT-4.8.2-4", "MQTT-4.4.0-1")
    def test_qos_2_is_completed_when_its_member_is_back(self):
        client_id = self.new_id()
        member = self.member(2, client_id)
        self.connect().publish(self.topic(), b"x", qos=2)
        got = member.expect("PUBLISH")
        other = self.member(2)
        member.close()
        self.assert_quiet(other)
        again = self.resume(client_id)
        resent = again.expect("PUBLISH")
        self.assertEqual((resent.packet_id, resent.dup), (got.packet_id, True))
        again.acknowledge("PUBREC", got.packet_id)
        again.expect("PUBREL")
        again.close()
        last = self.resume(client_id)
        self.assertEqual(last.expect("PUBREL").packet_id, got.packet_id)
        last.acknowledge("PUBCOMP", got.packet_id)
        self.assert_quiet(last)
        self.assert_quiet(other)

    @mqtt5("MQTT-4.8.2-5")
    def test_qos_2_goes_to_nobody_else_when_the_session_of_its_member_ends(self):
        client_id = self.new_id()
        member = self.member(2, client_id)
        self.connect().publish(self.topic(), b"x", qos=2)
        member.expect("PUBLISH")
        other = self.member(2)
        member.close()
        self.connect(client_id)
        self.assert_quiet(other)
        self.connect().publish(self.topic(), b"next", qos=2)
        self.assertEqual(other.take_message().payload, b"next")

    @mqtt5("MQTT-4.8.2-6", "MQTT-4.4.0-2")
    def test_a_message_that_a_member_refuses_is_discarded(self):
        for qos, kind in ((1, "PUBACK"), (2, "PUBREC")):
            with self.subTest(kind):
                member = self.member(2)
                self.connect().publish(self.topic(), b"x", qos=qos)
                packet_id = member.expect("PUBLISH").packet_id
                other = self.member(2)
                member.acknowledge(kind, packet_id, 0x80)
                self.assert_quiet(member)
                self.assert_quiet(other)
                for each in (member, other):
                    each.unsubscribe(self.share())

    @mqtt5("MQTT-3.8.3-4")
    def test_no_local_is_not_for_shares(self):
        client = self.connect()
        client.send(mqtt.subscribe(1, [(self.share(), 1 | NO_LOCAL)], V5))
        self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.10.4-1", "MQTT-3.11.3-2")
    def test_unsubscribe_needs_the_same_group(self):
        member = self.member()
        answer = member.unsubscribe(self.topic(), f"$share/x/{self.topic()}", self.share())
        self.assertEqual(answer.reasons, [NO_SUBSCRIPTION_EXISTED, NO_SUBSCRIPTION_EXISTED, 0])
        self.connect().publish(self.topic(), b"x", qos=1)
        self.assert_quiet(member)

    @mqtt5("MQTT-3.3.1-13", "MQTT-3.3.1-12")
    def test_retain_as_published_holds_for_shares_too(self):
        self.addCleanup(self.forget_retained, self.topic())
        for options, expected in ((RETAIN_AS_PUBLISHED, True), (0, False)):
            member = self.connect()
            member.subscribe(self.share(), 1 | options)
            self.connect().publish(self.topic(), b"x", qos=1, retain=True)
            self.assertEqual(member.take_message().retain, expected)
            member.unsubscribe(self.share())

    @mqtt5("MQTT-3.3.4-3", "MQTT-3.3.4-5")
    def test_a_message_carries_the_identifier_of_its_share(self):
        member = self.connect()
        member.subscribe(self.share(), 1, subscription_identifier=11)
        member.subscribe(self.topic(), 1, subscription_identifier=12)
        self.connect().publish(self.topic(), b"x", qos=1)
        found: list[int] = []
        while len(found) < 2:
            found += member.take_message().properties["subscription_identifier"]
        self.assertEqual(sorted(found), [11, 12])


if __name__ == "__main__":
    unittest.main()
