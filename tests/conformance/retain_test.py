"""Section 3.3.1.3 and Retain Handling (3.8.3.1): retained messages."""

import unittest

import suite
from suite import RETAIN_AS_PUBLISHED, RETAIN_IF_NEW, RETAIN_NEVER, Case, mqtt, mqtt5, mqtt311
from mqtt_packets import V5, V311


def setUpModule():
    suite.start_target()


class Retained:
    @mqtt5("MQTT-3.3.1-5", "MQTT-3.3.1-9")
    @mqtt311("MQTT-3.3.1-5", "MQTT-3.3.1-6", "MQTT-3.3.1-8")
    def test_the_last_one_is_sent_to_who_subscribes(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                topic = self.topic(f"{qos}")
                self.retain(topic, b"older", qos)
                self.retain(topic, b"newer", qos)
                subscriber = self.subscriber(topic, 2)
                got = subscriber.take_message()
                self.assertEqual((got.topic, got.payload, got.qos, got.retain, got.dup),
                                 (topic, b"newer", qos, True, False))
                self.assert_quiet(subscriber)

    @mqtt5("MQTT-3.3.1-9", "MQTT-3.8.4-8")
    @mqtt311("MQTT-3.3.1-6", "MQTT-3.8.4-6")
    def test_each_matching_topic_has_its_own_at_the_granted_qos(self):
        topics = [self.topic(f"a/{i}") for i in range(3)]
        for topic in topics:
            self.retain(topic, topic.encode(), 2)
        self.retain(self.topic("b"), b"not this")
        for granted in (0, 1, 2):
            with self.subTest(granted=granted):
                subscriber = self.subscriber(self.topic("a/+"), granted)
                got = subscriber.take_messages(3)
                self.assertEqual({each.topic for each in got}, set(topics))
                self.assertEqual([each.qos for each in got], [granted] * 3)
                self.assert_quiet(subscriber)

    @mqtt5("MQTT-3.3.1-12")
    @mqtt311("MQTT-3.3.1-9")
    def test_who_has_subscribed_already_sees_no_retain_flag(self):
        subscriber = self.subscriber(self.topic(), 1)
        self.retain(self.topic())
        self.assertFalse(subscriber.take_message().retain)

    @mqtt5("MQTT-3.3.1-6", "MQTT-3.3.1-7")
    @mqtt311("MQTT-3.3.1-10", "MQTT-3.3.1-11")
    def test_an_empty_one_removes_it_and_is_passed_on(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                topic = self.topic(f"{qos}")
                self.retain(topic)
                subscriber = self.subscriber(topic, 1)
                self.assertTrue(subscriber.take_message().retain)
                publisher = self.connect()
                publisher.publish(topic, b"", qos=qos, retain=True)
                got = subscriber.take_message()
                self.assertEqual((got.payload, got.retain), (b"", False))
                self.assert_quiet(self.subscriber(topic))

    @mqtt5("MQTT-3.3.1-7")
    @mqtt311("MQTT-3.3.1-11")
    def test_an_empty_one_is_not_kept(self):
        publisher = self.connect()
        publisher.publish(self.topic(), b"", qos=1, retain=True)
        self.assert_quiet(self.subscriber(self.topic()))

    @mqtt5("MQTT-3.3.1-8")
    @mqtt311("MQTT-3.3.1-12")
    def test_a_message_that_is_not_retained_leaves_it(self):
        self.retain(self.topic())
        publisher = self.connect()
        publisher.publish(self.topic(), b"passing", qos=1)
        publisher.publish(self.topic(), b"", qos=1)
        publisher.publish(self.topic("other"), b"passing", qos=1)
        subscriber = self.subscriber(self.topic("#"))
        self.assertEqual(subscriber.take_message().payload, b"kept")
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-3.3.1-5")
    @mqtt311("MQTT-3.3.1-7")
    def test_one_at_qos_0_replaces_one_at_qos_1(self):
        self.retain(self.topic(), b"at 1", 1)
        self.retain(self.topic(), b"at 0", 0)
        got = self.subscriber(self.topic(), 2).take_message()
        self.assertEqual((got.payload, got.qos), (b"at 0", 0))

    @mqtt5("MQTT-3.8.4-4", "MQTT-3.8.4-3")
    @mqtt311("MQTT-3.8.4-3", "MQTT-3.3.1-8")
    def test_subscribing_again_sends_it_again(self):
        self.retain(self.topic())
        subscriber = self.subscriber(self.topic(), 1)
        self.assertTrue(subscriber.take_message().retain)
        subscriber.subscribe(self.topic(), 1)
        self.assertTrue(subscriber.take_message().retain)
        self.assert_quiet(subscriber)


class Retained311(Retained, Case):
    VERSION = V311


class Retained5(Retained, Case):
    @mqtt5("MQTT-3.3.1-10")
    def test_retain_handling_1_sends_to_new_subscriptions_alone(self):
        self.retain(self.topic())
        subscriber = self.subscriber(self.topic(), 1 | RETAIN_IF_NEW)
        self.assertEqual(subscriber.take_message().payload, b"kept")
        subscriber.subscribe(self.topic(), 1 | RETAIN_IF_NEW)
        self.assert_quiet(subscriber)
        subscriber.unsubscribe(self.topic())
        subscriber.subscribe(self.topic(), 1 | RETAIN_IF_NEW)
        self.assertEqual(subscriber.take_message().payload, b"kept")

    @mqtt5("MQTT-3.3.1-11")
    def test_retain_handling_2_sends_nothing(self):
        self.retain(self.topic())
        subscriber = self.subscriber(self.topic(), 1 | RETAIN_NEVER)
        subscriber.subscribe(self.topic(), 1 | RETAIN_NEVER)
        self.assert_quiet(subscriber)
        self.connect().publish(self.topic(), b"live")
        self.assertEqual(subscriber.take_message().payload, b"live")

    @mqtt5("MQTT-3.3.1-10", "MQTT-3.1.2-5")
    def test_a_subscription_of_a_session_that_goes_on_is_not_new(self):
        self.retain(self.topic())
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 1 | RETAIN_NEVER)
        first.close()
        again = self.resume(client_id)
        again.subscribe(self.topic(), 1 | RETAIN_IF_NEW)
        self.assert_quiet(again)

    @mqtt5("MQTT-3.3.1-12", "MQTT-3.3.1-13")
    def test_retain_as_published_keeps_the_flag(self):
        as_published = self.subscriber(self.topic(), 1 | RETAIN_AS_PUBLISHED)
        cleared = self.subscriber(self.topic(), 1)
        self.retain(self.topic())
        self.connect().publish(self.topic(), b"live", qos=1)
        self.assertEqual([each.retain for each in as_published.take_messages(2)], [True, False])
        self.assertEqual([each.retain for each in cleared.take_messages(2)], [False, False])

    @mqtt5("MQTT-3.3.1-9")
    def test_one_that_is_sent_on_subscribing_is_marked_whatever_the_option(self):
        self.retain(self.topic())
        for options in (0, RETAIN_AS_PUBLISHED):
            self.assertTrue(self.subscriber(self.topic(), 1 | options).take_message().retain)

    @mqtt5("MQTT-3.3.1-9", "MQTT-3.8.4-5")
    def test_each_filter_of_a_subscribe_has_its_own_handling(self):
        self.retain(self.topic("a"), b"a")
        self.retain(self.topic("b"), b"b")
        client = self.connect()
        client.send(mqtt.subscribe(1, [(self.topic("a"), RETAIN_NEVER), (self.topic("b"), 0)], V5))
        client.expect("SUBACK")
        self.assertEqual(client.take_message().payload, b"b")
        self.assert_quiet(client)

    @mqtt5("MQTT-3.3.1-9", "MQTT-3.3.4-3")
    def test_a_shared_subscription_is_sent_none(self):
        """4.8.2: no retained messages are sent when a shared subscription is made."""
        self.retain(self.topic())
        client = self.connect()
        client.subscribe(f"$share/{self.mark}/{self.topic()}", 1)
        self.assert_quiet(client)

    @mqtt5("MQTT-3.3.2-17", "MQTT-3.3.2-16", "MQTT-3.3.2-4", "MQTT-3.3.2-20", "MQTT-3.3.2-15")
    def test_its_properties_are_kept(self):
        properties = {
            "payload_format_indicator": 1,
            "content_type": "text/plain",
            "response_topic": "answer/here",
            "correlation_data": b"\0\xff",
            "user_property": [("a", "1"), ("b", ""), ("a", "1")],
        }
        self.retain(self.topic(), properties=properties)
        subscriber = self.subscriber(self.topic())
        self.assertEqual(subscriber.take_message().properties, properties)


if __name__ == "__main__":
    unittest.main()
