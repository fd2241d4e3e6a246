"""Clients with wills, one set for each life of the node, and what becomes of them.

Of each kind one lives in each life: one dies with the node and never comes back, so that its will
must be published; one leaves with DISCONNECT; one dies with the node and is back in the next life,
long before the delay of its will is over. A life may end before they have done all of that: the
journal says how far each has come.
"""

import mqtt_packets as mqtt
from durable_clients import Client, Lives
from journal import Recorder, payload_of
from mqtt_packets import Will
from mqtt_raw import ConnectionClosed, RawClient

LONG_DELAY_S = 3000


class Mortal(Client):
    """Lives in one life of the node. Its will goes to a topic of its own, at QoS 2."""

    def __init__(self, name: str, version: int, lives: Lives, recorder: Recorder, *, life: int):
        super().__init__(name, version, lives, recorder)
        self.life = life
        self.has_will = True
        self.delay_s = 0
        self.topic = f"will/{name}"

    def attends(self, life: int) -> bool:
        return life == self.life or (life > self.life and not self.has_will)

    def connect_fields(self) -> dict:
        if not self.has_will:
            return {}
        self.recorder.write(self.name, "will", self.name, self.topic, self.delay_s)
        properties = {"will_delay_interval": self.delay_s}
        return {"will": Will(self.topic, payload_of(self.name), 2, properties=properties)}

    def serve(self, connection: RawClient, session_present: bool) -> bool:
        connection.subscribe(f"nothing/{self.name}")  # CONNACK waits for no disk, but SUBACK does
        self.is_known = True
        self.has_will = False  # whatever comes, only its first connection has one
        self.recorder.write(self.name, "bound", self.name)
        return self.go_on(connection)

    def go_on(self, connection: RawClient) -> bool:
        raise NotImplementedError

    def stay(self, connection: RawClient) -> None:
        """Until the node dies."""
        try:
            while True:
                connection.receive()
        except (ConnectionClosed, ConnectionError):
            pass


class Lost(Mortal):
    """Dies with the node, or breaks off before; its will is due either way."""

    def go_on(self, connection: RawClient) -> bool:
        if self.life % 2 == 0:
            self.stay(connection)
        connection.close()
        self.recorder.will_is_due(self.name, self.topic)
        return True


class Polite(Mortal):
    """Says that it goes, and waits until the node has heard it."""

    def go_on(self, connection: RawClient) -> bool:
        connection.send(mqtt.disconnect(self.version))
        connection.expect_closed()
        self.recorder.write(self.name, "left", self.name)
        return True


class Returning(Mortal):
    """Dies with the node and is back in the next life, before its will."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.delay_s = LONG_DELAY_S

    def serve(self, connection: RawClient, session_present: bool) -> bool:
        if self.has_will:
            return super().serve(connection, session_present)
        self.recorder.write(self.name, "back", self.name)
        connection.disconnect()
        return True

    def go_on(self, connection: RawClient) -> bool:
        self.stay(connection)
        return False


KINDS = {"lost": Lost, "polite": Polite, "returning": Returning}
