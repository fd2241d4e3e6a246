"""What is said in seconds: Keep Alive, Will Delay, session and message expiry.

A second is the smallest unit of the standard, so some real ones must pass. All tests of a class run
at once. A sleep here is the passing of time that a statement is about, never a way to wait.
"""

import time
import unittest

import suite
from suite import KEEP_ALIVE_TIMEOUT, SESSION_SPAN_S, Case, mqtt5, mqtt311, timed
from harness import DEADLINE_S
from mqtt_packets import V5, V311, Publish, Will

SECOND_S = 1.0
MORE_THAN_A_SECOND_S = 1.1
PATIENCE_S = max(DEADLINE_S, 20.0)  # some brokers look at their clocks seldom


def setUpModule():
    suite.start_target()


class KeepAlive:
    @mqtt5("MQTT-3.1.2-22", "MQTT-3.2.2-22", "MQTT-3.1.2-8")
    @mqtt311("MQTT-3.1.2-24", "MQTT-3.1.2-8")
    @timed
    def test_who_is_silent_for_longer_is_closed_and_has_a_will(self):
        watcher = self.subscriber(self.topic())
        began = time.monotonic()
        client = self.connect(keep_alive_s=1, will=Will(self.topic(), b"gone"))
        self.assert_closed(client, KEEP_ALIVE_TIMEOUT, within_s=PATIENCE_S)
        least_s = 1.4 if suite.target.is_kith else SECOND_S  # some count in whole seconds
        self.assertGreater(time.monotonic() - began, least_s)
        self.assertEqual(watcher.take_message(PATIENCE_S).payload, b"gone")

    @mqtt5("MQTT-3.1.2-22", "MQTT-3.1.2-20", "MQTT-3.12.4-1")
    @mqtt311("MQTT-3.1.2-24", "MQTT-3.1.2-23", "MQTT-3.12.4-1")
    @timed
    def test_any_packet_keeps_it_alive(self):
        client = self.connect(keep_alive_s=1)
        packets = (suite.mqtt.pingreq(), Publish(self.topic()).encode(self.VERSION),
                   suite.mqtt.acknowledgement("PUBACK", 1), suite.mqtt.pingreq())
        for packet in packets:
            time.sleep(SECOND_S)
            client.send(packet)
        client.expect("PINGRESP")
        client.expect("PINGRESP")

    @mqtt5("MQTT-3.1.2-22")
    @mqtt311("MQTT-3.1.2-24")
    @timed
    def test_without_one_silence_is_allowed(self):
        client = self.connect(keep_alive_s=0)
        watcher = self.connect(keep_alive_s=1)
        self.assert_closed(watcher, KEEP_ALIVE_TIMEOUT, within_s=PATIENCE_S)
        client.ping()


class KeepAlive311(KeepAlive, Case):
    VERSION = V311


class KeepAlive5(KeepAlive, Case):
    pass


