"""EasyTier (PyPI easytier-pyo3), a mesh VPN with hole punching of its own, as nodes in processes of their own.

`pip install easytier-pyo3==0.1.3`; run as a program it is one node with the configuration that its argument is, in JSON.
"""

import json
import pathlib
import sys
import time

from programs import Running

PORT = 11010
NETWORK = "10.144.144."


class EasyTier(Running):
    """A node that has started; it is reached by `address` inside the tunnel."""

    def __init__(self, space, number, stun, relay=None):
        self.address = f"{NETWORK}{number}"
        configuration = {
            "instance_name": space.name,
            "network_identity": {"network_name": "lab", "network_secret": "lab"},
            "ipv4": f"{self.address}/24",
            "listeners": [f"udp://0.0.0.0:{PORT}", f"tcp://0.0.0.0:{PORT}"],
            "peer": [{"uri": f"tcp://{relay}:{PORT}"}] if relay else [],
            "stun_servers": stun,
            # The name must be unique in the namespace only.
            "flags": {"dev_name": "et0", "enable_ipv6": True},
        }
        super().__init__(sys.executable, pathlib.Path(__file__), json.dumps(configuration), space=space)
        self.wait_for_line("started")


def main():
    from easytier_pyo3 import Node

    node = Node(json.loads(sys.argv[1]))
    node.start()
    print("started", flush=True)
    while True:
        for event in node.events():
            print(json.dumps(event, default=str), flush=True)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
