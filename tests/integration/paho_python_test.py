"""Paho Python, as Debian has it."""

import unittest
from pathlib import Path

import client_scenarios


class PahoPython(client_scenarios.Scenarios):
    COMMAND = ["/usr/bin/python3", Path(__file__).with_name("paho_python_client.py")]


if __name__ == "__main__":
    unittest.main()
