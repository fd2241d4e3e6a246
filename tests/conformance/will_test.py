"""The Will Message (3.1.2.5 to 3.1.2.7, 3.1.3.2 to 3.1.3.4), but for what takes seconds."""

import unittest

import suite
from suite import DISCONNECT_WITH_WILL, SESSION_SPAN_S, Case, mqtt5, mqtt311
from mqtt_packets import V5, V311, Will


def setUpModule():
    suite.start_target()


class Wills:
    @mqtt5("MQTT-3.1.2-7", "MQTT-3.1.2-8", "MQTT-3.1.2-14")
    @mqtt311("MQTT-3.1.2-8", "MQTT-3.1.2-9", "MQTT-3.1.2-16")
    def test_it_is_published_when_the_connection_breaks(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                topic = self.topic(f"{qos}")
                watcher = self.subscriber(topic, 2)
                self.connect(will=Will(topic, b"gone", qos)).close()
                got = watcher.take_message()
                self.assertEqual((got.topic, got.payload, got.qos, got.retain),
                                 (topic, b"gone", qos, False))
                self.assert_quiet(self.subscriber(topic))  # it was not kept

    @mqtt5("MQTT-3.1.2-15")
    @mqtt311("MQTT-3.1.2-17")
    def test_it_is_retained_if_told(self):
        watcher = self.subscriber(self.topic(), 1)
        self.addCleanup(self.forget_retained, self.topic())
        self.connect(will=Will(self.topic(), b"gone", 1, retain=True)).close()
        self.assertEqual(watcher.take_message().payload, b"gone")
        got = self.subscriber(self.topic(), 1).take_message()
        self.assertEqual((got.payload, got.retain), (b"gone", True))

    @mqtt5("MQTT-3.1.2-15", "MQTT-3.3.1-6")
    @mqtt311("MQTT-3.1.2-17", "MQTT-3.3.1-10")
    def test_an_empty_one_that_is_retained_removes_what_was(self):
        self.retain(self.topic(), b"online")
        watcher = self.subscriber(self.topic(), 1)
        self.assertEqual(watcher.take_message().payload, b"online")
        self.connect(will=Will(self.topic(), b"", 1, retain=True)).close()
        self.assertEqual(watcher.take_message().payload, b"")
        self.assert_quiet(self.subscriber(self.topic()))

    @mqtt5("MQTT-3.1.2-10", "MQTT-3.1.2-8")
    @mqtt311("MQTT-3.1.2-10")
    def test_it_is_published_once(self):
        client_id = self.new_id()
        watcher = self.subscriber(self.topic(), 1)
        self.resume(client_id, will=Will(self.topic(), b"gone", 1)).close()
        self.assertEqual(watcher.take_message().payload, b"gone")
        self.resume(client_id).close()
        self.connect(client_id).close()
        self.connect().ping()
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.1.2-8")
    @mqtt311("MQTT-3.1.2-12")
    def test_who_has_none_leaves_none(self):
        watcher = self.subscriber(self.topic("#"))
        client_id = self.new_id()
        self.connect(client_id, will=Will(self.topic(), b"gone")).disconnect()
        self.connect(client_id).close()
        self.connect().ping()
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.1.2-8")
    @mqtt311("MQTT-3.1.2-8")
    def test_it_is_published_when_another_takes_the_client_id(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.connect(client_id, will=Will(self.topic(), b"gone"))
        self.connect(client_id)
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.2-9", "MQTT-3.1.3-1")
    @mqtt311("MQTT-3.1.2-9", "MQTT-3.1.3-1")
    def test_it_comes_before_the_user_name(self):
        """A field in the wrong place would become the topic."""
        watcher = self.subscriber(self.topic())
        client = self.open()
        client.send(self.connect_packet(will=Will(self.topic(), b"gone"), user_name="somebody"))
        self.assertEqual(client.expect("CONNACK").reason, 0)
        client.close()
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.2-7")
    @mqtt311("MQTT-3.1.2-8")
    def test_a_refused_connect_has_none(self):
        self.need(suite.target.is_kith, "another broker may let everyone in")
        watcher = self.subscriber(self.topic())
        client = self.open()
        client.send(self.connect_packet(user_name="a", password="wrong",
                                        will=Will(self.topic(), b"gone")))
        client.expect_closed()
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.1.2-8", "MQTT-4.5.0-1")
    @mqtt311("MQTT-3.1.2-8", "MQTT-4.5.0-1")
    def test_it_waits_for_subscribers_that_are_away(self):
        client_id = self.new_id()
        away = self.resume(client_id)
        away.subscribe(self.topic(), 1)
        away.disconnect()
        watcher = self.subscriber(self.topic())
        self.connect(will=Will(self.topic(), b"gone", 1)).close()
        watcher.take_message()
        self.assertEqual(self.resume(client_id).take_message().payload, b"gone")


class Wills311(Wills, Case):
    VERSION = V311


class Wills5(Wills, Case):
    DELAY = {"will_delay_interval": SESSION_SPAN_S}

    def delayed(self, client_id: str, **fields):
        """A client whose will waits for longer than any test."""
        return self.resume(client_id, will=Will(self.topic(), b"gone", 1, properties=self.DELAY),
                           **fields)

    @mqtt5("MQTT-3.1.2-8", "MQTT-3.14.4-3")
    def test_disconnect_may_ask_for_it(self):
        watcher = self.subscriber(self.topic(), 1)
        self.connect(will=Will(self.topic(), b"gone")).disconnect(DISCONNECT_WITH_WILL)
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.2-8")
    def test_a_delay_ends_with_a_session_that_ends_at_once(self):
        watcher = self.subscriber(self.topic(), 1)
        self.connect(will=Will(self.topic(), b"gone", properties=self.DELAY)).close()
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.2-8")
    def test_a_delay_ends_with_a_session_that_disconnect_ends(self):
        watcher = self.subscriber(self.topic(), 1)
        client = self.delayed(self.new_id())
        client.send(suite.mqtt.disconnect(V5, DISCONNECT_WITH_WILL, {"session_expiry_interval": 0}))
        client.expect_closed()
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.2-8", "MQTT-3.1.2-4")
    def test_a_delay_ends_with_a_session_that_a_clean_start_ends(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.delayed(client_id).close()
        self.connect(client_id)
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.3-9", "MQTT-3.1.2-8")
    def test_who_comes_back_in_time_has_not_gone(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.delayed(client_id).close()
        self.resume(client_id).disconnect()
        self.connect(client_id)  # which ends the session
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.1.3-9", "MQTT-3.1.4-3")
    def test_a_takeover_that_goes_on_with_the_session_is_a_return(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        old = self.delayed(client_id)
        self.resume(client_id)
        self.assert_closed(old, suite.SESSION_TAKEN_OVER)
        self.assert_quiet(watcher)

    @mqtt5("MQTT-3.1.2-8", "MQTT-3.1.4-3")
    def test_a_takeover_with_a_clean_start_ends_session_and_delay(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.delayed(client_id)
        self.connect(client_id)
        self.assertEqual(watcher.take_message().payload, b"gone")

    @mqtt5("MQTT-3.1.2-10")
    def test_a_delayed_one_is_discarded_by_disconnect(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.delayed(client_id).disconnect()
        self.connect(client_id)
        self.assert_quiet(watcher)


if __name__ == "__main__":
    unittest.main()
