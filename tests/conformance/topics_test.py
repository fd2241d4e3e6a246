"""Section 4.7: topic names and topic filters."""

import unittest

import suite
from suite import (
    MALFORMED_PACKET,
    PROTOCOL_ERROR,
    TOPIC_FILTER_INVALID,
    TOPIC_NAME_INVALID,
    Case,
    mqtt,
    mqtt5,
    mqtt311,
)
from mqtt_packets import V5, V311, Publish

# The filter, the names it matches, and those it does not.
MATCHES = {
    "a/b": (["a/b"], ["a", "a/", "a/b/", "/a/b", "A/b", "a/B", "a/b/c", "a//b"]),
    "a/#": (["a", "a/", "a/b", "a/b/c", "a//"], ["b", "aa", "/a", "A"]),
    "a/+": (["a/b", "a/"], ["a", "a/b/c", "b/a"]),
    "a/+/c": (["a/b/c", "a//c"], ["a/c", "a/b/b/c", "a/b/c/d"]),
    "+/b": (["a/b", "/b"], ["b", "a/a/b"]),
    "a/+/#": (["a/b", "a/", "a/b/c", "a/b/c/d"], ["a", "b/b"]),
    "/+": (["/a", "/"], ["a", "//a"]),
    "+/+": (["a/b", "/", "a/"], ["a", "a/b/c"]),
    "a//b": (["a//b"], ["a/b", "a///b"]),
    "a b/ ": (["a b/ "], ["a b/", "ab/ "]),
}


def setUpModule():
    suite.start_target()


class Topics:
    @mqtt5("MQTT-4.7.1-1", "MQTT-4.7.1-2", "MQTT-3.3.2-3", "MQTT-4.7.3-4")
    @mqtt311("MQTT-4.7.1-2", "MQTT-4.7.1-3", "MQTT-3.3.2-3", "MQTT-4.7.3-4")
    def test_filters_match_what_the_standard_says(self):
        publisher = self.connect()
        for i, (topic_filter, (names, others)) in enumerate(MATCHES.items()):
            with self.subTest(topic_filter):
                root = self.topic(f"{i}")
                subscriber = self.subscriber(f"{root}/{topic_filter}", 1)
                for name in others:
                    publisher.publish(f"{root}/{name}", b"", qos=1)
                for name in names:
                    publisher.publish(f"{root}/{name}", b"", qos=1)
                got = [each.topic for each in subscriber.take_messages(len(names))]
                self.assertEqual(got, [f"{root}/{name}" for name in names])

    @mqtt5("MQTT-4.7.1-1", "MQTT-4.7.1-2")
    @mqtt311("MQTT-4.7.1-2", "MQTT-4.7.1-3")
    def test_wildcards_alone_match_what_the_standard_says(self):
        publisher = self.connect()
        name = f"lonely{self.mark}"
        everything, one_level = self.subscriber("#", 1), self.subscriber("+", 1)
        publisher.publish(f"{name}/deeper", b"", qos=1)
        publisher.publish(name, b"", qos=1)
        self.assertEqual(self.take_own(one_level, name), name)
        self.assertEqual(self.take_own(everything, name), f"{name}/deeper")
        self.assertEqual(self.take_own(everything, name), name)

    @staticmethod
    def take_own(client, prefix: str | tuple[str, ...]) -> str:
        """Other tests may run on the same broker."""
        while not (topic := client.take_message().topic).startswith(prefix):
            pass
        return topic

    @mqtt5("MQTT-4.7.2-1")
    @mqtt311("MQTT-4.7.2-1")
    def test_a_wildcard_first_does_not_match_a_dollar(self):
        client_id = self.new_id()
        named = self.connect(client_id)  # $to/ID is where a node lets others write to a client
        name = f"$to/{client_id}/a"
        named.subscribe(f"$to/{client_id}/#", 1)
        wild = [self.subscriber(each, 1) for each in ("#", "+/+/a", "+/#")]
        publisher = self.connect()
        publisher.publish(name, b"", qos=1)
        publisher.publish(f"{self.mark}/b/a", b"", qos=1)
        for subscriber in wild:
            got = self.take_own(subscriber, ("$", self.mark))
            self.assertEqual(got, f"{self.mark}/b/a")
        self.assertEqual(named.take_message().topic, name)

    @mqtt5("MQTT-4.7.3-1")
    @mqtt311("MQTT-4.7.3-1")
    def test_an_empty_topic_or_filter_ends_the_connection(self):
        packets = {
            "PUBLISH": Publish("", b"x").encode(self.VERSION),
            "SUBSCRIBE": mqtt.subscribe(1, [("", 0)], self.VERSION),
            "UNSUBSCRIBE": mqtt.unsubscribe(1, [""], self.VERSION),
        }
        for name, packet in packets.items():
            with self.subTest(name):
                client = self.connect()
                client.send(packet)
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET, TOPIC_NAME_INVALID,
                                   TOPIC_FILTER_INVALID)

    @mqtt5("MQTT-4.7.3-3")
    @mqtt311("MQTT-4.7.3-3")
    def test_a_topic_as_long_as_the_node_allows_passes(self):
        """65,535 bytes are the standard's limit; a node's own is 1,024, which it says."""
        topic = self.topic("x" * 1024)[:1024]
        subscriber = self.subscriber(topic, 1)
        publisher = self.connect()
        publisher.publish(topic, b"x", qos=1)
        self.assertEqual(subscriber.take_message().topic, topic)
        if suite.target.is_kith:
            publisher.send(Publish(topic + "x", b"x").encode(self.VERSION))
            self.assert_closed(publisher, TOPIC_NAME_INVALID)

    @mqtt5("MQTT-4.7.3-4")
    @mqtt311("MQTT-4.7.3-4")
    def test_nothing_is_normalized(self):
        """One letter in two code points is another string than the same letter in one."""
        composed, decomposed = self.topic("\u00e9"), self.topic("e\u0301")
        first, second = self.subscriber(composed), self.subscriber(decomposed)
        publisher = self.connect()
        publisher.publish(composed, b"1")
        publisher.publish(decomposed, b"2")
        publisher.publish(self.topic("./\u00e9"), b"3")
        self.assertEqual(first.take_message().payload, b"1")
        self.assertEqual(second.take_message().payload, b"2")
        self.assert_quiet(first)
        self.assert_quiet(second)

    @mqtt5("MQTT-4.7.3-4", "MQTT-3.10.4-1")
    @mqtt311("MQTT-4.7.3-4", "MQTT-3.10.4-1")
    def test_a_slash_at_either_end_is_another_topic(self):
        names = [self.topic("s"), self.topic("s/"), "/" + self.topic("s")]
        subscribers = [self.subscriber(name) for name in names]
        publisher = self.connect()
        for name in names:
            publisher.publish(name)
        for name, subscriber in zip(names, subscribers, strict=True):
            self.assertEqual(subscriber.take_message().topic, name)
            self.assert_quiet(subscriber)


class Topics311(Topics, Case):
    VERSION = V311


class Topics5(Topics, Case):
    @mqtt5("MQTT-3.3.2-14", "MQTT-4.7.0-1")
    def test_a_wildcard_in_a_response_topic_ends_the_connection(self):
        for wrong in ("a/#", "+", "a/+/b"):
            with self.subTest(wrong):
                client = self.connect()
                client.send(Publish("a", properties={"response_topic": wrong}).encode(V5))
                self.assert_closed(client, PROTOCOL_ERROR, MALFORMED_PACKET, TOPIC_NAME_INVALID)


if __name__ == "__main__":
    unittest.main()
