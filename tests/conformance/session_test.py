"""Clean Start, Session Present, what a session keeps (3.1.2.4, 3.2.2.1, 4.1, 4.4, 4.5)."""

import unittest

import suite
from suite import (
    DISCONNECT_WITH_WILL,
    PROTOCOL_ERROR,
    SESSION_SPAN_S,
    Case,
    mqtt,
    mqtt5,
    mqtt311,
)
from mqtt_packets import V5, V311, Publish


def setUpModule():
    suite.start_target()


class Sessions:
    @mqtt5("MQTT-3.1.2-6", "MQTT-3.2.2-3", "MQTT-3.2.2-2")
    @mqtt311("MQTT-3.1.2-4", "MQTT-3.2.2-3", "MQTT-3.2.2-1")
    def test_who_is_not_known_gets_a_new_session(self):
        self.assertEqual(self.resume(self.new_id()).connack.raw[2:4], b"\0\0")
        self.assertEqual(self.connect().connack.raw[2:4], b"\0\0")

    @mqtt5("MQTT-3.1.2-5", "MQTT-3.2.2-3", "MQTT-3.1.2-23", "MQTT-3.1.4-4", "MQTT-3.2.2-1")
    @mqtt311("MQTT-3.1.2-4", "MQTT-3.2.2-2", "MQTT-3.1.4-3")
    def test_a_known_session_goes_on(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 1)
        first.disconnect()
        again = self.resume(client_id)
        self.assertEqual(again.connack.raw[2:4], b"\x01\0")
        self.connect().publish(self.topic(), b"x", qos=1)
        self.assertEqual(again.take_message().payload, b"x")

    @mqtt5("MQTT-3.1.2-4", "MQTT-3.2.2-2", "MQTT-3.1.4-4")
    @mqtt311("MQTT-3.1.2-6", "MQTT-3.2.2-1", "MQTT-3.1.4-3")
    def test_a_clean_start_forgets_everything(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 2)
        first.disconnect()
        publisher = self.connect()
        publisher.publish(self.topic(), b"waits", qos=1)
        clean = self.connect(client_id)
        self.assertFalse(clean.connack.session_present)
        publisher.publish(self.topic(), b"for nobody", qos=1)
        self.assert_quiet(clean)
        clean.disconnect()
        again = self.resume(client_id)
        self.assertFalse(again.connack.session_present)
        self.assert_quiet(again)

    @mqtt5("MQTT-4.1.0-1", "MQTT-4.5.0-1", "MQTT-3.1.2-23")
    @mqtt311("MQTT-3.1.2-5", "MQTT-4.1.0-1", "MQTT-4.5.0-1")
    def test_messages_wait_for_who_is_away(self):
        client_id = self.new_id()
        away = self.resume(client_id)
        for qos in (1, 2):
            away.subscribe(self.topic(f"q{qos}/#"), qos)
        away.disconnect()
        here = self.subscriber(self.topic("#"), 2)
        publisher = self.connect()
        for i in range(5):
            publisher.publish(self.topic(f"q{1 + i % 2}/a"), b"%d" % i, qos=2)
        back = self.resume(client_id)
        self.assertEqual([(each.payload, each.qos) for each in back.take_messages(5)],
                         [(b"%d" % i, 1 + i % 2) for i in range(5)])
        self.assertEqual(len(here.take_messages(5)), 5)

    @mqtt5("MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-4.3.2-3", "MQTT-4.3.3-3")
    @mqtt311("MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-2.3.1-3", "MQTT-4.3.2-1", "MQTT-4.3.3-1",
             "MQTT-4.6.0-1")
    def test_what_was_not_acknowledged_comes_again_with_its_id_in_order(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 2)
        publisher = self.connect()
        for i in range(6):
            publisher.publish(self.topic(), b"%d" % i, qos=1 + i % 2)
        sent = [first.expect("PUBLISH") for _ in range(6)]
        self.assertEqual([each.dup for each in sent], [False] * 6)
        self.assert_quiet(first)  # not again on the same connection
        first.close()
        again = self.resume(client_id)
        resent = [again.expect("PUBLISH") for _ in range(6)]
        self.assertEqual([(each.packet_id, each.payload, each.qos) for each in resent],
                         [(each.packet_id, each.payload, each.qos) for each in sent])
        self.assertEqual([each.dup for each in resent], [True] * 6)

    @mqtt5("MQTT-4.4.0-1", "MQTT-4.3.3-4", "MQTT-4.3.3-5", "MQTT-4.3.3-6")
    @mqtt311("MQTT-4.4.0-1", "MQTT-4.3.3-1")
    def test_pubrel_comes_again_and_not_its_message(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 2)
        self.connect().publish(self.topic(), b"x", qos=2)
        packet_id = first.expect("PUBLISH").packet_id
        first.acknowledge("PUBREC", packet_id)
        self.assertEqual(first.expect("PUBREL").packet_id, packet_id)
        first.close()
        again = self.resume(client_id)
        self.assertEqual(again.expect("PUBREL").packet_id, packet_id)
        self.assert_quiet(again)
        again.acknowledge("PUBCOMP", packet_id)
        again.ping()
        again.close()
        self.assert_quiet(self.resume(client_id))

    @mqtt5("MQTT-4.4.0-1")
    @mqtt311("MQTT-4.4.0-1")
    def test_what_was_acknowledged_does_not_come_again(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 2)
        publisher = self.connect()
        publisher.publish(self.topic(), b"1", qos=1)
        publisher.publish(self.topic(), b"2", qos=2)
        first.take_messages(2)
        first.ping()
        first.close()
        self.assert_quiet(self.resume(client_id))

    @mqtt5("MQTT-4.3.3-10", "MQTT-4.4.0-1", "MQTT-4.1.0-1")
    @mqtt311("MQTT-4.3.3-2", "MQTT-4.4.0-1", "MQTT-4.1.0-1")
    def test_the_ids_of_a_publisher_are_part_of_its_session(self):
        """A message at QoS 2 that is sent again on the next connection is known."""
        client_id = self.new_id()
        subscriber = self.subscriber(self.topic(), 2)
        message = Publish(self.topic(), b"once", 2, 77)
        first = self.resume(client_id)
        first.send(message.encode(self.VERSION))
        first.expect("PUBREC")
        first.close()
        again = self.resume(client_id)
        message.dup = True
        again.send(message.encode(self.VERSION))
        self.assertEqual(again.expect("PUBREC").packet_id, 77)
        again.acknowledge("PUBREL", 77)
        self.assertEqual(again.expect("PUBCOMP").raw, b"\x70\x02\x00\x4d")
        self.assertEqual(subscriber.take_message().payload, b"once")
        self.assert_quiet(subscriber)

    @mqtt5("MQTT-4.3.3-11")
    @mqtt311("MQTT-4.3.3-2")
    def test_pubrel_finishes_on_the_next_connection(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.send(Publish(self.topic(), b"x", 2, 5).encode(self.VERSION))
        first.expect("PUBREC")
        first.close()
        again = self.resume(client_id)
        again.acknowledge("PUBREL", 5)
        self.assertEqual(again.expect("PUBCOMP").raw, b"\x70\x02\x00\x05")

    @mqtt5("MQTT-4.1.0-2")
    @mqtt311("MQTT-3.1.2-7")
    def test_retained_messages_outlive_the_session_of_who_sent_them(self):
        client_id = self.new_id()
        publisher = self.resume(client_id)
        publisher.publish(self.topic(), b"kept", qos=1, retain=True)
        self.addCleanup(self.forget_retained, self.topic())
        publisher.disconnect()
        self.connect(client_id).disconnect()  # which ends the session
        self.assertEqual(self.subscriber(self.topic()).expect("PUBLISH").payload, b"kept")

    @mqtt5("MQTT-4.1.0-1")
    @mqtt311("MQTT-4.1.0-2", "MQTT-3.1.2-6")
    def test_a_session_lasts_as_long_as_its_connection(self):
        client = self.connect()
        client.subscribe(self.topic(), 1)
        publisher = self.connect()
        for i in range(3):
            publisher.publish(self.topic(), b"%d" % i, qos=1)
            self.assertEqual(client.take_message().payload, b"%d" % i)


class Sessions311(Sessions, Case):
    VERSION = V311

    @mqtt311("MQTT-3.1.2-6")
    def test_a_clean_session_ends_with_its_connection(self):
        client_id = self.new_id()
        client = self.connect(client_id)
        client.subscribe(self.topic(), 1)
        client.disconnect()
        self.assertFalse(self.connect(client_id, clean_start=False).connack.session_present)

    @mqtt311("MQTT-3.1.2-6", "MQTT-3.2.2-3")
    def test_no_state_of_a_clean_session_is_used_again(self):
        client_id = self.new_id()
        clean = self.connect(client_id)
        clean.subscribe(self.topic(), 1)
        again = self.connect(client_id, clean_start=False)  # takes over
        self.assertFalse(again.connack.session_present)
        self.connect().publish(self.topic(), b"x", qos=1)
        self.assert_quiet(again)


class Sessions5(Sessions, Case):
    @mqtt5("MQTT-4.1.0-2", "MQTT-3.1.2-23")
    def test_without_an_expiry_the_session_ends_with_its_connection(self):
        for properties in ({}, {"session_expiry_interval": 0}):
            with self.subTest(properties):
                client_id = self.new_id()
                client = self.connect(client_id, clean_start=False, properties=properties)
                client.subscribe(self.topic(), 1)
                client.disconnect()
                again = self.connect(client_id, clean_start=False)
                self.assertFalse(again.connack.session_present)

    @mqtt5("MQTT-4.1.0-2", "MQTT-3.1.2-23")
    def test_disconnect_may_change_the_expiry(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        client.send(mqtt.disconnect(V5, 0, {"session_expiry_interval": 0}))
        self.assertEqual(client.expect_closed(), [])
        self.assertFalse(self.resume(client_id).connack.session_present)
        self.assertTrue(self.resume(client_id).connack.session_present)

    @mqtt5("MQTT-4.13.1-1", "MQTT-3.1.2-23")
    def test_disconnect_may_not_begin_an_expiry(self):
        client = self.connect()
        client.send(mqtt.disconnect(V5, 0, {"session_expiry_interval": 1}))
        self.assert_closed(client, PROTOCOL_ERROR)

    @mqtt5("MQTT-3.1.2-4")
    def test_a_clean_start_may_begin_a_session_that_lasts(self):
        client_id = self.new_id()
        self.connect(client_id, properties={"session_expiry_interval": SESSION_SPAN_S}).close()
        self.assertTrue(self.resume(client_id).connack.session_present)

    @mqtt5("MQTT-4.4.0-2", "MQTT-4.3.3-4")
    def test_a_refused_message_does_not_come_again(self):
        client_id = self.new_id()
        first = self.resume(client_id)
        first.subscribe(self.topic(), 2)
        publisher = self.connect()
        publisher.publish(self.topic(), b"1", qos=1)
        publisher.publish(self.topic(), b"2", qos=2)
        first.acknowledge("PUBACK", first.expect("PUBLISH").packet_id, 0x83)
        first.acknowledge("PUBREC", first.expect("PUBLISH").packet_id, 0x97)
        first.ping()  # and no PUBREL before it
        first.close()
        self.assert_quiet(self.resume(client_id))

    @mqtt5("MQTT-3.1.2-23", "MQTT-3.14.2-1")
    def test_a_session_outlives_each_kind_of_end(self):
        client_id = self.new_id()
        client = self.resume(client_id)
        for end in (client.close, lambda: client.disconnect(DISCONNECT_WITH_WILL)):
            end()
            client = self.resume(client_id)
            self.assertTrue(client.connack.session_present)


if __name__ == "__main__":
    unittest.main()