class Delays5(Case):
    def session_with_will(self, delay_s: int, expiry_s: int, client_id: str | None = None):
        will = Will(self.topic(), b"gone", 1, properties={"will_delay_interval": delay_s})
        return self.connect(client_id or self.new_id(), will=will, clean_start=False,
                            properties={"session_expiry_interval": expiry_s})

    @mqtt5("MQTT-3.1.2-8")
    @timed
    def test_a_will_waits_for_its_delay(self):
        watcher = self.subscriber(self.topic(), 1)
        began = time.monotonic()
        self.session_with_will(1, SESSION_SPAN_S).close()
        self.assertEqual(watcher.take_message(PATIENCE_S).payload, b"gone")
        self.assertGreaterEqual(time.monotonic() - began, 0.9)

    @mqtt5("MQTT-3.1.2-8", "MQTT-4.1.0-2", "MQTT-3.1.2-23")
    @timed
    def test_a_will_comes_when_the_session_ends_first(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        began = time.monotonic()
        self.session_with_will(SESSION_SPAN_S, 1, client_id).close()
        self.assertEqual(watcher.take_message(PATIENCE_S).payload, b"gone")
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assertFalse(self.resume(client_id).connack.session_present)

    @mqtt5("MQTT-3.1.3-9", "MQTT-3.1.2-8")
    @timed
    def test_no_will_comes_after_a_return_in_time(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.session_with_will(1, SESSION_SPAN_S, client_id).close()
        back = self.resume(client_id)
        time.sleep(2 * MORE_THAN_A_SECOND_S)
        self.assert_quiet(watcher)
        back.ping()

    @mqtt5("MQTT-3.1.3-9", "MQTT-3.1.2-8")
    @timed
    def test_a_return_has_a_will_and_a_delay_of_its_own(self):
        watcher = self.subscriber(self.topic(), 1)
        client_id = self.new_id()
        self.session_with_will(SESSION_SPAN_S, SESSION_SPAN_S, client_id).close()
        self.session_with_will(1, SESSION_SPAN_S, client_id).close()
        self.assertEqual(watcher.take_message(PATIENCE_S).payload, b"gone")
        self.assert_quiet(watcher)

    @mqtt5("MQTT-4.1.0-2", "MQTT-3.1.2-23", "MQTT-3.2.2-3")
    @timed
    def test_a_session_lasts_as_long_as_its_expiry(self):
        short, long = self.new_id(), self.new_id()
        for client_id, span_s in ((short, 1), (long, SESSION_SPAN_S)):
            client = self.connect(client_id, properties={"session_expiry_interval": span_s})
            client.subscribe(self.topic(), 1)
            client.disconnect()
        time.sleep(2 * SECOND_S)
        self.assertFalse(self.resume(short).connack.session_present)
        self.assertTrue(self.resume(long).connack.session_present)

    @mqtt5("MQTT-4.1.0-1")
    @timed
    def test_a_session_does_not_expire_while_it_is_connected(self):
        client = self.connect(properties={"session_expiry_interval": 1})
        client.subscribe(self.topic(), 1)
        time.sleep(2 * SECOND_S)
        self.connect().publish(self.topic(), b"x", qos=1)
        self.assertEqual(client.take_message(PATIENCE_S).payload, b"x")

    @mqtt5("MQTT-4.1.0-2")
    @timed
    def test_disconnect_may_shorten_the_expiry(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        client.send(suite.mqtt.disconnect(V5, 0, {"session_expiry_interval": 1}))
        client.expect_closed()
        time.sleep(2 * SECOND_S)
        self.assertFalse(self.resume(client_id).connack.session_present)


class Expiry5(Case):
    def away(self, qos: int = 1) -> str:
        """The client id of a session whose client is not there."""
        client_id = self.new_id()
        client = self.resume(client_id)
        client.subscribe(self.topic(), qos)
        client.disconnect()
        return client_id

    def publish(self, payload: bytes, expiry_s: int | None, **fields) -> None:
        properties = {} if expiry_s is None else {"message_expiry_interval": expiry_s}
        publisher = self.connect()
        publisher.publish(self.topic(), payload, properties=properties, **({"qos": 1} | fields))
        publisher.ping()

    @mqtt5("MQTT-3.3.2-5")
    @timed
    def test_a_message_that_waited_too_long_is_deleted(self):
        client_id = self.away()
        self.publish(b"short", 1)
        self.publish(b"long", SESSION_SPAN_S)
        self.publish(b"for ever", None)
        time.sleep(2 * SECOND_S)
        back = self.resume(client_id)
        got = back.take_messages(2, PATIENCE_S)
        self.assertEqual([each.payload for each in got], [b"long", b"for ever"])
        self.assert_quiet(back)

    @mqtt5("MQTT-3.3.2-5")
    @timed
    def test_it_is_deleted_for_who_waits_and_not_for_who_has_it(self):
        client_id = self.away()
        here = self.subscriber(self.topic(), 1)
        self.publish(b"short", 1)
        self.assertEqual(here.take_message(PATIENCE_S).payload, b"short")
        time.sleep(2 * SECOND_S)
        self.assert_quiet(self.resume(client_id))

    @mqtt5("MQTT-3.3.2-6")
    @timed
    def test_the_interval_is_what_remains(self):
        client_id = self.away()
        here = self.subscriber(self.topic(), 1)
        self.publish(b"x", 100)
        self.assertIn(here.take_message().properties["message_expiry_interval"], (99, 100))
        time.sleep(2 * MORE_THAN_A_SECOND_S)
        got = self.resume(client_id).take_message()
        self.assertIn(got.properties["message_expiry_interval"], (96, 97, 98))

    @mqtt5("MQTT-3.3.2-6", "MQTT-3.3.2-5")
    @timed
    def test_a_retained_message_expires_too(self):
        self.addCleanup(self.forget_retained, self.topic())
        self.publish(b"short", 1, retain=True)
        self.assertEqual(self.subscriber(self.topic(), 1).take_message().payload, b"short")
        time.sleep(2 * SECOND_S)
        self.assert_quiet(self.subscriber(self.topic(), 1))

    @mqtt5("MQTT-3.3.2-6")
    @timed
    def test_the_interval_of_a_retained_message_is_what_remains(self):
        self.addCleanup(self.forget_retained, self.topic())
        self.publish(b"x", 100, retain=True)
        time.sleep(2 * MORE_THAN_A_SECOND_S)
        got = self.subscriber(self.topic(), 1).take_message(PATIENCE_S)
        self.assertIn(got.properties["message_expiry_interval"], (96, 97, 98))

    @mqtt5("MQTT-3.3.2-6")
    @timed
    def test_the_interval_of_a_will_begins_when_it_is_published(self):
        watcher = self.subscriber(self.topic(), 1)
        properties = {"will_delay_interval": 1, "message_expiry_interval": 100}
        will = Will(self.topic(), b"gone", 1, properties=properties)
        self.resume(self.new_id(), will=will).close()
        got = watcher.take_message(PATIENCE_S)
        self.assertIn(got.properties["message_expiry_interval"], (99, 100))

    @mqtt5("MQTT-4.3.3-13")
    @timed
    def test_qos_2_that_was_taken_is_finished_after_it_expired(self):
        publisher = self.connect()
        message = Publish(self.topic(), b"x", 2, 5, properties={"message_expiry_interval": 1})
        publisher.send(message.encode(V5))
        publisher.expect("PUBREC")
        time.sleep(2 * SECOND_S)
        publisher.acknowledge("PUBREL", 5)
        self.assertEqual(publisher.expect("PUBCOMP").reason, 0)

    @mqtt5("MQTT-4.3.3-7")
    @timed
    def test_qos_2_that_was_sent_is_finished_after_it_expired(self):
        subscriber = self.subscriber(self.topic(), 2)
        self.publish(b"x", 1, qos=2)
        packet_id = subscriber.expect("PUBLISH").packet_id
        time.sleep(2 * SECOND_S)
        subscriber.acknowledge("PUBREC", packet_id)
        self.assertEqual(subscriber.expect("PUBREL").reason, 0)
        subscriber.acknowledge("PUBCOMP", packet_id)
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-4.3.3-7", "MQTT-4.4.0-1")
    @timed
    def test_qos_2_that_was_sent_comes_again_after_it_expired(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 2)
        self.publish(b"x", 1, qos=2)
        packet_id = first.expect("PUBLISH").packet_id
        first.close()
        time.sleep(2 * SECOND_S)
        again = self.resume(client_id).expect("PUBLISH")
        self.assertEqual((again.packet_id, again.dup), (packet_id, True))

    @mqtt5("MQTT-3.3.2-5", "MQTT-3.3.4-9")
    @timed
    def test_a_message_that_waits_for_a_place_expires(self):
        client = self.connect(properties={"receive_maximum": 1})
        client.subscribe(self.topic(), 1)
        self.publish(b"under way", None)
        self.publish(b"short", 1)
        self.publish(b"long", None)
        first = client.expect("PUBLISH")
        time.sleep(2 * SECOND_S)
        client.acknowledge("PUBACK", first.packet_id)
        self.assertEqual(client.expect("PUBLISH").payload, b"long")


if __name__ == "__main__":
    unittest.main()
