"""Paho Python as a puppet; puppet.py has the language. One reader; callbacks on Paho's threads."""

import json
import sys
import threading

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {"3.1": paho.MQTTv31, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}

output_lock = threading.Lock()


def say(client: int, **what) -> None:
    with output_lock:
        print(json.dumps({"client": client} | what), flush=True)


class Client:
    def __init__(self, command: dict):
        self._number = command["client"]
        self._is_five = command["version"] == "5"
        options = {} if self._is_five else {"clean_session": command["clean"]}
        is_web_socket = command["transport"] in ("ws", "wss")
        self._paho = paho.Client(
            command["id"],
            protocol=VERSIONS[command["version"]],
            transport="websockets" if is_web_socket else "tcp",
            **options,
        )
        if is_web_socket:
            self._paho.ws_set_options(path="/mqtt")
        if command["transport"] in ("tls", "wss"):
            self._paho.tls_set(command["ca"])
        if command["password"] is not None:
            self._paho.username_pw_set(command["id"], command["password"])
        if will := command["will"]:
            payload = bytes.fromhex(will["payload"])
            self._paho.will_set(will["topic"], payload, will["qos"], will["retain"])
        self._paho.on_connect = self._on_connect
        self._paho.on_subscribe = self._on_subscribe
        self._paho.on_message = self._on_message
        self._paho.connect(command["host"], command["port"], **self._session_of(command))
        self._paho.loop_start()

    def _session_of(self, command: dict) -> dict:
        if not self._is_five:
            return {}
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = command["expiry_s"]
        return {"clean_start": command["clean"], "properties": properties}

    def _on_connect(self, _client, _userdata, flags, reason, _properties=None):
        reason = reason.value if self._is_five else reason
        if reason:
            say(self._number, refused=reason)
            self._paho.disconnect()  # or it would try for ever
        else:
            say(self._number, connected=True, session_present=bool(flags["session present"]))

    def _on_subscribe(self, _client, _userdata, _mid, granted, _properties=None):
        say(self._number, subscribed=granted[0].value if self._is_five else granted[0])

    def _on_message(self, _client, _userdata, got):
        say(
            self._number,
            message={
                "topic": got.topic,
                "payload": got.payload.hex(),
                "qos": got.qos,
                "retain": got.retain,
            },
        )

    def subscribe(self, command: dict) -> None:
        self._paho.subscribe(command["filter"], command["qos"])

    def publish(self, command: dict) -> None:
        payload = bytes.fromhex(command["payload"])
        sent = self._paho.publish(command["topic"], payload, command["qos"], command["retain"])
        sent.wait_for_publish()
        say(self._number, published=True)

    def disconnect(self, _command: dict) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()
        say(self._number, disconnected=True)


def main() -> None:
    clients: dict[int, Client] = {}
    for line in sys.stdin:
        command = json.loads(line)
        number = command["client"]
        try:
            if command["do"] == "connect":
                clients[number] = Client(command)
            else:
                getattr(clients[number], command["do"])(command)
        except Exception as error:  # whatever it is, it is for the test to judge
            say(number, error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
