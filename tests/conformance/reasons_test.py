"""Reason codes that other files do not ask for (2.4): those of limits, and of the end of a node."""

import signal
import unittest

import suite
from suite import NO_MATCHING_SUBSCRIBERS, NOT_AUTHORIZED, SUCCESS, Case, mqtt5
from mqtt_packets import Will
from mqtt_raw import RawClient

QUOTA_EXCEEDED = 0x97
SERVER_SHUTTING_DOWN = 0x8B
SUBSCRIPTIONS_MAX = 2
MORE_THAN_ALL = 20  # the limits of a node are those of its shards, rounded up
LIMITS = (
    "--set", f"mqtt.subscriptions_per_session_max={SUBSCRIPTIONS_MAX}",
    "--set", "mqtt.retained_messages_max=0",
    "--set", "mqtt.sys_interval=0ms",
    "--set", "mqtt.sessions_max=6",
)  # fmt: skip


def setUpModule():
    suite.start_target(*LIMITS)


class Limits5(Case):
    def setUp(self):
        super().setUp()
        self.need(suite.target.is_kith, "it has limits of its own")

    @mqtt5("MQTT-3.9.3-2", "MQTT-3.8.4-7")
    def test_a_subscription_too_many_is_refused_alone(self):
        client = self.connect()
        for i in range(SUBSCRIPTIONS_MAX):
            self.assertEqual(client.subscribe(self.topic(f"{i}"), 1).reasons, [1])
        self.assertEqual(client.subscribe(self.topic("more"), 1).reasons, [QUOTA_EXCEEDED])
        client.unsubscribe(self.topic("0"))
        self.assertEqual(client.subscribe(self.topic("more"), 1).reasons, [1])

    @mqtt5("MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-4.3.3-9")
    def test_a_retained_message_too_many_is_refused(self):
        publisher = self.connect()
        for qos in (1, 2):
            reasons = []
            for i in range(MORE_THAN_ALL):
                topic = self.topic(f"{qos}/{i}")
                reasons.append(publisher.publish(topic, b"x", qos=qos, retain=True).reason)
                self.addCleanup(self.forget_retained, topic)
            self.assertLessEqual(set(reasons), {NO_MATCHING_SUBSCRIBERS, QUOTA_EXCEEDED})
            self.assertEqual(reasons[-1], QUOTA_EXCEEDED)
        self.assert_quiet(publisher)

    @mqtt5("MQTT-3.2.2-8", "MQTT-3.2.2-6", "MQTT-3.2.2-7")
    def test_a_session_too_many_is_refused(self):
        held = []
        for _ in range(MORE_THAN_ALL):
            client = self.open()
            client.send(self.connect_packet())
            connack = client.expect("CONNACK")
            if connack.reason != SUCCESS:
                break
            held.append(client)
        self.assertEqual((connack.reason, connack.session_present), (QUOTA_EXCEEDED, False))
        self.assertEqual(client.expect_closed(), [])
        for each in held:
            each.ping()
            each.disconnect()

    @mqtt5("MQTT-3.2.2-8", "MQTT-3.1.4-2")
    def test_a_will_that_is_not_allowed_is_refused(self):
        client = self.open()
        client.send(self.connect_packet(will=Will("$SYS/conformance", b"x")))
        self.assert_refused(client, NOT_AUTHORIZED, 0)

    @mqtt5("MQTT-3.9.3-2")
    def test_a_filter_that_is_not_allowed_is_refused(self):
        client = self.connect()
        self.assertEqual(client.subscribe("$to/somebody-else/#", 1).reasons, [NOT_AUTHORIZED])


class Shutdown5(Case):
    @mqtt5("MQTT-3.14.2-1", "MQTT-3.14.4-1", "MQTT-3.14.4-2")
    def test_a_node_that_stops_says_so(self):
        self.need(suite.target.is_kith, "it is not ours to stop")
        with suite.another_node() as node, RawClient(node.mqtt) as client:
            self.assertEqual(client.connect("a").reason, SUCCESS)
            node.signal(signal.SIGTERM)
            self.assertEqual([each.reason for each in client.expect_closed()],
                             [SERVER_SHUTTING_DOWN])


if __name__ == "__main__":
    unittest.main()
