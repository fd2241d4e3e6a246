"""mqtt.js of npm, at the version that mqtt_js/package-lock.json names."""

import unittest
from pathlib import Path

import client_scenarios

FOLDER = Path(__file__).with_name("mqtt_js")


class MqttJs(client_scenarios.Scenarios):
    COMMAND = ["node", FOLDER / "client.js"]

    @classmethod
    def setUpClass(cls):
        if not (FOLDER / "node_modules/mqtt").is_dir():
            raise AssertionError(f"mqtt.js is not there; npm --prefix {FOLDER} ci installs it")
        super().setUpClass()


if __name__ == "__main__":
    unittest.main()
